"""Plain data as YAML that a person can read, and that any reader of YAML reads back as the same data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import SafeRepresenter

__all__ = ["yaml_text"]

_PLAIN = re.compile(
    r"(?!(y|n|yes|no|on|off)$)"  # booleans to readers of YAML 1.1
    r"([A-Za-z_/.]|\d+[dhms])[\w/.:+*<>=()-]*( [\w/.:+*<>=()-]+)*",
    re.ASCII | re.IGNORECASE,
)


def yaml_text(data: Mapping[str, Any], head: Mapping[str, Any]) -> str:
    """`data` in block style, its innermost mappings and lists in one line each; `head` as comments before it."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Representer = _Representer
    yaml.default_flow_style = None
    yaml.width = (
        1_000_000  # never folded: ruamel loses a backslash where it breaks a quoted line just before one
    )
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    text = StringIO()
    for key, value in head.items():
        text.write(f"# {key}: {' '.join(str(value).split())}\n")
    yaml.dump(dict(data), text)
    return text.getvalue()


class _Representer(SafeRepresenter):
    """Puts text in quotes unless it is plainly harmless: in a flow list ruamel writes "?x" such that nobody reads it."""

    def represent_str(self, data: str) -> ScalarNode:
        style = None if _PLAIN.fullmatch(data) else '"'
        node: ScalarNode = self.represent_scalar("tag:yaml.org,2002:str", data, style=style)
        return node

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Representer.add_representer(str, _Representer.represent_str)
