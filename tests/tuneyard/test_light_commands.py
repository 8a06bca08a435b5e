"""ls, show, logs, compare and init: what they print, of runs that lie on disk."""

from __future__ import annotations

import csv
import errno
import io
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.heavy import HEAVY
from contracts.traded import traded_in
from tuneyard.__main__ import main

Call = Callable[..., Any]
WriteRun = Callable[..., Any]

CONTRACT = {"name", "path", "state", "metric", "goal", "trials", "steps_total", "seconds", "best"}


def test_ls_of_nothing_says_what_to_do(call: Call) -> None:
    done = call("ls")
    assert done.code == 0
    assert "no run in runs yet" in done.out
    assert "tuneyard init" in done.err


def test_ls_lists_runs_the_newest_last(call: Call, write_run: WriteRun) -> None:
    write_run(Path("runs"), "first")
    write_run(Path("runs"), "second", failing=(1,))
    done = call("ls")
    lines = done.out.splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["first", "second"]
    assert lines[3].split()[1:5] == ["finished", "4", "1", "0.83"]
    assert "tuneyard show second" in done.err


def test_ls_shows_a_damaged_run_among_the_others(call: Call, write_run: WriteRun) -> None:
    damaged = write_run(Path("runs"), "damaged")
    lines = damaged.journal.read_bytes().splitlines(keepends=True)
    damaged.journal.write_bytes(b"".join([lines[0], b"nonsense\n", *lines[2:]]))
    write_run(Path("runs"), "sound")
    done = call("ls", "--json")
    assert done.code == 0
    assert {run["name"]: run["state"] for run in done.json["runs"]} == {
        "damaged": "damaged",
        "sound": "finished",
    }
    assert "damaged" in call("ls").out


def test_show_prints_the_json_contract(call: Call, write_run: WriteRun) -> None:
    write_run(Path("runs"), "mine", failing=(1,))
    done = call("show", "last", "--json")
    assert done.code == 0
    assert len(done.out.splitlines()) == 1
    assert done.err == ""
    assert done.json.keys() >= CONTRACT
    assert done.json["trials"] == {"total": 4, "completed": 3, "stopped": 0, "failed": 1, "running": 0}
    assert done.json["best"].keys() == {"trial", "value", "step", "config"}
    assert done.json["best"]["value"] == pytest.approx(0.83)
    assert done.json["best"]["config"].keys() == {"lr", "model.width", "note"}


def test_show_csv_has_one_row_per_trial_and_no_formula(call: Call, write_run: WriteRun) -> None:
    write_run(Path("runs"), "mine")
    done = call("show", "mine", "--csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert list(rows[0])[:6] == ["trial", "state", "steps", "best", "last", "seconds"]
    assert len(rows) == 4
    assert {row["note"] for row in rows} == {"'=cmd()"}
    assert done.err == ""


def test_show_tells_state_best_and_failures_in_words(call: Call, write_run: WriteRun) -> None:
    write_run(Path("runs"), "mine", failing=(1,))
    done = call("show", "mine")
    assert "mine  finished: all trials done" in done.out
    assert "val/accuracy = 0.83 (maximize) by t00003 at step 3" in done.out
    assert "t00001 failed: raised: ValueError" in done.out
    assert "failure-1.txt" in done.out
    assert "\x1b" not in done.out
    assert "\\x1b[31mred" in done.out
    assert "tuneyard report mine" in done.err


def test_show_of_a_killed_run_offers_to_resume(call: Call, write_run: WriteRun) -> None:
    write_run(Path("runs"), "mine", end=False)
    done = call("show", "last")
    assert "mine  killed" in done.out
    assert "tuneyard resume mine" in done.err


@pytest.mark.parametrize("reference", ["mine/t00002", "mi/2", "last/t2", "runs/mine/t00002"])
def test_show_trial(call: Call, write_run: WriteRun, reference: str) -> None:
    write_run(Path("runs"), "mine")
    done = call("show", reference)
    assert done.code == 0
    assert "mine/t00002  completed" in done.out
    assert "model.width" in done.out
    assert json.loads(call("show", reference, "--json").out)["results"][2]["metrics"] == {
        "val/accuracy": pytest.approx(0.82)
    }


def test_show_takes_a_path_from_anywhere(call: Call, write_run: WriteRun, tmp_path: Path) -> None:
    paths = write_run(tmp_path / "elsewhere", "mine")
    assert call("show", paths.root, "--json").json["name"] == "mine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "nine"), "no run 'nine' in runs; did you mean mine?"),
        (("show", "mine/t9"), "mine has no trial"),
        (("show", "mine", "--json", "--csv"), "exclude each other"),
        (("show", "mine/1", "--csv"), "--csv is for a run"),
        (("logs", "mine"), "say which trial: tuneyard logs mine/t00000"),
        (("compare", "mine"), "two runs or more"),
        (("shwo", "mine"), "there is no command 'shwo'; did you mean show?"),
        (("show",), "Missing argument"),
        (("ls", "--josn"), "--json"),
    ],
)
def test_wrong_usage_is_said_and_ends_with_2(
    call: Call, write_run: WriteRun, arguments: tuple[str, ...], said: str
) -> None:
    write_run(Path("runs"), "mine")
    done = call(*arguments)
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err


