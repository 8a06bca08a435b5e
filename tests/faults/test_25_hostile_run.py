"""Row 25, a hostile run directory, hostile names and values: nothing executed, nothing outside the root, nothing unescaped."""

from __future__ import annotations

import csv
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from contracts.hostile import trapped_run
from contracts.measured import Measured
from contracts.reported import hostile_run
from contracts.watched import command_line, watched
from search.errors import SettingsError, TrustError
from search.paths import RunPaths, check_name
from search.trust import require_own
from tuneyard.__main__ import main

SEED = 25
NAMES = [
    "../x",
    "/etc/passwd",
    ".ssh",
    "a/b",
    "a\x00b",
    "-rf",
    "\x1b]0;title\x07",
    "x" * 65,
    "",
    "last",
    "con\n",
]
STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def test_a_directory_of_traps(tmp_path: Path, measured: Measured) -> None:
    """Read by every kind of command, and refused by those that would execute what it names."""
    trap = trapped_run(tmp_path)
    root, out = str(trap.paths.root), tmp_path / "out"
    outside = {path for path in tmp_path.rglob("*") if not path.is_relative_to(trap.paths.root)}
    reading = [
        ["show", root],
        ["doctor", root],
        ["next", root],
        ["report", root],
        ["logs", f"{root}/t00002", "--stderr"],
        ["export", root, "--to", "deepcave", "-o", str(out)],
    ]
    executing = [["resume", root], ["confirm", root], ["resume", root, "--fork", "copy"]]
    done = command_line([*reading, *executing], cwd=trap.paths.root, folder=tmp_path / "watch")
    codes = [int(code) for code in re.findall(r"exit code (\d+)", done.stdout)]
    assert codes == [0] * len(reading) + [2] * len(executing), done.stdout + done.stderr
    assert done.stderr.count("--trust") == len(executing)
    assert trap.sprung == []
    assert not [
        event for event in watched(tmp_path / "watch") if event.kind.startswith(("pickle", "socket", "os."))
    ]
    ours = (out, tmp_path / "watch")
    new = {path for path in tmp_path.rglob("*") if not path.is_relative_to(trap.paths.root)} - outside
    assert all(any(path.is_relative_to(each) for each in ours) for path in new), new
    fault = "a directory full of traps is read and resumed"
    measured(25, fault, tries=len(trap.names), lost_steps=0, lost_trials=0, seed=SEED)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.scripts, self.loads, self.handlers, self.policy = 0, [], [], ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.scripts += tag == "script"
        self.handlers += [name for name in given if name.startswith("on")]
        self.loads += [given[name] for name in ("src", "srcset", "data", "action") if given.get(name)]
        if given.get("href"):
            self.loads.append(given["href"])
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"] or ""


def test_names_and_values_are_text_wherever_they_are_shown(
    tmp_path: Path, measured: Measured, capfd: pytest.CaptureFixture[str]
) -> None:
    run = hostile_run(tmp_path / "runs")
    assert run.paths is not None
    root = str(run.paths.root)
    commands = [
        ["ls", "--storage", str(tmp_path / "runs")],
        ["show", root],
        ["show", f"{root}/t00003"],
        ["doctor", root, "--all"],
        ["next", root],
        ["report", root],
        ["compare", root, root, "-o", "comparison"],
        ["logs", f"{root}/t00003", "--stderr"],
    ]
    for command in commands:
        assert main(command) in (0, 2), command
        said = capfd.readouterr()
        steering = STEERING.findall(
            re.sub(r"\x1b\[[0-9;]*m", "", said.out + said.err)
            if command[0] == "doctor"
            else said.out + said.err
        )
        assert not steering, (command, steering)
    for page in (run.paths.report / "index.html", Path("comparison/index.html")):
        text = page.read_text(encoding="utf-8")
        read = _Page()
        read.feed(text)
        assert read.scripts <= 3
        assert not read.handlers
        assert read.loads
        for address in read.loads:  # within the page, files beside it, and pictures that it holds itself
            assert re.match(r"#|data:image/|[\w./%-]+$", str(address)), address
            assert not str(address).startswith("//")
        assert read.policy.startswith("default-src 'none'; script-src 'sha256-")
        assert "connect-src" not in read.policy, "nothing is asked for"
        assert text.index("Content-Security-Policy") < text.index("<script")
    with (run.paths.report / "trials.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.reader(file):
            for cell in row:
                if cell.startswith(("=", "+", "-", "@", "\t", "\r")):
                    float(cell)
    measured(
        25,
        "names, values and messages meant to do harm",
        tries=len(commands),
        lost_steps=0,
        lost_trials=0,
        seed=SEED,
    )


def test_hostile_names_make_no_file(tmp_path: Path, measured: Measured) -> None:
    for name in NAMES:
        with pytest.raises(SettingsError):
            check_name(name)
    assert list(tmp_path.iterdir()) == []
    measured(25, "names that would leave the root", tries=len(NAMES), lost_steps=0, lost_trials=0, seed=SEED)


def test_a_run_within_reach_of_others_is_not_gone_on_with(tmp_path: Path, measured: Measured) -> None:
    run = hostile_run(tmp_path / "runs")
    assert run.paths is not None
    run.paths.root.chmod(0o777)
    with pytest.raises(TrustError, match="everybody can write"):
        require_own(RunPaths(run.paths.root))
    measured(25, "a directory that everybody can write to", tries=1, lost_steps=0, lost_trials=0, seed=SEED)
