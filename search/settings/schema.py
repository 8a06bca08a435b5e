"""The JSON Schema of a sweep file, for editors and other tools.

    python -m search.settings.schema > docs/sweep.schema.json

It knows keys, types and ranges, not rules across keys; `tuneyard plan FILE` knows those too.
"""

from __future__ import annotations

import json
from typing import Any

from search.schedulers import SCHEDULERS
from search.searchers import SEARCHERS
from search.settings.checks import METHOD_ALIASES
from search.settings.overrides import SHORTHAND
from search.settings.sweep_file import SweepFile
from spaces.leaf import LEAF_MARKS
from trainables.catalogue import CATALOGUE

__all__ = ["sweep_schema"]

_SCALAR = {"type": ["number", "string", "boolean"]}
_DISTRIBUTIONS = [
    "uniform",
    "int_uniform",
    "q_uniform",
    "log_uniform_values",
    "q_log_uniform_values",
    "categorical",
    "constant",
]
_LEAF = {
    "properties": {
        "min": {"type": "number", "description": "lower bound, included"},
        "max": {"type": "number", "description": "upper bound, included"},
        "step": {"type": "number", "exclusiveMinimum": 0, "description": "distance of values, from min"},
        "q": {"type": "number", "exclusiveMinimum": 0, "description": "W&B's step"},
        "log": {"type": "boolean", "description": "search on a logarithmic scale"},
        "values": {"type": "array", "minItems": 1},
        "ordered": {"type": "boolean", "description": "the values have an order"},
        "value": {"description": "a constant"},
        "distribution": {"enum": _DISTRIBUTIONS},
        "when": {"$ref": "#/$defs/when"},
        "role": {"enum": ["scientific", "nuisance", "fixed"]},
    },
    "additionalProperties": False,
}
_DEFINITIONS = {
    "when": {
        "description": "all must hold: {optimizer: sgd}, {optimizer: [sgd, lion]}, {depth: '>= 3'}",
        "anyOf": [
            {"type": "object", "minProperties": 1},
            {"type": "array", "minItems": 1, "items": {"type": "object", "minProperties": 1}},
        ],
    },
    "parameter": {
        "if": {"type": "object", "anyOf": [{"required": [mark]} for mark in LEAF_MARKS]},
        "then": _LEAF,
        "else": {
            "anyOf": [
                _SCALAR,
                {"type": "array", "minItems": 1, "items": {"type": "object"}, "description": "branches"},
                {"$ref": "#/$defs/group"},
            ]
        },
    },
    "group": {
        "type": "object",
        "minProperties": 1,
        "properties": {"when": {"$ref": "#/$defs/when"}, "parameters": {"$ref": "#/$defs/group"}},
        "additionalProperties": {"$ref": "#/$defs/parameter"},
    },
}


def sweep_schema() -> dict[str, Any]:
    """The schema, JSON Schema 2020-12."""
    schema = SweepFile.model_json_schema()
    properties = schema["properties"]
    schema["$defs"] |= _DEFINITIONS
    for section in SHORTHAND:
        properties[section]["anyOf"].append({"type": "string", "minLength": 1})
    properties["lanes"]["anyOf"] += [{"type": "integer", "minimum": 1}, {"const": "auto"}]
    objective = properties["metrics"]["anyOf"][0]
    objective["items"] = {"anyOf": [objective["items"], {"type": "string", "minLength": 1}]}
    for texts in ("constraints", "outcome_constraints", "warm_start"):
        properties[texts] = {"anyOf": [_without(properties[texts], "title"), {"type": "string"}]}
    properties["parameters"] |= {"anyOf": [{"$ref": "#/$defs/group"}, {"type": "null"}]}
    properties["trainable"]["examples"] = sorted(CATALOGUE)
    properties["method"]["examples"] = [*SEARCHERS, *METHOD_ALIASES]
    properties["early_terminate"]["examples"] = list(SCHEDULERS)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A tuneyard sweep file",
        **{key: value for key, value in schema.items() if key != "title"},
    }


def _without(mapping: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name != key}


if __name__ == "__main__":
    print(json.dumps(sweep_schema(), indent=2))
