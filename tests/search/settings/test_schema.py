"""The published JSON Schema is current, and agrees with what is read."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from search.settings import read_settings
from search.settings.document import read_document, read_text
from search.settings.schema import sweep_schema

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted([*ROOT.glob("examples/*.yaml"), *ROOT.glob("tuneyard/templates/*.yaml")])
SWEEPS = [path for path in EXAMPLES if path.name != "cluster.yaml"]


def test_the_published_schema_is_current() -> None:
    published = json.loads((ROOT / "docs" / "sweep.schema.json").read_text())
    assert published == sweep_schema(), "run: python -m search.settings.schema > docs/sweep.schema.json"
    jsonschema.Draft202012Validator.check_schema(published)


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.name)
def test_examples_fit_the_schema_and_read(path: Path) -> None:
    jsonschema.validate(read_document(path).data, sweep_schema())
    read_settings(path)


def test_a_resolved_file_fits_the_schema() -> None:
    Path("sweep.yaml").write_text("trainable: mlp\ndata: digits\nearly_terminate: asha\ntime_budget: 1h\n")
    written = read_settings(Path("sweep.yaml")).resolved().to_yaml()
    jsonschema.validate(read_text(written, "f").data, sweep_schema())


@pytest.mark.parametrize(
    "text",
    [
        "trainable: 3",
        "trainable: x\nparamters: {x: 1}",
        "trainable: x\nrun_cap: 0",
        "trainable: x\nrun_cap: many",
        "trainable: x\nmetric: {name: y, goal: max}",
        "trainable: x\nparameters: {x: {min: 1, mx: 3}}",
        "trainable: x\nparameters: {model: {x: {values: []}}}",
        "trainable: x\nparameters: {x: {min: 0, max: 1, distribution: normal}}",
        "trainable: x\nparameters: [x]",
        "trainable: x\nresources: {gpus: 1}",
        "trainable: x\ntime_budget: soon",
        "trainable: x\nlanes: wide",
        "trainable: x\nlanes: {width: 0}",
        "trainable: x\nversion: 2",
    ],
)
def test_the_schema_refuses_what_is_wrong_with_one_key(text: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(read_text(text, "f").data, sweep_schema())
