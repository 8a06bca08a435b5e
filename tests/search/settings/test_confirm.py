"""`confirm`: what cannot be done is told before the search is paid for."""

from __future__ import annotations

from pathlib import Path

import pytest

from search.errors import SettingsError
from search.settings import ResolvedSettings, read_settings
from search.settings.sweep_file import ConfirmSection

MINE = """\
trainable: branin
metric: loss
run_cap: 3
"""


def refused(tmp_path: Path, text: str) -> str:
    file = tmp_path / "sweep.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError) as raised:
        read_settings(file).resolved()
    return str(raised.value)


def test_folds_need_a_data_section(tmp_path: Path) -> None:
    assert (
        "sweep.yaml:4:11 confirm.folds: these are folds of the `data:` section, and there is none"
        in refused(tmp_path, MINE + "confirm: {folds: 3}\n")
    )


def test_racing_is_not_over_folds(tmp_path: Path) -> None:
    text = MINE.replace("branin", "classical\ndata: iris") + "confirm: {folds: 3, racing: true}\n"
    assert "confirm.racing: holds its error rate over independent seeds" in refused(tmp_path, text)


def test_folds_of_a_data_section_are_taken_and_come_back_from_the_journal(tmp_path: Path) -> None:
    file = tmp_path / "sweep.yaml"
    file.write_text("trainable: classical\ndata: digits\nconfirm: {folds: 3}\n")
    settings = read_settings(file).resolved()
    assert settings.file.confirm == ConfirmSection(folds=3)
    assert ResolvedSettings.from_dict(settings.to_dict()).file == settings.file
