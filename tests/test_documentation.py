"""What the documents say holds: commands exist, links lead somewhere, examples and snippets are real."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from tuneyard.cli import COMMANDS, cli

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("benchmarks/*.md")])
COMMAND = re.compile(r"(?:^|[`$ ])(tuneyard|make) ([a-z][a-z-]*)([^`\n|]*)", re.MULTILINE)


def _code(page: Path) -> str:
    """All that is set as code: fenced blocks but those of Python and YAML, and inline code."""
    text = page.read_text(encoding="utf-8")
    fenced = re.findall(r"^```(?:console|bash|sh)?\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return "\n".join([*fenced, *(f"`{code}`" for code in re.findall(r"`([^`\n]+)`", prose))])


def _id(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_commands_and_options_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    context = click.Context(cli)
    for tool, name, rest in COMMAND.findall(_code(page)):
        if tool == "make":
            assert name in targets, f"make {name}"
            continue
        command = cli.get_command(context, name)
        assert command is not None, f"tuneyard {name}"
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        given = set(re.findall(r"(?<=\s)(--?[a-z][a-z-]*)", rest.partition("#")[0]))
        assert given <= known, f"tuneyard {name}: {given - known}"


def test_the_readme_shows_every_command() -> None:
    shown = {name for tool, name, _ in COMMAND.findall(_code(ROOT / "README.md")) if tool == "tuneyard"}
    assert shown == set(COMMANDS)


def test_the_cli_page_has_every_command_and_option() -> None:
    page = (ROOT / "docs/cli.md").read_text()
    headings = {name for line in re.findall(r"^### (.*)$", page, re.MULTILINE) for name in line.split(", ")}
    assert headings == set(COMMANDS)


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and anchor not in _anchors(file)):
            broken.append(target)
    assert not broken


def _anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_paths_that_are_named_exist(page: Path) -> None:
    """`search/history.py` in backticks is a promise. A path with a placeholder in capitals or brackets is none."""
    folders = (
        "spaces",
        "trainables",
        "search",
        "tuneyard",
        "tests",
        "docs",
        "examples",
        "benchmarks",
        "scripts",
    )
    named = re.findall(rf"`((?:{'|'.join(folders)})/[\w./-]*)`", page.read_text(encoding="utf-8"))
    missing = [path for path in named if not (ROOT / path).exists() and not re.search(r"NAME|/name\b", path)]
    assert not missing


ROWS = [f"A{n}" for n in (1, 2, 3, 4, 5, 6, 9, 11, 12, 13, 14, 15)]


def _coverage() -> dict[str, str]:
    table = (ROOT / "docs/coverage.md").read_text()
    return dict(re.findall(r"^\| (A\d+) \|[^|\n]*\|([^|\n]*)\|$", table, re.MULTILINE))


@pytest.mark.parametrize("row", ROWS)
def test_a_row_of_the_coverage_table_is_shown_by_something_that_exists(row: str) -> None:
    shown = re.findall(r"`([^`]+)`", _coverage()[row])
    assert shown
    for place in shown:
        if place.startswith(("make ", "tuneyard ")):
            continue  # test_commands_and_options_exist looks at it
        path, _, name = place.partition("::")
        assert (ROOT / path).exists(), place
        if name:
            assert re.search(
                rf"^\s*(def|class) {name.split('::')[-1]}\b", (ROOT / path).read_text(), re.MULTILINE
            ), place


def test_the_rules_of_the_house_leave_no_trace_of_a_machine() -> None:
    """No page, example or script names a directory of somebody's machine."""
    files = [
        *PAGES,
        *(ROOT / "examples").rglob("*.*"),
        *(ROOT / "scripts").iterdir(),
        ROOT / "constraints.txt",
    ]
    text = {
        _id(file): file.read_text(errors="replace")
        for file in files
        if file.is_file() and file.suffix != ".pyc"
    }
    assert not [
        name for name, said in text.items() if re.search(r"(?<![\w.])/(root|home|work)/|file://", said)
    ]
