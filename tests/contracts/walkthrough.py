"""A page of the documentation, walked through: the commands of its console blocks, typed on the hosts it names."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import select
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from contracts.ssh_hosts import SHARED, Host
from search.history import History
from search.journal import read_journal
from search.paths import RunPaths

__all__ = ["Shells", "Typed", "commands", "machines_that_train", "shells"]

PATIENCE = 300.0  # seconds for one command, on a busy machine
PROMPT = re.compile(r"^(?P<host>[a-z]*)\$ +(?P<command>.*)$")


@dataclass(frozen=True)
class Typed:
    """One command of a page. `host`: what stands before the $; empty for the reader's own machine."""

    section: str
    host: str
    command: str


def commands(page: Path, section: str | None = None) -> list[Typed]:
    """The commands of all console blocks, or of those below one heading, in order. A line that ends in a backslash
    goes on in the next; lines without a prompt are what a command answers."""
    found: list[Typed] = []
    heading, inside = "", False
    lines = iter(page.read_text(encoding="utf-8").splitlines())
    for line in lines:
        if line.startswith("```"):
            inside = line == "```console"
        elif line.startswith("#") and not inside:
            heading = line.lstrip("# ")
        elif inside and (match := PROMPT.match(line)):
            command = match["command"]
            while command.endswith("\\"):
                command += "\n" + next(lines)
            found.append(Typed(heading, match["host"], command))
    return [each for each in found if section in (None, each.section)]


@dataclass
class Shells:
    """One login shell on each host, open all the time: what a command changes of it holds for those after it."""

    open: Mapping[str, subprocess.Popen[str]]
    typed: list[Typed] = field(default_factory=list)

    def type(self, host: str, command: str, patience: float = PATIENCE) -> tuple[int, str]:
        """Exit code and output (stdout and stderr together) of a command."""
        shell, seal = self.open[host], secrets.token_hex(8)
        assert shell.stdin is not None
        shell.stdin.write(f"{{ {command}\n}} < /dev/null\ncode=$?; echo; echo {seal} $code\n")
        shell.stdin.flush()
        heard, deadline = "", time.monotonic() + patience
        while not (ended := re.search(rf"^{seal} (\d+)\n", heard, re.MULTILINE)):
            heard += _hear(shell, deadline - time.monotonic(), f"{host}$ {command}\n{heard}")
        return int(ended[1]), heard[: ended.start()].strip("\n")

    def follow(self, steps: list[Typed]) -> list[str]:
        """Type commands of a page, each of which has to succeed; what each of them said."""
        said = []
        for step in steps:
            code, output = self.type(step.host, step.command)
            assert code == 0, f"{step.host}$ {step.command}\n{output}"
            self.typed.append(step)
            said.append(output)
        return said


@contextlib.contextmanager
def shells(hosts: Mapping[str, Host]) -> Iterator[Shells]:
    """Shells on these hosts, by the names that the page gives them."""
    with contextlib.ExitStack() as stack:
        opened = {}
        for name, host in hosts.items():
            process = subprocess.Popen(
                [*host.enter(), "bash", "--login"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            stack.callback(_end, process)
            opened[name] = process
        made = Shells(opened)
        for name in opened:
            made.type(name, "cd")
        yield made


def machines_that_train(driver: Host, wanted: int, name: str = "spread") -> set[str]:
    """Run a sweep that has no end from `driver`, until so many machines have reported a step of it, and stop it.

    Its trials have no end either: Ray Tune gives short ones to the machine whose worker is there first.
    """
    lines = (
        "trainable: chaos",
        "method: random",
        "parameters: {x: {min: 0.0, max: 1.0}, delay: 0.2}",
        "run_cap: 1000",
        "max_steps: 100000",
    )
    driver.run(f"printf '%s\\n' {shlex.join(lines)} > spread.yaml")
    command = f". tuneyard/env; tuneyard run spread.yaml --name {name} --address auto --storage {SHARED}/runs"
    process = subprocess.Popen(
        [*driver.enter(), "bash", "--login", "-c", f"cd; {command}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    )
    paths = RunPaths(driver.shared / "runs" / name)
    found: set[str] = set()
    try:
        deadline = time.monotonic() + PATIENCE
        while len(found) < wanted:
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline, f"only on {found}"
            time.sleep(0.2)
            if paths.journal.exists() and b'"type":"result"' in paths.journal.read_bytes():
                trials = History.from_records(read_journal(paths.journal)).trials
                found = {trial.attempts[-1].node.split("/")[0] for trial in trials if trial.steps}
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=PATIENCE)
    return found


def _hear(shell: subprocess.Popen[str], patience: float, so_far: str) -> str:
    assert shell.stdout is not None
    ready, _, _ = select.select([shell.stdout], [], [], max(0.0, patience))
    assert ready, f"hangs: {so_far}"
    heard = shell.stdout.buffer.raw.read(65536).decode(errors="replace")  # type: ignore[attr-defined]
    assert heard, f"the shell has ended: {so_far}"
    return heard


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()
