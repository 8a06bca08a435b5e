"""docs/cluster.md, walked through on two machines with nothing on them: every command of it is typed, in its order.

The part about Ray's launcher is walked through by test_launcher.py.
"""

from __future__ import annotations

import re
import secrets
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.command_line import PATIENCE
from contracts.ssh_hosts import LOGIN, Host, cannot_make_hosts, lend_packages, ssh_hosts
from contracts.walkthrough import Shells, Typed, commands, shells
from search.history import History
from search.journal import read_journal
from search.paths import RunPaths

PAGE = Path(__file__).parents[2] / "docs/cluster.md"
BY_HAND = ["What both need", "The token", "Start, and a sweep", "The driver on your own machine", "Stop"]
LAUNCHED = ["Ray's launcher", "TLS"]

# What cannot be typed here, and why. Everything else is.
NOT_TYPED = {
    "apt-get install": "takes packages from Debian's servers and changes the machine that runs the tests",
    "/etc/exports": "NFS is served and mounted by the kernel, which the hosts have in common; /srv is shared anyway",
}


def typed(section: str) -> list[Typed]:
    return [step for step in commands(PAGE, section) if not any(part in step.command for part in NOT_TYPED)]


def test_every_command_of_the_page_belongs_to_a_part_that_is_walked_through() -> None:
    assert {step.section for step in commands(PAGE)} == {*BY_HAND, *LAUNCHED}
    assert {step.host for step in commands(PAGE)} <= {"", "head", "other"}
    kept_out = [step.command for step in commands(PAGE) if any(part in step.command for part in NOT_TYPED)]
    assert len(kept_out) == 5, "more commands than the table excuses"


@pytest.fixture(scope="module")
def hosts() -> Iterator[dict[str, Host]]:
    if why := cannot_make_hosts():
        pytest.skip(why)
    with ssh_hosts({"head": "192.0.2.10", "other": "192.0.2.11", "here": "192.0.2.12"}) as made:
        for host in made.values():
            lend_packages(host, project=host.name == "here")
        yield made


@pytest.fixture(scope="module")
def walk(hosts: dict[str, Host]) -> Iterator[Shells]:
    with shells({"": hosts["here"], "head": hosts["head"], "other": hosts["other"]}) as opened:
        yield opened


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.timeout(900)
class TestByHand:
    """The parts in the order of the page; each begins where the one before has ended."""

    def test_what_both_need(self, walk: Shells) -> None:
        walk.follow(typed("What both need"))

    def test_the_token_is_for_the_login_only(self, walk: Shells, hosts: dict[str, Host]) -> None:
        walk.follow(typed("The token"))
        for name in ("head", "other"):
            assert hosts[name].run("stat --format='%a %U' ~/.ray/auth_token").stdout.split() == ["600", LOGIN]

    def test_start_and_a_sweep(self, walk: Shells, hosts: dict[str, Host]) -> None:
        said = walk.follow(typed("Start, and a sweep"))
        deadline = time.monotonic() + PATIENCE
        while len(re.findall(r"^ 1 node_", walk.type("head", "ray status")[1], re.MULTILINE)) != 2:
            assert time.monotonic() < deadline, said[-2]
        assert "Finished: all 12 trials asked for" in said[-1]

    def test_from_outside_the_cluster_it_says_how_to_join(self, walk: Shells) -> None:
        walk.type("", ". ~/tuneyard/.venv/bin/activate")
        walk.type("head", "rsync -p --mkpath ~/.ray/auth_token 192.0.2.12:.ray/auth_token")
        run = "RAY_AUTH_MODE=token RAY_gcs_server_request_timeout_seconds=5 tuneyard run examples/generator.yaml"
        code, said = walk.type("", f"{run} --name client --address ray://192.0.2.10:10001")
        assert (code, "ray start --address=HOST:6379 --num-cpus=0" in said) == (1, True), said
        code, said = walk.type("", f"{run} --name outside --address 192.0.2.10:6379")
        assert (code, "ray start --address=192.0.2.10:6379 --num-cpus=0" in said) == (1, True), said

    def test_the_driver_here_and_the_trials_there(self, walk: Shells, hosts: dict[str, Host]) -> None:
        said = walk.follow(typed("The driver on your own machine"))
        assert any("Finished: all 12 trials asked for" in each for each in said)
        journal = read_journal(RunPaths(hosts["here"].shared / "runs/from-here").journal)
        trained = {
            attempt.node.split("/")[0]
            for trial in History.from_records(journal).trials
            for attempt in trial.attempts
        }
        assert trained
        assert trained <= {"head", "other"}

    def test_another_version_of_ray_is_named(self, hosts: dict[str, Host]) -> None:
        driver = "import sys, ray; ray.__version__ = '2.59.0'; from tuneyard.__main__ import main; "
        arguments = ["run", "examples/generator.yaml", "--name", "older", "--address", "auto"]
        command = f'python -c "{driver} sys.exit(main({arguments}))"'
        done = hosts["head"].run(
            f"cd tuneyard; . .venv/bin/activate; RAY_AUTH_MODE=token {command}", check=False
        )
        assert done.returncode == 1, done.stdout
        assert re.search(r"Version mismatch: .*Ray: 2\.60\.\d+ .*Ray: 2\.59\.0", done.stdout), done.stdout

    def test_stop_leaves_nothing(self, walk: Shells, hosts: dict[str, Host]) -> None:
        walk.follow(typed("Stop"))
        deadline = time.monotonic() + PATIENCE
        for host in hosts.values():
            while left := [each for each in host.processes() if each != "bash --login"] + host.listeners():
                assert time.monotonic() < deadline, left
                time.sleep(0.5)
        assert [step for section in BY_HAND for step in typed(section)] == walk.typed


def test_hosts_leave_nothing() -> None:
    if why := cannot_make_hosts():
        pytest.skip(why)
    sleeper = f"sleep {secrets.randbelow(10**8) + 10**6}"
    with ssh_hosts({"alone": "192.0.2.10"}) as made:
        shared = made["alone"].shared
        made["alone"].run(f"({sleeper} &) < /dev/null > /dev/null 2>&1")
        deadline = time.monotonic() + PATIENCE
        while made["alone"].processes() != [sleeper]:  # a shell that is about to become it, for an instant
            assert time.monotonic() < deadline, made["alone"].processes()
            time.sleep(0.1)
        assert sleeper in _processes_of_this_machine()
    assert sleeper not in _processes_of_this_machine()
    assert not shared.exists()


def _processes_of_this_machine() -> list[str]:
    listed = subprocess.run(["ps", "-eo", "args="], stdout=subprocess.PIPE, text=True, check=True)
    return [line.strip() for line in listed.stdout.splitlines()]
