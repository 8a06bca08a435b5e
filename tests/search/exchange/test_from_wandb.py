"""The runs table of W&B as CSV, with all that people have in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from search.errors import SettingsError
from search.run import Run
from spaces import Categorical, Condition, Float

TABLE = '''"Name","State","Notes","User","Tags","Created","Runtime","Sweep","lr","optimizer","layers","net","amp","momentum","epoch","loss","acc","status note"
"bright-1","finished","","me","","2026-03-01T12:00:00.000Z","60","s1","0.1","sgd","[64, 32]","{""width"": 8, ""drop"": 0.5}","true","0.9","9","0.5","0.8","ok"
"dark-2","finished","","me","","2026-03-01T12:01:00.000Z","1m 30s","s1","1e-3","adam","[64, 32]","{""width"": 16, ""drop"": 0.5}","false","","9","0.25","0.9","fine"
"dull-3","crashed","-","me","","2026-03-01T11:59:00.000Z","5","s1","1","sgd","[64, 32]","{""width"": 8, ""drop"": 0.25}","true","0.5","2","NaN","0.1",""
"keen-4","killed","","me","","2026-03-01T12:04:00.000Z","30","s1","1e-4","""adam""","[32]","{""width"": 32, ""drop"": 0.5}","false","","3","Infinity","0.4",""
"late-5","running","","me","","2026-03-01T12:05:00.000Z","","s1","1e-5","adam","[32]","{""width"": 8, ""drop"": 0.5}","true","","","","",""
'''
PARAMETERS = ["lr", "optimizer", "layers", "net", "amp", "momentum"]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "wandb export.csv"
    path.write_text(TABLE, encoding="utf-8-sig")
    return path


def test_a_table_becomes_a_run(table: Path, storage: Path) -> None:
    run = Run.import_from(table, storage=storage, metric="loss", goal="minimize", parameters=PARAMETERS)
    assert run.name == "wandb-export"
    assert [trial.state for trial in run.history.trials] == [
        "failed",
        "completed",
        "completed",
        "stopped",
        "running",
    ]
    second = run.history.trials[2]
    assert second.config == {
        "lr": 0.001,
        "optimizer": "adam",
        "layers": [64, 32],
        "net.width": 16,
        "net.drop": 0.5,
        "amp": False,
    }
    assert second.results[0].metrics == {"loss": 0.25, "epoch": 9.0, "acc": 0.9}
    assert second.seconds == pytest.approx(90)
    assert run.history.trials[3].config["optimizer"] == "adam"  # W&B quotes some texts twice
    assert run.history.trials[3].results[0].score is None
    assert run.history.began == "2026-03-01T11:59:00.000+00:00"
    assert run.best is not None
    assert (run.best.trial, run.best.value) == ("t00002", 0.25)


def test_its_space_is_inferred(table: Path, storage: Path) -> None:
    run = Run.import_from(table, storage=storage, metric="loss", goal="minimize", parameters=PARAMETERS)
    parameters = {each.name: each for each in run.history.problem.space.parameters}
    assert parameters["lr"].domain == Float(1e-5, 1.0, log=True)
    assert parameters["layers"].domain == Categorical(((64, 32), (32,)))
    assert parameters["momentum"].when == (Condition("optimizer", "==", "sgd"),)
    assert (
        "Left out, for they are neither numbers nor parameters: status note."
        in run.history.about["imported"]["notes"]
    )


def test_what_is_ambiguous_has_to_be_said(table: Path, storage: Path) -> None:
    with pytest.raises(SettingsError, match=r"Give --parameters with those of 'lr', 'optimizer'"):
        Run.import_from(table, storage=storage, metric="loss", goal="minimize")
    with pytest.raises(SettingsError, match=r"Give --metric; it has 'epoch', 'loss', 'acc'"):
        Run.import_from(table, storage=storage, goal="minimize", parameters=PARAMETERS)
    with pytest.raises(SettingsError, match="Give --goal"):
        Run.import_from(table, storage=storage, metric="loss", parameters=PARAMETERS)
    with pytest.raises(SettingsError, match=r"has no column 'optimiser'.*optimizer"):
        Run.import_from(table, storage=storage, metric="loss", goal="minimize", parameters=["optimiser"])
    with pytest.raises(SettingsError, match="a parameter and the metric at once"):
        Run.import_from(table, storage=storage, metric="lr", goal="minimize", parameters=["lr"])
    with pytest.raises(SettingsError, match="--parameters is for a table of W&B"):
        Run.import_from(table, storage=storage, kind="ray", parameters=["lr"])
    assert not storage.exists()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"0.25","0.9"', '"low","0.9"', r"export\.csv:3: column 'loss' must hold a number, got 'low'"),
        ('"killed"', '"kiled"', r"export\.csv:5: column 'State': unknown state 'kiled'.*killed"),
        ('"2026-03-01T12:01:00.000Z"', '"yesterday"', r"export\.csv:3: column 'Created' must be a date"),
        ('"2026-03-01T12:01:00.000Z"', '"-1e999"', r"export\.csv:3: column 'Created' must be a date"),
        ('"2026-03-01T12:01:00.000Z"', f'"{"9" * 300}"', r"export\.csv:3: column 'Created' must be a date"),
        ('"1m 30s"', f'"{"9" * 5000}m"', r"export\.csv:3: column 'Runtime' must be seconds"),
        ('"1m 30s"', '"soon"', r"export\.csv:3: column 'Runtime' must be seconds"),
        ('"acc","status note"', '"acc","acc"', r"export\.csv:1: column 'acc' comes twice"),
        ('"0.25","0.9","fine"', '"0.25","0.9"', r"export\.csv:3: has 17 cells, the first line 18"),
    ],
)
def test_damage_is_named_by_row_and_column(
    table: Path, storage: Path, old: str, new: str, message: str
) -> None:
    text = table.read_text(encoding="utf-8-sig")
    assert old in text
    table.write_text(text.replace(old, new))
    with pytest.raises(SettingsError, match=message):
        Run.import_from(table, storage=storage, metric="loss", goal="minimize", parameters=PARAMETERS)
    assert not storage.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is empty"), (b"a,b\n", "has no runs"), (b"a\n\xff\xfe\n", "is no CSV of UTF-8 text")],
)
def test_no_table(tmp_path: Path, storage: Path, content: bytes, message: str) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(SettingsError, match=message):
        Run.import_from(tmp_path / "t.csv", storage=storage, metric="b", goal="minimize", parameters=["a"])


def test_a_bare_table_is_enough(tmp_path: Path, storage: Path) -> None:
    """Neither states nor times: all rows have ended, and nobody knows when."""
    (tmp_path / "bare.csv").write_text("x,y\n1,2\n3,1\n")
    run = Run.import_from(
        tmp_path / "bare.csv", storage=storage, metric="y", goal="minimize", parameters=["x"]
    )
    assert [trial.state for trial in run.history.trials] == ["completed", "completed"]
    assert [trial.seconds for trial in run.history.trials] == [None, None]
    assert run.report().is_file()


def test_cells_that_would_run_do_no_harm(tmp_path: Path, storage: Path) -> None:
    (tmp_path / "x.csv").write_text(
        'Name,State,<script>,../a,loss\n=cmd(),finished,"=HYPERLINK(""x"")",<b>1</b>,1\nb,finished,+1,../../x,2\n'
    )
    run = Run.import_from(
        tmp_path / "x.csv", storage=storage, metric="loss", goal="minimize", parameters=["<script>", "../a"]
    )
    assert run.history.trials[0].config == {"_script_": '=HYPERLINK("x")', "_a": "<b>1</b>"}
    page = run.report().read_text()
    assert "<b>1</b>" not in page.split("<script", 1)[0]
    assert run.paths is not None
    assert "'=HYPERLINK" in (run.paths.report / "trials.csv").read_text()
