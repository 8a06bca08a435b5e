"""docs/tutorial.md is true: its files are written, its commands run in their order, its Python is executed.

Trials run inline rather than on Ray, and what waits for a person (a browser, TensorBoard) is left out.
"""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from tuneyard.__main__ import main

PAGE = (Path(__file__).parents[1] / "docs" / "tutorial.md").read_text()
FILES = dict(re.findall(r"^`([\w.]+)`:\n\n```\w+\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE))
COMMANDS = re.findall(r"^\$ tuneyard (.*)$", PAGE, re.MULTILINE)
SCRIPT = re.findall(r"^## From Python\n.*?```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)[0]


@pytest.fixture
def _files() -> None:
    for name, text in FILES.items():
        Path(name).write_text(text)


def _call(line: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    arguments = [each for each in shlex.split(line) if each != "--open"]
    if arguments[0] in ("run", "resume") and "--runner" not in arguments:
        arguments += ["--runner", "inline"]
    code = main(arguments)
    shown = capsys.readouterr()
    return code, shown.out + shown.err


@pytest.mark.slow
@pytest.mark.usefixtures("_files")
def test_the_commands_do_what_the_tutorial_says(capsys: pytest.CaptureFixture[str]) -> None:
    said: dict[str, str] = {}
    for line in COMMANDS:
        if line.startswith("board"):
            continue
        code, said[line] = _call(line, capsys)
        assert code == (2 if "assha" in line else 0), f"tuneyard {line}\n{said[line]}"
    assert "did you mean asha?" in said["plan sweep.yaml --set early_terminate.type=assha"]
    assert "30: " in said["show first"]
    assert Path("runs/first/report/index.html").is_file()
    assert {path.name for path in Path("runs").iterdir()} == {"first", "debug", "longer", "by-chance"}
    assert "40" in _call("show first", capsys)[1].splitlines()[1]


@pytest.mark.slow
@pytest.mark.usefixtures("_files")
def test_the_python_of_the_tutorial_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(Path.cwd()))
    try:
        exec(compile(SCRIPT, "tutorial", "exec"), {"__name__": "tutorial"})
    finally:
        sys.modules.pop("train", None)
    assert capsys.readouterr().out.startswith("Best(trial='t0000")
