from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.errors import RunNotFoundError, SettingsError
from search.paths import RunPaths, check_name, find_run, list_runs, write_atomic
from search.trial import trial_id, trial_number


def make_run(storage: Path, name: str, at: int) -> RunPaths:
    run = RunPaths(storage / name)
    run.root.mkdir(parents=True)
    run.journal.write_text("")
    os.utime(run.journal, (at, at))
    return run


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    storage = tmp_path / "runs"
    for at, name in enumerate(["digits-b", "wine", "digits-a"]):
        make_run(storage, name, 1000 + at)
    (storage / "no-run").mkdir()
    (storage / "file").write_text("")
    return storage


@pytest.mark.parametrize("name", ["a", "digits-mlp", "A_1.2", "last-1", "_", "x" * 64, "a..b"])
def test_names_that_are_file_names(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".hidden", "-x", "../x", "a/b", "a b", "größe", "a\n", "x" * 65, "a\0b"]
)
def test_names_that_are_not(name: str) -> None:
    with pytest.raises(SettingsError, match="run name must be 1 to 64 letters") as caught:
        check_name(name)
    suggested = str(caught.value).rsplit("Try ", 1)[1].strip("'")
    assert check_name(suggested) == suggested


def test_no_run_is_named_as_the_reference_to_the_last_one() -> None:
    with pytest.raises(SettingsError, match="must not be 'last'"):
        check_name("last")


@given(st.text(max_size=80))
def test_an_accepted_name_stays_below_its_storage(name: str) -> None:
    try:
        check_name(name)
    except SettingsError:
        return
    assert (Path("/storage") / name).resolve().parent == Path("/storage")


def test_runs_are_listed_with_the_newest_last(storage: Path) -> None:
    assert [run.name for run in list_runs(storage)] == ["digits-b", "wine", "digits-a"]
    assert list_runs(storage / "nowhere") == []


def test_a_run_is_found_by_name_prefix_path_and_last(storage: Path) -> None:
    assert find_run(storage, "last").name == "digits-a"
    assert find_run(storage, "wine").name == "wine"
    assert find_run(storage, "w").name == "wine"
    assert find_run(storage, str(storage / "wine")).name == "wine"
    assert find_run(storage / "nowhere", str(storage / "wine")).root == (storage / "wine").resolve()


def test_a_whole_name_wins_over_a_prefix(storage: Path) -> None:
    make_run(storage, "digits", 5)
    assert find_run(storage, "digits").name == "digits"


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("digits", "'digits' is the beginning of 2 runs: digits-a, digits-b"),
        ("digit-a", "no run 'digit-a' .* did you mean digits-a"),
        ("zzz", "no run 'zzz' .* list them: tuneyard ls"),
        ("", "no run ''"),
        ("no-run", "no run 'no-run'"),
    ],
)
def test_what_is_not_found_says_what_is(storage: Path, reference: str, said: str) -> None:
    with pytest.raises(RunNotFoundError, match=said):
        find_run(storage, reference)


def test_last_of_none(tmp_path: Path) -> None:
    with pytest.raises(RunNotFoundError, match=r"no run in .* yet"):
        find_run(tmp_path, "last")


def test_every_file_lies_below_the_root(tmp_path: Path) -> None:
    run = RunPaths(tmp_path)
    files = [
        run.settings,
        run.journal,
        run.lock,
        run.trials,
        run.tensorboard,
        run.tune,
        run.report,
        run.model,
    ]
    files += [run.trial(3), run.checkpoints(3), run.stdout(3), run.stderr(3), run.failure(3, 1)]
    assert len(set(files)) == len(files)
    assert all(path.is_relative_to(tmp_path) for path in files)
    assert run.relative(run.failure(3, 1)) == "trials/t00003/failure-1.txt"


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.txt"
    write_atomic(path, "old")
    write_atomic(path, b"new")
    assert path.read_bytes() == b"new"
    with pytest.raises(TypeError):
        write_atomic(path, 3)  # type: ignore[arg-type]
    assert path.read_bytes() == b"new"
    assert [other.name for other in path.parent.iterdir()] == ["file.txt"]


def test_a_trial_is_named_by_its_number() -> None:
    assert trial_id(12) == "t00012"
    assert trial_id(123456) == "t123456"
    assert [trial_number(text) for text in ("t00012", "t12", "12")] == [12, 12, 12]
    for text in ("", "t", "x12", "-1", "1.5", "t-1", "²", "tt1"):
        with pytest.raises(ValueError, match="named like t00012"):
            trial_number(text)
