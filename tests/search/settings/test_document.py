"""YAML as plain data: what is read, what is refused, where things stand, and what a hostile file may cost."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from search.errors import SettingsError
from search.settings.document import MAX_BYTES, read_document, read_text


def test_values_are_plain_and_numbers_are_numbers() -> None:
    text = "a: 1e-4\nb: [1, 2.5, no, on, ~]\nc: 'x'\nd: 2024-01-31\ne: 1_000\nf: 0x10\ng: {h: true}\n"
    data = read_text(text, "f").data
    assert data == {
        "a": 1e-4,
        "b": [1, 2.5, "no", "on", None],
        "c": "x",
        "d": "2024-01-31",
        "e": 1000,
        "f": 16,
        "g": {"h": True},
    }
    assert all(type(value) in (int, float, str, list, dict) for value in data.values())


def test_every_key_and_item_has_its_place() -> None:
    document = read_text("a:\n  b: {c: 1}\nd:\n  - 1\n  - e: 2\n", "f.yaml")
    assert document.place(("a",)) == "f.yaml:1:1"
    assert document.place(("a", "b", "c")) == "f.yaml:2:7"
    assert document.place(("d", 1)) == "f.yaml:5:5"
    assert document.place(("d", 1, "e")) == "f.yaml:5:5"
    assert document.place(("a", "b", "not there")) == "f.yaml:2:3"


def test_aliases_and_merge_keys_are_written_out() -> None:
    text = "base: &base {min: 0, max: 1}\na: *base\nb: {<<: *base, max: 2}\nc: {<<: [{max: 5}, *base]}\n"
    data = read_text(text, "f").data
    assert data["a"] == {"min": 0, "max": 1}
    assert data["b"] == {"min": 0, "max": 2}
    assert data["c"] == {"min": 0, "max": 5}
    assert data["a"] is not data["base"]


def test_a_few_lines_that_stand_for_a_billion_values_are_refused_quickly() -> None:
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    text += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))
    begun = time.process_time()
    with pytest.raises(SettingsError, match="more than 50000 values once aliases"):
        read_text(text, "f")
    assert (
        time.process_time() - begun < 30
    )  # a billion would take hours: this guards against no cap, not for speed


@pytest.mark.parametrize(
    "text", ["a: &a [*a]\n", "a: &a {b: *a}\n", "a: " + "[" * 100 + "]" * 100, "[" * 5000]
)
def test_endless_and_deep_nesting_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="nested deeper than 40 levels"):
        read_text(text, "f")


def test_a_large_file_is_refused_before_it_is_read() -> None:
    Path("big.yaml").write_text("#" * (MAX_BYTES + 1))
    with pytest.raises(SettingsError, match="at most 256 KiB"):
        read_document(Path("big.yaml"))


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"trainable: mlp\nname: caf\xe9\n", "f.yaml:2:10: not UTF-8 (byte 0xe9)"),
        ("trainable: mlp".encode("utf-16"), "f.yaml:1:1: not UTF-8 (byte 0xff)"),
        (b"trainable: mlp\nname: a\x00b\n", "f.yaml:2:8: character 0x0000 cannot stand in YAML"),
        (b"a: &x 1\nb: *y\n", "f.yaml:2:4: not YAML: found undefined alias 'y'"),
        (b"a: !!int x\n", "f.yaml:1:4 a: 'x' does not read as int"),
        (b"a: {<<: 3}\n", "f.yaml:1:9 a: << takes an alias of a mapping, or a list of them"),
        (b"? [1, 2]\n: 3\n", "f.yaml:1:3: a key must be text, got a list or mapping; put it in quotes"),
    ],
)
def test_what_is_not_yaml_is_located(raw: bytes, said: str) -> None:
    Path("f.yaml").write_bytes(raw)
    with pytest.raises(SettingsError) as caught:
        read_document(Path("f.yaml"))
    assert caught.value.problems[0].startswith(said)


def test_a_byte_order_mark_and_windows_lines_are_no_trouble() -> None:
    Path("f.yaml").write_bytes(b"\xef\xbb\xbftrainable: mlp\r\nseed: 3\r\n")
    assert read_document(Path("f.yaml")).data == {"trainable": "mlp", "seed": 3}


def test_nothing_is_constructed_from_tags() -> None:
    witness = Path("witness")
    text = f"a: !!python/object/apply:pathlib.Path.touch [{witness}]\nb: !include x\n"
    with pytest.raises(SettingsError) as caught:
        read_text(text, "f")
    assert len(caught.value.problems) == 2
    assert not witness.exists()
