"""The registry: stages, history, rollback; files that are anybody's; two writers; a crash in between."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.registry import Registry, RegistryError
from search.errors import SettingsError


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return _model(tmp_path / "model", "1")


@pytest.fixture
def registry(tmp_path: Path, model: Path) -> Registry:
    """Three versions, none promoted."""
    registry = Registry.create(tmp_path / "registry" / "penguins")
    for number in (1, 2, 3):
        (model / "model.json").write_text(json.dumps({"number": number}))
        registry.add(model, note=f"number {number}")
    return registry


def _model(folder: Path, content: str) -> Path:
    folder.mkdir()
    (folder / "model.json").write_text(content)
    (folder / "parts").mkdir()
    (folder / "parts" / "weights.bin").write_bytes(content.encode() * 100)
    return folder


def _stages(registry: Registry) -> list[str]:
    return [each.stage for each in Registry.open(registry.folder).versions]


def test_a_version_is_a_copy_that_later_changes_of_the_model_do_not_reach(
    tmp_path: Path, model: Path
) -> None:
    registry = Registry.create(tmp_path / "penguins")
    version = registry.add(model)
    (model / "parts" / "weights.bin").write_bytes(b"changed")
    assert (registry.path("v1") / "parts" / "weights.bin").read_bytes() == b"1" * 100
    registry.check("v1")
    assert (version.name, version.stage) == ("v1", "staging")
    assert [path.name for path in registry.folder.iterdir() if path.is_dir()] == ["v1"]


def test_what_was_in_production_is_archived_and_comes_back_by_a_rollback(registry: Registry) -> None:
    registry.promote("v1")
    registry.promote("v2", reason="better")
    assert _stages(registry) == ["archived", "production", "staging"]
    registry.promote("v3")
    assert registry.rollback(reason="alerts").name == "v2"
    assert _stages(registry) == ["archived", "production", "archived"]
    assert registry.production == registry.folder / "v2"
    assert registry.rollback().name == "v1"  # a second one goes further back, not to and fro
    with pytest.raises(RegistryError, match="nothing to roll back to"):
        registry.rollback()
    assert [(e.deed, e.version, e.before) for e in Registry.open(registry.folder).history[3:]] == [
        ("promote", "v1", ""),
        ("promote", "v2", "v1"),
        ("promote", "v3", "v2"),
        ("rollback", "v2", "v3"),
        ("rollback", "v1", "v2"),
    ]
    assert registry.history[-2].reason == "alerts"


def test_a_version_that_was_compared_with_another_than_the_one_in_production_stays(
    registry: Registry,
) -> None:
    registry.promote("v1")
    late = Registry.open(registry.folder)
    registry.promote("v2", over="v1")
    with pytest.raises(RegistryError, match="v2 is in production by now, and v3 was compared with v1"):
        late.promote("v3", over="v1")
    assert _stages(registry) == ["archived", "production", "staging"]


def test_a_withdrawn_version_is_passed_over_by_a_rollback(registry: Registry) -> None:
    for name in ("v1", "v2", "v3"):
        registry.promote(name)
    registry.archive("v2", reason="leaks the target")
    assert registry.rollback().name == "v1"
    with pytest.raises(RegistryError, match="archived already"):
        registry.archive("v2")
    with pytest.raises(RegistryError, match="put another there first"):
        registry.archive("v1")
    assert registry.promote("v2").stage == "production"  # by its name it may come back


def test_a_version_is_promoted_again_after_a_rollback(registry: Registry) -> None:
    for name in ("v1", "v2"):
        registry.promote(name)
    registry.rollback()
    registry.promote("v2")
    assert registry.rollback().name == "v1"


def test_production_before_any_promotion_says_what_to_type(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=r"tuneyard registry promote .* v3"):
        _ = registry.production
    with pytest.raises(RegistryError, match="tuneyard registry add"):
        _ = Registry.create(tmp_path / "empty").production
    registry.promote("v1")
    with pytest.raises(RegistryError, match="already"):
        registry.promote("v1")


def test_changed_files_are_not_promoted_nor_rolled_back_to(registry: Registry) -> None:
    registry.promote("v1")
    registry.promote("v2")
    for name in ("v1", "v3"):
        (registry.folder / name / "parts" / "weights.bin").write_bytes(b"x")
    with pytest.raises(RegistryError, match="changed after it was added"):
        registry.promote("v3")
    with pytest.raises(RegistryError, match="changed after it was added"):
        registry.rollback()
    assert _stages(registry) == ["archived", "production", "staging"]
    assert registry.current is not None
    assert registry.current.name == "v2"


@pytest.mark.parametrize(
    "name", ["../v1", "/etc", "v1/..", "v01", "", ".", "V1", "v1\n", "production/..", "v4"]
)
def test_a_name_that_is_no_version_leads_nowhere(registry: Registry, name: str) -> None:
    for ask in (registry.path, registry.promote, registry.archive, registry.check):
        with pytest.raises(RegistryError, match="has no version"):
            ask(name)


@pytest.mark.parametrize("name", ["-x", ".hidden", "a b", "last", "ä" * 3, "x" * 65])
def test_a_folder_that_can_be_no_models_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError):
        Registry.create(tmp_path / name)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, model: Path) -> None:
    with pytest.raises(RegistryError, match="something else"):
        Registry.create(model)
    with pytest.raises(RegistryError, match="no registry"):
        Registry.open(model)
    with pytest.raises(RegistryError, match="no model folder"):
        Registry.create(tmp_path / "penguins").add(tmp_path)
    assert sorted(path.name for path in model.iterdir()) == ["model.json", "parts"]


def test_links_in_a_model_and_versions_that_became_links_are_refused(registry: Registry, model: Path) -> None:
    secret = model.parent / "secret"
    secret.write_text("private")
    (model / "parts" / "link").symlink_to(secret)
    with pytest.raises(Exception, match="is a link"):
        registry.add(model)
    assert len(Registry.open(registry.folder).versions) == 3
    assert not list(registry.folder.glob(".adding-*"))
    (registry.folder / "v1").rename(model.parent / "elsewhere")
    (registry.folder / "v1").symlink_to(model.parent / "elsewhere")
    with pytest.raises(RegistryError, match="no folder of its own"):
        registry.promote("v1")


_ENTRY = {"name": "v1", "stage": "staging", "added": "", "fingerprint": "", "note": ""}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"format": 2, "versions": [], "history": []}',
        json.dumps({"format": 1, "versions": [{**_ENTRY, "name": "../../etc"}], "history": []}).encode(),
        json.dumps({"format": 1, "versions": [{**_ENTRY, "stage": "live"}], "history": []}).encode(),
        json.dumps({"format": 1, "versions": [{**_ENTRY, "note": 3}], "history": []}).encode(),
        json.dumps({"format": 1, "versions": [_ENTRY, _ENTRY], "history": []}).encode(),
        json.dumps({"format": 1, "versions": [{**_ENTRY, "more": ""}], "history": []}).encode(),
        json.dumps(
            {"format": 1, "versions": [], "history": [{"at": "", "deed": "add", "version": "v1"}]}
        ).encode(),
        b'{"format": 1, "versions": [' + b"[" * 100_000,
    ],
)
def test_a_damaged_file_is_named_and_not_written_over(registry: Registry, content: bytes) -> None:
    file = registry.folder / "registry.json"
    file.write_bytes(content)
    for ask in (lambda: Registry.open(registry.folder), lambda: registry.promote("v1")):
        with pytest.raises(RegistryError, match=r"registry\.json is damaged"):
            ask()
    assert file.read_bytes() == content


def test_a_folder_without_an_entry_is_not_written_over(registry: Registry) -> None:
    """A process that died after the rename and before the entry."""
    (registry.folder / "v4").mkdir()
    (registry.folder / "v4" / "precious").write_text("kept")
    model = _model(registry.folder.parent / "again", "4")
    assert registry.add(model).name == "v5"
    assert (registry.folder / "v4" / "precious").read_text() == "kept"


def test_a_write_that_fails_changes_nothing(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.promote("v1")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        registry.promote("v2")
    assert registry.current is not None
    assert registry.current.name == "v1"
    assert _stages(registry) == ["production", "staging", "staging"]


def test_two_processes_that_add_and_promote_lose_nothing(tmp_path: Path, model: Path) -> None:
    folder = tmp_path / "penguins"
    Registry.create(folder)
    program = (
        "import sys; from pathlib import Path; from deploy.registry import Registry\n"
        "registry = Registry.open(Path(sys.argv[1]))\n"
        "for _ in range(10): registry.promote(registry.add(Path(sys.argv[2])).name)\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", program, str(folder), str(model)]) for _ in range(2)]
    assert [each.wait(timeout=120) for each in both] == [0, 0]
    registry = Registry.open(folder)
    assert [each.name for each in registry.versions] == [f"v{number}" for number in range(1, 21)]
    assert sum(each.stage == "production" for each in registry.versions) == 1
    assert len(registry.history) == 40


def test_a_reader_sees_production_change_without_opening_files_of_a_version(registry: Registry) -> None:
    registry.promote("v1")
    reader = Registry.open(registry.folder)
    registry.promote("v2")
    assert reader.production.name == "v1"  # as it was when it was opened
    assert Registry.open(registry.folder).production.name == "v2"
