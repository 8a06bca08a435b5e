"""A hostile sweep file or reference: refused with a sentence, fast, without being executed and without leaving the root."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from search.errors import SettingsError
from search.paths import check_name
from search.settings import read_settings
from search.settings.document import MAX_BYTES, MAX_DEPTH, MAX_NODES, read_document
from trainables.errors import PlugError
from trainables.plug import resolve
from tuneyard.__main__ import main

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
HOSTILE = {
    "an object": "trainable: !!python/object/apply:os.makedirs [{mark}]\n",
    "a module": "trainable: !!python/module:os\n",
    "a name": "trainable: !!python/name:os.system\n",
    "an own tag": "trainable: !anything {{a: 1}}\n",
    "binary": "trainable: !!binary aGVsbG8=\n",
    "a billion values": BOMB,
    "one that holds itself": "a: &a [*a]\n",
    "many levels": "a: " + "[" * 500 + "]" * 500,
    "very many levels": "[" * 100_000,
    "two documents": "a: 1\n---\nb: 2\n",
    "a long line": "a: " + "x" * (MAX_BYTES + 10),
    "no text": "\x00\x01\x02",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_sweep_file_is_refused_in_a_sentence(
    kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    mark = tmp_path / "mark"
    file = tmp_path / "sweep.yaml"
    file.write_text(HOSTILE[kind].replace("{mark}", str(mark)))
    began = time.process_time()
    with pytest.raises(SettingsError) as caught:
        read_settings(file)
    assert time.process_time() - began < 20
    assert all(len(line) < 600 for line in caught.value.problems)
    assert main(["plan", str(file)]) == 2
    assert "Traceback" not in capfd.readouterr().err
    assert not mark.exists()


def test_the_caps_are_caps_and_not_lower(tmp_path: Path) -> None:
    file = tmp_path / "sweep.yaml"
    file.write_text("a: [" + ", ".join(["1"] * (MAX_NODES - 10)) + "]\n")
    assert len(read_document(file).data["a"]) == MAX_NODES - 10
    file.write_text("a: " + "[" * (MAX_DEPTH - 2) + "]" * (MAX_DEPTH - 2))
    read_document(file)


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "/etc",
        "a/b",
        "..",
        ".ssh",
        "-rf",
        "",
        "a\nb",
        "a\x00b",
        "x" * 65,
        "‮gnp",
        "last",
        "~",
        "$HOME",
        "a b",
        "a;b",
    ],
)
def test_a_name_never_leaves_its_storage(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        check_name(name)
    (tmp_path / "sweep.yaml").write_text("trainable: sphere\nrun_cap: 1\nmax_steps: 1\n")
    before = set(tmp_path.rglob("*"))
    assert main(["run", "sweep.yaml", "--runner", "inline", "--name", name]) == 2
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "reference",
    [
        "os:__dict__",
        "os:path.__loader__.load_module",
        "__main__:x",
        "__future__:x",
        "os.__init__:x",
        "builtins:__import__",
        "train.py:Model.__init__",
        "train.py:__builtins__.exec",
        "train.py:a.b()",
        "train.py:(lambda: 1)",
        "os; import x:y",
        "../../etc/passwd:x",
        ":",
        "a:",
        ":b",
    ],
)
def test_a_reference_has_no_dunder_and_is_no_code(reference: str, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("class Model:\n    pass\n")
    with pytest.raises(PlugError) as caught:
        resolve(reference, tmp_path)
    assert "\n" not in str(caught.value)


def test_a_storage_that_is_a_link_is_the_users_own_affair(tmp_path: Path) -> None:
    """A name below it stays below what it means."""
    (tmp_path / "disk").mkdir()
    os.symlink(tmp_path / "disk", tmp_path / "runs")
    (tmp_path / "sweep.yaml").write_text("trainable: sphere\nrun_cap: 1\nmax_steps: 1\nname: mine\n")
    assert main(["run", "sweep.yaml", "--runner", "inline"]) == 0
    assert (tmp_path / "disk" / "mine" / "journal.jsonl").is_file()
    assert main(["resume", "mine", "--add-trials", "1", "--runner", "inline"]) == 0
