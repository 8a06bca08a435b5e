"""What the documents say holds: commands exist, links lead somewhere, options have the defaults that are told, examples
and snippets are real."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import pytest

from search.settings import read_settings
from trainables import resolve
from trainables.catalogue import CATALOGUE
from trainables.classical.estimators import ESTIMATORS
from trainables.data import BUILT_IN
from trainables.data.section import OPTIONS
from trainables.neural.options import TRAINING_OPTIONS, TRAINING_SPACE
from trainables.scoring import CLASSIFICATION_SCORES, REGRESSION_SCORES
from tuneyard.cli import COMMANDS, cli

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("benchmarks/*.md")])
COMMAND = re.compile(r"(?:^|[`$ ])(tuneyard|make) ([a-z][a-z-]*)([^`\n|]*)", re.MULTILINE)


def _code(page: Path) -> str:
    """All that is set as code: fenced blocks but those of Python and YAML, and inline code."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    fenced = [block for language, block in blocks if language in ("", "console", "bash", "sh")]
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
        if isinstance(command, click.Group) and (words := rest.split()):  # tuneyard ab plan --rate 0.1
            command = command.get_command(context, words[0])
            assert command is not None, f"tuneyard {name} {words[0]}"
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        given = set(re.findall(r"(?<=\s)(--?[a-z][a-z-]*)", rest.partition("#")[0]))
        assert given <= known, f"tuneyard {name}: {given - known}"


def test_every_page_stands_in_a_table_of_contents() -> None:
    """Or `make docs`, where a warning is an error, fails."""
    docs = ROOT / "docs"
    listed = {docs / "index.md"}
    for page in docs.rglob("*.md"):
        for block in re.findall(
            r"^```\{toctree\}\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
        ):
            for entry in (line.strip() for line in block.splitlines()):
                if entry and not entry.startswith(":"):
                    listed |= set(page.parent.glob(f"{entry}.md"))
    assert set(docs.rglob("*.md")) <= listed


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


ROWS = [
    *(f"A{n}" for n in range(1, 16)),
    *(f"B{n}" for n in range(1, 9)),
    *(f"C{n}" for n in range(1, 9)),
    *(f"D{n}" for n in range(1, 9)),
    *(f"E{n}" for n in range(1, 10)),
    *(f"F{n}" for n in range(1, 6)),
]


def _coverage() -> dict[str, str]:
    table = (ROOT / "docs/coverage.md").read_text()
    return dict(re.findall(r"^\| ([A-F]\d+) \|[^|\n]*\|([^|\n]*)\|$", table, re.MULTILINE))


def test_every_row_of_the_coverage_table_is_looked_at() -> None:
    assert list(_coverage()) == ROWS


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


MODELS = [
    name for name, ref in CATALOGUE.items() if ref.startswith(("trainables.neural", "trainables.classical"))
]


def _text(page: str) -> str:
    return (ROOT / "docs" / page).read_text(encoding="utf-8")


def _section(page: str, title: str) -> str:
    """The text below a heading, up to the next one."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", _text(page), re.DOTALL | re.MULTILINE)
    assert found is not None, f"docs/{page} has no heading {title}"
    return found[1]


def _plain(value: Any) -> str:
    """A value as a sweep file has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _default(value: Any) -> str:
    return "–" if value in (None, "", ()) else f"`{_plain(value)}`"


def _searched(leaf: Mapping[str, Any] | None) -> str:
    """What is searched by default: `16 to 256, step 16`; `sgd, adam`."""
    if leaf is None:
        return "–"
    if "values" in leaf:
        said = ", ".join(map(_plain, leaf["values"]))
    else:
        said = f"{_plain(leaf['min'])} to {_plain(leaf['max'])}"
        said += f", step {_plain(leaf['step'])}" if "step" in leaf else ""
        said += ", log" if leaf.get("log") or "log" in leaf.get("distribution", "") else ""
    for name, value in leaf.get("when", {}).items():
        values = value if isinstance(value, (list, tuple)) else [value]
        said += f"; where {name} is {' or '.join(map(_plain, values))}"
    return said


