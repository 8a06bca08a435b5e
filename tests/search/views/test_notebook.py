"""Sweeps in a real kernel: one output a sweep, updated in place, interrupted and gone on with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from search.views import notebook as notebook_view

manager = pytest.importorskip("jupyter_client.manager", reason="needs a kernel (extra: dev)")
pytest.importorskip("ipykernel", reason="needs a kernel (extra: dev)")

PATIENCE = 240.0  # seconds for a cell, on a busy machine
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning:jupyter_client")]

TRAIN = """
import time, tuneyard
def train(config):
    for step in range(4):
        time.sleep(config["pause"])
        if config["x"] > 0.9:
            raise ValueError("<b>no</b> $x$")
        yield {"loss": (config["x"] - 0.3) ** 2 + 1 / (step + 1)}
def sweep(name, pause=0.0, trials=12):
    space = {"x": {"min": 0.0, "max": 1.0}, "pause": pause, "kind": {"values": ["<img src=x onerror=alert(1)>", "b"]}}
    return tuneyard.Sweep(train, parameters=space, metric="loss", method="random", run_cap=trials, max_steps=4,
                          runner="inline", name=name)
"""

UNBROKEN = """
import math, pathlib
from search.runners import base, limit
limit.PATIENCE = math.inf
request = base.StopSignal.request
def heard(stop, reason):
    request(stop, reason)
    pathlib.Path("heard").touch()
