"""`ray up cluster.yaml`, the real file, on two machines reached by SSH: what docs/cluster.md promises of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from contracts.ssh_hosts import LOGIN, Host, cannot_make_hosts, lend_packages, ssh_hosts
from contracts.walkthrough import Shells, commands, machines_that_train, shells

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(900)]
PAGE = Path(__file__).parents[2] / "docs/cluster.md"
STEPS = commands(PAGE, "Ray's launcher")
TLS = commands(PAGE, "TLS")
(STATUS,) = (step for step in STEPS if "ray status" in step.command)
(DOWN,) = (step for step in STEPS if step.command.startswith("ray down"))
PATIENCE = 180.0  # seconds for what happens by itself, on a busy machine


@dataclass(frozen=True)
class Launched:
    """The two machines with a cluster on them, and the shell of a third from which it was made."""

    head: Host
    other: Host
    shells: Shells

    def wait_until(self, what: str, holds: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, f"{what}: {self.head.processes()}, {self.other.processes()}"
            time.sleep(0.5)

    def wait_for_nothing(self) -> None:
        """Until neither machine has a process or a listener of the cluster."""
        for host in (self.head, self.other):
            self.wait_until(f"left on {host.name}", lambda host=host: not host.processes() + host.listeners())
            assert host.run("ls /dev/shm").stdout.split() == []

    def status(self) -> str:
        return self.head.run(". tuneyard/env; ray status", check=False).stdout


@pytest.fixture(scope="module")
def launched() -> Iterator[Launched]:
    if why := cannot_make_hosts():
        pytest.skip(why)
    with ssh_hosts({"head": "192.0.2.10", "other": "192.0.2.11", "here": "192.0.2.12"}) as hosts:
        for host in hosts.values():
            lend_packages(host, project=host.name == "here")
        with shells({"": hosts["here"]}) as opened:
            up = Launched(hosts["head"], hosts["other"], opened)
            opened.follow(STEPS[: STEPS.index(STATUS)])
            up.wait_until("no second node", lambda: "2 local.cluster.node" in up.status())
            yield up


def test_secrets_are_for_the_login_only(launched: Launched) -> None:
    for host in (launched.head, launched.other):
        assert host.run("stat --format='%a %U' ~/.ray/auth_token").stdout.split() == ["600", LOGIN]
    assert launched.head.run("stat --format=%a ~/ray_bootstrap_key.pem").stdout.split() == ["600"]
    tokens = {host.run("cat ~/.ray/auth_token").stdout for host in (launched.head, launched.other)}
    assert len(tokens) == 1
    assert len(tokens.pop()) == 64


def test_trials_run_on_both_machines(launched: Launched) -> None:
    assert machines_that_train(launched.head, 2) == {"head", "other"}


def test_the_sweep_of_the_page_runs(launched: Launched) -> None:
    said = launched.shells.follow(STEPS[STEPS.index(STATUS) : STEPS.index(DOWN)])
    assert "Finished: all 12 trials asked for" in said[-1]
    assert (launched.head.shared / "runs/generator/journal.jsonl").exists()


@pytest.mark.parametrize(
    "token", ["RAY_AUTH_MODE=disabled", f"RAY_AUTH_TOKEN={'0' * 64}"], ids=["none", "wrong"]
)
def test_without_the_token_nobody_gets_in(launched: Launched, token: str) -> None:
    command = f"{token} tuneyard run model.yaml --address {launched.head.address}:6379"
    launched.other.run("printf 'trainable: mlp\nrun_cap: 1\n' > model.yaml")
    done = launched.other.run(f". tuneyard/env; {command}", check=False)
    assert done.returncode == 1, done.stdout
    assert "it wants a token" in done.stdout


def test_what_is_served_by_http_is_for_the_head_only(launched: Launched) -> None:
    dashboard = [local for local in launched.head.listeners() if local.endswith(":8265")]
    assert dashboard == ["127.0.0.1:8265"]


def test_the_head_reports_to_nobody(launched: Launched) -> None:
    """Ray's dashboard would tell its makers that usage statistics are off."""
    seen = launched.head.run(
        "tr '\\0' '\\n' < /proc/$(pgrep -u $USER -of dashboard/[d]ashboard.py)/environ"
    ).stdout
    assert {"RAY_USAGE_STATS_ENABLED=0", "RAY_USAGE_STATS_REPORT_URL=http://127.0.0.1:9"} <= set(
        seen.split("\n")
    )


def test_ray_down_leaves_nothing(launched: Launched) -> None:
    """After those above: it ends the cluster."""
    launched.shells.follow(STEPS[STEPS.index(DOWN) :])
    launched.wait_for_nothing()


def test_with_tls_nobody_gets_in_without_a_certificate(launched: Launched) -> None:
    """The variant of the page, on the machines that the test above has left bare."""
    up, run, down = len(TLS) - 3, len(TLS) - 2, len(TLS) - 1
    launched.shells.follow(TLS[: up + 1])
    launched.wait_until("no second node", lambda: "2 local.cluster.node" in launched.status())
    for name in ("ca.crt", "node.crt", "node.key"):
        for host in (launched.head, launched.other):
            assert host.run(f"stat --format=%a ~/.ray/tls/{name}").stdout.split() == ["600"]
    assert "ca.key" not in launched.head.run("ls ~/.ray/tls").stdout
    assert machines_that_train(launched.head, 2, "spread-tls") == {"head", "other"}
    assert "Finished: all 12 trials asked for" in launched.shells.follow([TLS[run]])[0]
    dial = f"cd .ray/tls; sleep 5 | openssl s_client -connect {launched.head.address}:6379 -alpn h2 -CAfile ca.crt"
    assert launched.other.run(dial, check=False).returncode != 0
    known = launched.other.run(f"{dial} -cert node.crt -key node.key").stdout
    assert "Verify return code: 0 (ok)" in known, known
    launched.shells.follow([TLS[down]])
    launched.wait_for_nothing()
