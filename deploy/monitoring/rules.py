"""Alert rules: a YAML file that says which figure must not pass which bound, and what is done then."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from search.errors import SettingsError
from search.settings.document import Document, in_order, kind_of, read_text
from trainables.errors import nearest

__all__ = ["ACTIONS", "DEFAULT_RULES", "FIGURES", "Rule", "Rules", "read_rules"]

MOST_BYTES = 64 * 1024
ACTIONS = ("show", "log", "webhook", "exit")

OF_COLUMNS = ("psi", "missing", "unseen")
FIGURES = (
    *OF_COLUMNS,
    "prediction_psi",
    "changes",
    "latency_p50",
    "latency_p95",
    "latency_p99",
    "failed",
    "refused",
    "requests",
    "accuracy",
    "mae",
    "rmse",
)
"""What a rule may look at, all of the newest window but `changes`; see docs/monitor.md."""


@dataclass(frozen=True)
class Rule:
    """One rule. It is broken where the figure is `above` or `below` the bound; either may be None.

    Attributes:
        column: which column, of psi, missing, unseen, changes; None = each.
        least_rows: with fewer rows (for accuracy, mae, rmse: labelled ones) in the window nothing is said.
        actions: of `ACTIONS`; show is always one.
    """

    name: str
    figure: str
    column: str | None = None
    above: float | None = None
    below: float | None = None
    least_rows: int = 100
    actions: tuple[str, ...] = ("show", "log", "exit")


@dataclass(frozen=True)
class Rules:
    """The rules of a file, and where alerts with the action webhook are sent."""

    rules: tuple[Rule, ...]
    webhook: str | None = None


DEFAULT_RULES = Rules(
    (
        Rule("inputs drifted", "psi", above=0.25, actions=("show",)),
        Rule("predictions drifted", "prediction_psi", above=0.25, actions=("show",)),
        Rule("requests fail", "failed", above=0.01, actions=("show",)),
    )
)
"""Without a file: what is shown, and nothing else is done."""


def read_rules(path: Path, columns: frozenset[str] | None = None) -> Rules:
    """The rules of a file.

    Args:
        columns: names that a rule may give as its column; None = any.

    Raises:
        SettingsError: every problem with its `file:line:column`.
    """
    try:
        with open(path, "rb") as file:
            raw = file.read(MOST_BYTES + 1)
        text = raw.decode("utf-8")
    except OSError as error:
        raise SettingsError(f"{path}: the rules cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not UTF-8; save the file as UTF-8") from error
    if len(raw) > MOST_BYTES:
        raise SettingsError(f"{path}: rules are at most {MOST_BYTES // 1024} KiB; this file is larger")
    return _Reader(read_text(text, str(path)), columns).rules()


class _Reader:
    """Reads a document, and collects everything that is wrong with it."""

    def __init__(self, document: Document, columns: frozenset[str] | None) -> None:
        self._document, self._columns = document, columns
        self._problems: list[str] = []

    def rules(self) -> Rules:
        data = self._document.data
        if not isinstance(data, Mapping):
            self._problem((), f"a file of rules is a mapping with the key rules, not {kind_of(data)}")
            raise SettingsError(self._problems)
        self._known(data, ("rules", "webhook"), ())
        webhook = self._webhook(data.get("webhook"))
        listed = data.get("rules")
        if not isinstance(listed, list) or not listed:
            self._problem(("rules",), "has to be a list of rules, one or more")
            listed = []
        found = [self._rule(each, ("rules", i)) for i, each in enumerate(listed)]
        rules = tuple(each for each in found if each is not None)
        for i, rule in enumerate(rules):
            if "webhook" in rule.actions and webhook is None and not self._problems:
                self._problem(("rules", i, "actions"), "webhook needs the key webhook: URL beside rules")
        if self._problems:
            raise SettingsError(in_order(self._problems))
        return Rules(rules, webhook)

    def _rule(self, said: Any, path: tuple[str | int, ...]) -> Rule | None:
        if not isinstance(said, Mapping):
            self._problem(path, f"a rule is a mapping with figure and above or below, not {kind_of(said)}")
            return None
        before = len(self._problems)
        self._known(said, ("name", "figure", "column", "above", "below", "least_rows", "actions"), path)
        figure = said.get("figure")
        if figure is None:
            self._problem(path, f"figure is missing; {nearest('', FIGURES)}")
        elif figure not in FIGURES:
            self._problem(
                (*path, "figure"), f"there is no figure {figure!r}; {nearest(str(figure), FIGURES)}"
            )
        above, below = (self._bound(said, key, path) for key in ("above", "below"))
        if "above" not in said and "below" not in said:
            self._problem(path, "above or below is missing: the bound that must not be passed")
        column = said.get("column")
        if column is not None and figure not in (*OF_COLUMNS, "changes"):
            self._problem((*path, "column"), f"{figure} is of no column; leave column out")
        elif column is not None and not isinstance(column, str):
            self._problem((*path, "column"), f"has to be the name of a column, got {kind_of(column)}")
        elif column is not None and self._columns is not None and column not in self._columns:
            self._problem(
                (*path, "column"),
                f"the model has no column {column!r}; {nearest(str(column), self._columns)}",
            )
        least = said.get("least_rows", 100)
        if isinstance(least, bool) or not isinstance(least, int) or least < 1:
            self._problem((*path, "least_rows"), f"has to be a whole number above zero, got {least!r}")
        name = said.get("name", figure)
        if not isinstance(name, str):
            self._problem((*path, "name"), f"has to be text, got {kind_of(name)}")
        actions = tuple(self._actions(said.get("actions", ["log", "exit"]), (*path, "actions")))
        if len(self._problems) > before:
            return None
        return Rule(str(name), str(figure), column, above, below, int(least), ("show", *actions))

    def _actions(self, said: Any, path: tuple[str | int, ...]) -> Iterator[str]:
        for each in said if isinstance(said, list) else [said]:
            if each not in ACTIONS:
                self._problem(path, f"there is no action {each!r}; {nearest(str(each), ACTIONS)}")
            elif each != "show":
                yield each

    def _bound(self, said: Mapping[str, Any], key: str, path: tuple[str | int, ...]) -> float | None:
        value = said.get(key)
        if key not in said:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._problem((*path, key), f"has to be a number, got {kind_of(value)}")
            return None
        try:
            return float(value)
        except OverflowError:
            self._problem((*path, key), "has to be a number that is not as large")
            return None

    def _webhook(self, said: Any) -> str | None:
        """http only to this machine: elsewhere anybody on the way could read and change it."""
        if said is None:
            return None
        try:
            parts = urlsplit(said) if isinstance(said, str) else None
            host = "" if parts is None else parts.hostname or ""
            fine = (
                parts is not None
                and host
                and parts.username is None
                and said.isprintable()
                and " " not in said
                and (parts.scheme == "https" or (parts.scheme == "http" and _here(host)))
            )
        except ValueError:
            fine = False
        if not fine:
            self._problem(
                ("webhook",),
                "has to be https://..., or http:// to this machine, without a name and password in it",
            )
            return None
        return str(said)

    def _known(self, said: Mapping[str, Any], keys: tuple[str, ...], path: tuple[str | int, ...]) -> None:
        for key in said:
            if key not in keys:
                self._problem((*path, key), f"there is no such key; {nearest(key, keys)}")

    def _problem(self, path: tuple[str | int, ...], sentence: str) -> None:
        self._problems.append(self._document.problem(path, sentence))


def _here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