base.StopSignal.request = heard
"""


class Kernel:
    """A kernel, and what it says to a notebook."""

    def __init__(self, directory: Path) -> None:
        self.manager, self.client = manager.start_new_kernel(startup_timeout=PATIENCE, cwd=str(directory))

    def begin(self, code: str) -> str:
        self.client.execute(textwrap.dedent(code))
        return str(code)

    def messages(self, *, until: str = "idle") -> Iterator[tuple[str, dict[str, Any]]]:
        """(type, content) of what comes, until the cell is done, or, inclusive, until the first of type `until`."""
        deadline = time.monotonic() + PATIENCE
        while True:
            message = self.client.get_iopub_msg(timeout=max(0.1, deadline - time.monotonic()))
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "idle":
                return
            yield kind, content
            if kind == until:
                return

    def run(self, code: str) -> list[tuple[str, dict[str, Any]]]:
        """All of a cell's messages but its own text."""
        self.begin(code)
        told = [each for each in self.messages() if each[0] not in ("status", "execute_input")]
        assert not [content["traceback"] for kind, content in told if kind == "error"]
        return told

    def value(self, expression: str) -> Any:
        """The value of an expression, as text."""
        (content,) = [content for kind, content in self.run(expression) if kind == "execute_result"]
        return content["data"]["text/plain"]

    def stop(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    kernel = Kernel(tmp_path)
    kernel.run(TRAIN)
    yield kernel
    kernel.stop()


def wait_for_records(journal: Path, kind: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not journal.exists() or f'"type":"{kind}"'.encode() not in journal.read_bytes():
        assert time.monotonic() < deadline, f"no record of {kind}"
        time.sleep(0.05)


def html_of(content: dict[str, Any]) -> str:
    return str(content["data"]["text/html"])


def test_a_sweep_has_one_output_and_a_run_shows_itself(kernel: Kernel, tmp_path: Path) -> None:
    began = time.monotonic()
    told = kernel.run("run = sweep('first', pause=0.02, trials=40).run()")
    seconds = time.monotonic() - began
    kinds = [kind for kind, _ in told]
    assert kinds.count("display_data") == 1
    assert set(kinds) == {"display_data", "update_display_data"}, "not one line beside it"
    assert len({content["transient"]["display_id"] for _, content in told}) == 1
    assert 3 <= len(kinds) <= 2 + seconds / notebook_view._PAUSE, "a few a second, not one a step"
    assert "ty-bar" in html_of(told[0][1]), "progress first"
    last = html_of(told[-1][1])
    assert "Finished: all 40 trials asked for" in last
    assert "&lt;b&gt;no&lt;/b&gt; $x$" in last
    assert max(len(html_of(content)) for _, content in told) < 8_000

    (shown,) = kernel.run("run")
    assert shown[0] == "execute_result"
    html = html_of(shown[1])
    assert len(html) < 60_000
    assert "is best: loss" in html
    assert html.count("<svg") == 4, "best so far, learning curves, and two parameters"
    assert "<img" not in html
    assert "mathjax_ignore" in html
    assert shown[1]["data"]["text/plain"].startswith("<Run 'first' finished: 40 trials")


def test_interrupting_the_kernel_stops_the_sweep_and_it_can_be_gone_on_with(
    kernel: Kernel, tmp_path: Path
) -> None:
    kernel.begin("run = sweep('long', pause=0.2).run()")
    told = list(kernel.messages(until="update_display_data"))
    wait_for_records(tmp_path / "runs" / "long" / "journal.jsonl", "result")
    kernel.manager.interrupt_kernel()
    told += list(kernel.messages())
    assert "error" not in [kind for kind, _ in told]
    last = html_of([content for kind, content in told if kind == "update_display_data"][-1])
    assert "Not finished: interrupted by SIGINT." in last
    path = tmp_path / "runs" / "long"
    assert f"tuneyard.resume(&#x27;{path}&#x27;, trainable=train)" in last
    assert kernel.value("run.state") == "'interrupted'"
    steps = int(kernel.value("run.history.steps_total"))
    assert 1 <= steps < 48

    told = kernel.run(f"run = tuneyard.resume({str(path)!r}, trainable=train)")
    assert {kind for kind, _ in told} == {"display_data", "update_display_data"}
    assert kernel.value("run.state, len(run.trials)") == "('finished', 12)"


def test_a_second_interruption_ends_it_at_once(kernel: Kernel, tmp_path: Path) -> None:
    """A step of an hour is not waited for, although nothing breaks it off after the first."""
    kernel.run(UNBROKEN)
    kernel.begin("run = sweep('stuck', pause=3600.0).run()")
    list(kernel.messages(until="display_data"))
    wait_for_records(tmp_path / "runs" / "stuck" / "journal.jsonl", "start")
    kernel.manager.interrupt_kernel()
    deadline = time.monotonic() + PATIENCE
    while not (tmp_path / "heard").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    kernel.manager.interrupt_kernel()
    told = list(kernel.messages())
    assert [content["ename"] for kind, content in told if kind == "error"] in ([], ["KeyboardInterrupt"])
    assert kernel.value("tuneyard.Run.open('stuck').state") in ("'interrupted'", "'killed'")
    assert kernel.value("1 + 1") == "2", "the kernel has its own handler back"


def test_the_example_notebook_runs_and_holds_no_outputs(tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat", reason="needs nbclient (extra: dev)")
    nbclient = pytest.importorskip("nbclient", reason="needs nbclient (extra: dev)")
    notebook = nbformat.read(Path(__file__).parents[3] / "examples" / "notebook.ipynb", 4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    nbclient.NotebookClient(
        notebook,
        timeout=int(PATIENCE),
        startup_timeout=int(PATIENCE),
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    ).execute()
    outputs = [output for cell in code for output in cell.outputs]
    assert [output.output_type for output in outputs] == ["display_data"] + ["execute_result"] * 3
    assert "Finished: all 30 trials asked for" in outputs[0].data["text/html"]
    assert "is best: val/accuracy" in outputs[1].data["text/html"]


def test_nothing_of_ipython_is_imported_where_there_is_no_notebook(tmp_path: Path) -> None:
    program = TRAIN + textwrap.dedent(
        """
        import sys
        sweep("plain").run()
        assert "IPython" not in sys.modules
        """
    )
    (tmp_path / "program.py").write_text(program)
    done = subprocess.run([sys.executable, "program.py"], capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@pytest.mark.ray
def test_under_ray_it_is_one_output_as_well(tmp_path: Path) -> None:
    """Tune's own reporter would clear the cell."""
    kernel = Kernel(tmp_path)
    try:
        kernel.run(TRAIN.replace('runner="inline"', 'runner="ray", workers=1'))
        told = kernel.run("run = sweep('with-ray', trials=3).run()")
        assert {kind for kind, _ in told} == {"display_data", "update_display_data"}
        assert [kind for kind, _ in told].count("display_data") == 1
        assert "Finished: all 3 trials asked for" in html_of(told[-1][1])
    finally:
        kernel.stop()


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium: apt-get install chromium, or set CHROMIUM")
@pytest.mark.parametrize(
    ("ground", "colour"), [("#ffffff", "rgb(0, 0, 0)"), ("#1e1e1e", "rgb(212, 212, 212)")]
)
def test_outputs_of_several_runs_share_a_page(
    kernel: Kernel, tmp_path: Path, ground: str, colour: str
) -> None:
    """As in a notebook: one page, a colour of its own, both outputs drawn in it, nothing asked of anybody."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="needs the package playwright (extra: dev)"
    )
    outputs = []
    for name in ("first", "second"):
        told = kernel.run(f"run = sweep({name!r}).run()\nrun")
        outputs += [html_of(told[0][1]), html_of(told[-1][1])]
    page_style = f"background:{ground};color:{colour};font-family:sans-serif"
    path = tmp_path / "page.html"
    path.write_text(
        f"<!doctype html><meta charset=utf-8><body style='{page_style}'><table id=theirs><tr><td>theirs</td></tr></table>"
        + "".join(f"<div class=output>{output}</div>" for output in outputs)
    )
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], timeout=120_000)
        page = browser.new_page(viewport={"width": 390, "height": 800})
        page.set_default_timeout(120_000)
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.on("request", lambda request: said.append(request.url))
        page.goto(path.as_uri())
        assert said == [path.as_uri()]
        assert page.locator("svg[role=img]").count() == 8
        widest = page.evaluate(
            "Math.max(...[...document.querySelectorAll('svg')].map(s => s.getBoundingClientRect().right))"
        )
        assert widest <= 390, "figures fit a narrow window"
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        fill = "getComputedStyle(document.querySelector('svg text')).fill"
        assert page.evaluate(fill) == colour, "text in the colour of the page"
        theirs = "getComputedStyle(document.querySelector('#theirs td')).whiteSpace"
        assert page.evaluate(theirs) == "normal", "the style stays inside"
        browser.close()
