"""Looking at a foreign run executes nothing of it, imports nothing of it, and shows no file from outside of it."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from contracts.hostile import Trap, trapped_run
from contracts.watched import Event, command_line, watched


@pytest.fixture(scope="module")
def trap(tmp_path_factory: pytest.TempPathFactory) -> Trap:
    return trapped_run(tmp_path_factory.mktemp("trapped"))


def test_the_traps_work(trap: Trap) -> None:
    """A test of silence proves nothing where the alarm is not connected."""
    pickle.loads((trap.paths.root / "tune/g001/tuner.pkl").read_bytes())  # noqa: S301 - what others must not do
    exec((trap.paths.root / "code.py").read_text(), {})
    assert trap.sprung == ["code.py", "tune+g001+tuner.pkl"]
    for mark in trap.marks.iterdir():
        mark.rmdir()
    assert len(trap.names) > 120


@pytest.mark.slow
@pytest.mark.parametrize("inside", [False, True], ids=["outside", "inside"])
def test_every_reading_command_leaves_it_alone(trap: Trap, inside: bool, tmp_path: Path) -> None:
    """With the current directory outside, and inside, of the run, where its modules would be found first."""
    root, out = str(trap.paths.root), tmp_path / "out"
    out.mkdir()
    storage = ["--storage", str(trap.paths.root.parent)]
    commands = [
        ["ls", *storage],
        ["ls", "--json", *storage],
        ["show", root],
        ["show", root, "--json"],
        ["show", root, "--csv"],
        ["show", f"{root}/t00000"],
        ["show", f"{root}/t00000", "--json"],
        *(["logs", f"{root}/t0000{i}"] for i in (0, 2)),
        *(["logs", f"{root}/t0000{i}", "--stderr"] for i in (0, 2)),
        ["doctor", root, "--all"],
        ["next", root],
        ["next", root, "-o", str(out / "next.yaml")],
        ["report", root],
        ["compare", root, root, "-o", str(out / "comparison")],
        ["export", root, "--to", "optuna", "-o", str(out / "study.db")],
        ["export", root, "--to", "deepcave", "-o", str(out / "deepcave")],
        [
            "import",
            f"{root}/tune/g001",
            "--metric",
            "loss",
            "--goal",
            "minimize",
            "--storage",
            str(out / "runs"),
        ],
        ["data", f"{root}/sweep.yaml"],
        ["plan", f"{root}/sweep.yaml"],
    ]
    done = command_line(commands, cwd=trap.paths.root if inside else tmp_path, folder=tmp_path / "watch")
    assert done.returncode == 0, done.stderr
    told = done.stdout.split("$ ")[1:]
    assert len(told) == len(commands), done.stdout + done.stderr
    codes = {each.partition(" ")[0]: int(each.rsplit("exit code ", 1)[1]) for each in told}
    refused = {"import", "data", "plan"}  # what they are asked to read is a trap and nothing else
    assert {name: code for name, code in codes.items() if name not in refused} == dict.fromkeys(
        codes.keys() - refused, 0
    ), done.stdout + done.stderr
    assert all(codes[name] == 2 for name in refused), done.stderr
    assert "not an error we foresaw" not in done.stderr

    assert (out / "next.yaml").read_text().count("code.py:Model") == 1, "nothing was proposed"
    assert trap.sprung == []
    _check(watched(tmp_path / "watch"), trap, allowed=(trap.paths.report, out))
    assert "PRIVATE-KEY" not in done.stdout + done.stderr
    for path in [*out.rglob("*"), *trap.paths.report.iterdir()]:
        assert not path.is_file() or b"PRIVATE-KEY" not in path.read_bytes(), path


def _check(events: list[Event], trap: Trap, allowed: tuple[Path, ...]) -> None:
    assert sum(event.kind == "exec" for event in events) > 500, "the watch slept"
    for event in events:
        match event.kind:
            case "exec":
                assert not event.what[0].startswith(str(trap.paths.root)), event
            case "write":
                place = Path(event.what[0])
                fine = place == Path("/dev/null") or any(place.is_relative_to(each) for each in allowed)
                assert fine, event
            case (
                "pickle.find_class"
                | "os.system"
                | "os.exec"
                | "os.posix_spawn"
                | "os.spawn"
                | "subprocess.Popen"
            ):
                raise AssertionError(event)
            case "socket.connect" | "socket.sendto":
                raise AssertionError(event)
            case "ctypes.dlopen":
                assert not event.what[0].startswith(str(trap.paths.root)), event