def test_a_damaged_journal_ends_with_5(call: Call, write_run: WriteRun) -> None:
    paths = write_run(Path("runs"), "mine")
    lines = paths.journal.read_bytes().splitlines(keepends=True)
    paths.journal.write_bytes(b"".join([*lines[:3], b"nonsense\n", *lines[4:]]))
    done = call("show", "mine")
    assert done.code == 5
    assert "journal.jsonl:4: damaged record" in done.err


def test_storage_comes_from_the_environment(
    call: Call, write_run: WriteRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(tmp_path / "elsewhere", "mine")
    monkeypatch.setenv("TUNEYARD_STORAGE", str(tmp_path / "elsewhere"))
    assert call("show", "last", "--json").json["name"] == "mine"
    assert call("show", "last", "--storage", "runs").code == 2


def test_logs_spell_out_what_would_steer_the_terminal(call: Call, write_run: WriteRun) -> None:
    write_run(Path("runs"), "mine")
    done = call("logs", "mine/1")
    assert done.out == "hello from t00001\n\\x1b]0;title\\x07done\n"
    assert "--stderr" in done.err
    assert "wrote nothing to stderr" in call("logs", "mine/1", "--stderr").err


def test_logs_follow_a_trial_until_it_ends(call: Call, write_run: WriteRun) -> None:
    paths = write_run(Path("runs"), "mine", end=False)
    records = paths.journal.read_bytes()

    def go_on() -> None:
        time.sleep(0.7)
        with open(paths.stdout(3), "a") as file:
            file.write("more\n")
        whole = write_run(Path("later"), "mine")
        whole.journal.replace(paths.journal)  # at once: it is read meanwhile

    writer = threading.Thread(target=go_on)
    writer.start()
    done = call("logs", "mine/3", "--follow")
    writer.join()
    assert done.out.endswith("done\nmore\n")
    assert paths.journal.read_bytes() != records


def test_compare_puts_runs_side_by_side(call: Call, write_run: WriteRun) -> None:
    write_run(Path("runs"), "small", trials=2)
    write_run(Path("runs"), "large", trials=6)
    done = call("compare", "small", "large")
    assert done.code == 0
    row = next(line for line in done.out.splitlines() if line.startswith("best"))
    assert row.split() == ["best", "0.81", "0.85"]
    assert "large found the best val/accuracy: 0.85" in done.out
    told = call("compare", "small", "large", "--json").json
    assert [run["name"] for run in told["runs"]] == ["small", "large"]
    assert told["winner"] == "large"
    assert told["matched"]["trial"]["rows"][-1] == {"at": 2, "best": [0.81, 0.81]}
    assert not Path("page").exists()
    assert call("compare", "small", "large", "--open").code == 2
    done = call("compare", "small", "large", "-o", "page")
    assert "page/index.html" in done.out
    assert json.loads(Path("page/comparison.json").read_text())["verdict"] == told["verdict"]


def test_compare_calls_no_value_of_another_objective_a_hypervolume(call: Call) -> None:
    one, two = (traded_in(Path(name), [(0.0, 0.0), (1.0, 8.0)]).paths for name in ("one", "two"))
    loss = traded_in(Path("three"), [(0.5, 1.0), (2.0, 1.0)], names=["loss"]).paths
    assert one is not None
    assert two is not None
    assert loss is not None
    rows = [line.split() for line in call("compare", one.root, two.root).out.splitlines()]
    assert ["on", "the", "front", "2", "2"] in rows
    assert any(row[:1] == ["hypervolume"] for row in rows)
    mixed = call("compare", one.root, loss.root, "-o", "page").out
    assert "hypervolume" not in mixed
    assert ["best", "by", "the", "first", "objective", "0", "0.5"] in [
        line.split() for line in mixed.splitlines()
    ]
    assert ">hypervolume<" not in Path("page/index.html").read_text()


def test_init_writes_two_files_and_never_overwrites(call: Call) -> None:
    done = call("init")
    assert done.code == 0
    assert sorted(path.name for path in Path().iterdir()) == ["sweep.yaml", "train.py"]
    assert "tuneyard plan sweep.yaml" in done.err
    Path("sweep.yaml").unlink()
    Path("train.py").write_text("mine")
    refused = call("init")
    assert refused.code == 2
    assert "train.py exists already" in refused.err
    assert not Path("sweep.yaml").exists()
    assert Path("train.py").read_text() == "mine"
    assert call("init", "elsewhere").code == 0


def test_an_error_nobody_foresaw_leaves_its_traceback_in_a_file(
    call: Call, write_run: WriteRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    from search.run import Run

    def broken(*_: object) -> None:
        raise RuntimeError("no\x1b[2Jway")

    monkeypatch.setattr(Run, "open", broken)
    done = call("show", "mine")
    assert done.code == 1
    assert "RuntimeError: no\\x1b[2Jway" in done.err
    log = Path(done.err.split()[-1])
    assert "in broken" in log.read_text()
    assert log.stat().st_mode & 0o077 == 0
    log.unlink()


@pytest.mark.parametrize(
    ("module", "extra"), [("fastapi", "serve"), ("ray.serve", "serve"), ("river.drift", "deploy")]
)
def test_a_package_of_an_extra_that_is_not_installed_is_named_with_it(
    call: Call, write_run: WriteRun, monkeypatch: pytest.MonkeyPatch, module: str, extra: str
) -> None:
    from search.run import Run

    def missing(*_: object) -> None:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr(Run, "open", missing)
    done = call("show", "mine")
    assert (done.code, done.err) == (1, f"tuneyard: this needs {module}: pip install 'tuneyard[{extra}]'\n")


def test_a_place_that_may_not_be_written_is_no_bug(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system", "elsewhere")

    monkeypatch.setattr(Path, "mkdir", refuse)
    done = call("init", "elsewhere")
    assert done.code == 1
    assert "elsewhere: Read-only file system" in done.err
    assert "foresaw" not in done.err


def test_a_closed_stdout_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["ls"]) == 0


PLAN = "trainable: curves\nmethod: {method}\nrun_cap: 9\n"


@pytest.mark.parametrize(
    ("arguments", "may_load"),
    [
        (("--help",), set()),
        (("run", "--help"), set()),
        (("ls",), set()),
        (("show", "mine"), set()),
        (("show", "mine", "--csv"), set()),
        (("show", "mine/1", "--json"), set()),
        (("logs", "mine/1"), set()),
        (("compare", "mine", "mine"), set()),
        (("init", "new"), set()),
        (("plan", "random.yaml"), set()),
        (
            ("plan", "tpe.yaml"),
            {"optuna"},
        ),  # the searcher itself says what it would begin with; its import is quick
    ],
    ids=lambda value: " ".join(value),
)
def test_a_light_command_loads_nothing_heavy(
    write_run: WriteRun, arguments: tuple[str, ...], may_load: set[str]
) -> None:
    write_run(Path("runs"), "mine")
    for method in ("random", "tpe"):
        Path(f"{method}.yaml").write_text(PLAN.format(method=method))
    code = "import sys; from tuneyard.__main__ import main; code = main(); print(*sys.modules, file=sys.stderr); sys.exit(code)"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert HEAVY & set(done.stderr.split()) <= may_load