def _leaves(tree: Mapping[str, Any], group: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, value in tree.items():
        if {"min", "values"} & set(value):
            yield group + name, value
        else:
            yield from _leaves(value, f"{group}{name}.")


def _classical() -> Iterator[str]:
    for name, estimator in ESTIMATORS.items():
        for setting in estimator.settings:
            kinds = "" if len(setting.kinds) == 2 else f" ({setting.kinds[0]})"
            when = {f"{name}.{other}": value for other, value in setting.when}
            leaf = None if setting.search is None else {**setting.search, "when": when}
            yield f"| `{name}.{setting.name}`{kinds} | {_default(setting.default)} | {_searched(leaf)} |"


def _options(model: str) -> Iterator[str]:
    """The first cells of the table of a model's own options, and of training options that it searches in its own way."""
    target: Any = resolve(model).target
    space = dict(_leaves(target.declared.parameters))
    defaults = dict(target.architecture if hasattr(target, "architecture") else target.defaults)
    for name, leaf in space.items():
        if name not in defaults and leaf != TRAINING_SPACE.get(name):
            defaults[name] = TRAINING_OPTIONS[name].default
    for name, value in defaults.items():
        yield f"| `{name}` | {_default(value)} | {_searched(space.get(name))} |"


@pytest.mark.parametrize("model", MODELS)
def test_every_option_of_a_model_is_on_its_page_with_default_and_range(model: str) -> None:
    rows = list(_classical() if model == "classical" else _options(model))
    table = [line for line in _section("models.md", model).splitlines() if line.startswith("| `")]
    assert not [row for row in rows if not any(line.startswith(row) for line in table)]
    told = [line for line in table if re.match(r"\| `[\w.]+`(?: \(\w+\))? \| (?:`\S+`|–) \|", line)]
    assert len(told) == len(rows)


def test_every_model_is_in_the_overview() -> None:
    table = _text("models.md").partition("## Measured")[0]
    assert [model for model in MODELS if f"| [`{model}`](#{model}) |" not in table] == []


def test_every_training_option_is_on_its_page_with_default_and_range() -> None:
    page = _text("training.md")
    rows = {
        f"| `{name}` | {_default(option.default)} | {_searched(TRAINING_SPACE.get(name))} |": option.choices
        for name, option in TRAINING_OPTIONS.items()
    }
    assert not [row for row in rows if row not in page]
    for row, choices in rows.items():
        line = page[page.index(row) :].partition("\n")[0]
        assert all(f"`{choice}`" in line for choice in choices), row
    assert set(re.findall(r"`val/(\w+)`", _section("training.md", "Metrics"))) == {
        *CLASSIFICATION_SCORES,
        *REGRESSION_SCORES,
    }


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_of_the_data_is_on_its_page_with_its_default(name: str) -> None:
    option = OPTIONS[name]
    (line,) = re.findall(rf"^\| `{re.escape(name)}` \| (?:–|`\S+`) \| .*$", _text("data.md"), re.MULTILINE)
    _, _, default, takes, meaning, _ = (cell.strip() for cell in line.split("|"))
    assert default == _default(option.default)
    assert meaning
    assert re.findall(r"`(\w+)`", takes) == list(
        option.choices or ("true", "false") * (option.kind == "switch")
    )
    if option.kind in ("number", "whole") and option.high is not None and option.high < 1e100:
        assert takes.endswith(f"{_plain(option.low)} to {_plain(option.high)}")


def test_every_built_in_set_is_on_its_page() -> None:
    table = _section("data.md", "Built-in sets")
    for name, known in BUILT_IN.items():
        (line,) = re.findall(rf"^\| `{name}` \| .*$", table, re.MULTILINE)
        assert known.task in line
        assert (known.package or "scikit-learn") in line


SNIPPETS = [
    pytest.param(text, id=f"{page}-{number}")
    for page in ("data.md", "models.md", "training.md")
    for number, text in enumerate(re.findall(r"^```yaml\n(.*?)^```", _text(page), re.DOTALL | re.MULTILINE))
]


@pytest.mark.parametrize("text", SNIPPETS)
def test_a_sweep_file_of_the_new_pages_resolves(text: str) -> None:
    rows = [f"{30 + n % 7},{n % 5},{1000 + n % 3},{n},{'yes' if n % 2 else 'no'}" for n in range(40)]
    Path("sales.csv").write_text("\n".join(["age,visits,postcode,customer,bought", *rows]) + "\n")
    with closing(sqlite3.connect("shop.db")) as shop, shop:
        shop.execute("CREATE TABLE customers (id INTEGER, age REAL, visits REAL, bought TEXT)")
        shop.executemany(
            "INSERT INTO customers VALUES (?, ?, ?, ?)", [(n, n, n % 3, "ny"[n % 2]) for n in range(40)]
        )
    if "postgresql://" in text:
        pytest.importorskip("sqlalchemy", reason="databases are read through the package sqlalchemy")
        text = re.sub(r"postgresql://\S+", "sqlite:///shop.db", text)
    Path("sweep.yaml").write_text(text)
    assert read_settings(Path("sweep.yaml")).resolved().problem().space.searched


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
