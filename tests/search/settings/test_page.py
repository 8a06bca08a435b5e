"""docs/sweep-file.md tells the truth: its files read, and it names every key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from search.schedulers import SCHEDULERS
from search.searchers import SEARCHERS
from search.settings import SweepFile, read_settings
from search.settings.checks import METHOD_ALIASES

PAGE = (Path(__file__).parents[3] / "docs" / "sweep-file.md").read_text()
FILES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("text", FILES)
def test_a_file_on_the_page_resolves(text: str) -> None:
    Path("generator.py").write_text("def train(config):\n    yield {'loss': 1.0}\n")
    Path("sweep.yaml").write_text(text)
    assert read_settings(Path("sweep.yaml")).resolved().problem().space.searched


def test_every_key_method_and_scheduler_is_on_the_page() -> None:
    named = set(re.findall(r"`([a-z0-9_/]+)`", PAGE))
    keys = {*SweepFile.model_fields} | {"resources", "failure", "checkpoint"}
    assert keys <= named
    assert set(SEARCHERS) <= named
    assert set(SCHEDULERS) <= named
    assert "bayes" in METHOD_ALIASES
    assert "method: bayes" in PAGE
