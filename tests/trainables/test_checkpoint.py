"""A checkpoint is complete or absent, and a damaged one is found out."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from trainables.checkpoint import newest_valid, prune, read_checkpoint, write_checkpoint
from trainables.errors import CheckpointError


def fill(directory: Path) -> None:
    (directory / "weights.bin").write_bytes(bytes(range(256)) * 40)
    (directory / "deep").mkdir()
    (directory / "deep" / "state.json").write_text("{}")


def test_round_trip(tmp_path: Path) -> None:
    checkpoint = write_checkpoint(tmp_path / "c", fill, 12)
    assert checkpoint.name == "step-00000012-0001"
    assert read_checkpoint(checkpoint) == 12
    assert newest_valid(tmp_path / "c") == (checkpoint, 12)
    assert sorted(json.loads((checkpoint / "manifest.json").read_text())["files"]) == [
        "deep/state.json",
        "weights.bin",
    ]


def test_the_same_step_twice_keeps_both_and_the_later_is_the_newest(tmp_path: Path) -> None:
    first = write_checkpoint(tmp_path, fill, 3)
    second = write_checkpoint(tmp_path, fill, 3)
    assert first.exists()
    assert newest_valid(tmp_path) == (second, 3)


def test_steps_are_ordered_as_numbers(tmp_path: Path) -> None:
    for step in (9, 10, 100_000_000, 2):
        write_checkpoint(tmp_path, fill, step)
    found = newest_valid(tmp_path)
    assert found is not None
    assert found[1] == 100_000_000


@pytest.mark.parametrize("name", ["weights.bin", "deep/state.json", "manifest.json"])
@pytest.mark.parametrize("damage", ["cut", "empty", "missing", "flipped"])
def test_a_damaged_one_is_passed_over(
    tmp_path: Path, name: str, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    good = write_checkpoint(tmp_path, fill, 4)
    bad = write_checkpoint(tmp_path, fill, 5)
    file = bad / name
    content = file.read_bytes()
    if damage == "missing":
        file.unlink()
    else:
        changed = {"cut": content[:-1], "empty": b"", "flipped": bytes([content[0] ^ 1]) + content[1:]}
        file.write_bytes(changed[damage])
    with pytest.raises(CheckpointError, match=name):
        read_checkpoint(bad)
    with caplog.at_level(logging.WARNING):
        assert newest_valid(tmp_path) == (good, 4)
    assert "damaged checkpoint" in caplog.text


def test_every_cut_of_the_manifest_is_found_out(tmp_path: Path) -> None:
    checkpoint = write_checkpoint(tmp_path, fill, 5)
    manifest = checkpoint / "manifest.json"
    content = manifest.read_bytes()
    for length in range(len(content)):
        manifest.write_bytes(content[:length])
        with pytest.raises(CheckpointError):
            read_checkpoint(checkpoint)


@pytest.mark.parametrize(
    "content", ["[]", "null", '{"format": 1, "step": "9", "files": {}}', '{"format": 2}']
)
def test_a_manifest_of_another_shape(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(CheckpointError, match="manifest"):
        read_checkpoint(tmp_path)


def test_a_manifest_that_points_outside(tmp_path: Path) -> None:
    checkpoint = write_checkpoint(tmp_path / "c", fill, 5)
    (tmp_path / "secret").write_text("x")
    manifest = checkpoint / "manifest.json"
    content = json.loads(manifest.read_text())
    content["files"]["../../secret"] = {"sha256": "0" * 64, "bytes": 1}
    manifest.write_text(json.dumps(content))
    with pytest.raises(CheckpointError, match="outside"):
        read_checkpoint(checkpoint)


def test_files_the_manifest_does_not_name_are_ignored(tmp_path: Path) -> None:
    checkpoint = write_checkpoint(tmp_path, fill, 5)
    (checkpoint / ".is_checkpoint").touch()
    assert read_checkpoint(checkpoint) == 5


def test_a_save_that_raises_leaves_nothing_and_keeps_the_earlier(tmp_path: Path) -> None:
    good = write_checkpoint(tmp_path, fill, 1)

    def full_disk(directory: Path) -> None:
        fill(directory)
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_checkpoint(tmp_path, full_disk, 2)
    assert list(tmp_path.iterdir()) == [good]


@pytest.mark.parametrize("rule", ["links", "manifest.json"])
def test_what_save_may_not_write(tmp_path: Path, rule: str) -> None:
    def save(directory: Path) -> None:
        if rule == "links":
            (directory / "link").symlink_to(tmp_path)
        else:
            (directory / "manifest.json").touch()

    with pytest.raises(CheckpointError, match=rule):
        write_checkpoint(tmp_path, save, 1)


def test_prune_keeps_the_newest_and_sweeps_up_what_died_half_way(tmp_path: Path) -> None:
    written = [write_checkpoint(tmp_path, fill, step) for step in range(1, 6)]
    (tmp_path / ".writing-dead").mkdir()
    (tmp_path / "stdout.log").touch()
    prune(tmp_path, keep=2)
    assert set(tmp_path.iterdir()) == {*written[-2:], tmp_path / "stdout.log"}
    with pytest.raises(ValueError, match="at least 1"):
        prune(tmp_path, keep=0)


def test_a_step_written_twice_does_not_push_out_the_step_before(tmp_path: Path) -> None:
    """Killed twice between a checkpoint and its report: the trial still goes on from the last reported step."""
    before = write_checkpoint(tmp_path, fill, 3)
    for _ in range(3):
        newest = write_checkpoint(tmp_path, fill, 4)
        prune(tmp_path, keep=2)
    assert set(tmp_path.iterdir()) == {before, newest}
    assert newest_valid(tmp_path, at_most=3) == (before, 3)


def test_those_of_later_steps_are_left_out(tmp_path: Path) -> None:
    """A crash can come between a checkpoint and its report: the trial goes on from what was reported."""
    written = {step: write_checkpoint(tmp_path, fill, step) for step in (2, 4, 5)}
    assert newest_valid(tmp_path, at_most=4) == (written[4], 4)
    (written[4] / "weights.bin").unlink()
    assert newest_valid(tmp_path, at_most=4) == (written[2], 2)
    assert newest_valid(tmp_path, at_most=1) is None


def test_nothing_there(tmp_path: Path) -> None:
    assert newest_valid(tmp_path / "none") is None
    prune(tmp_path / "none")
