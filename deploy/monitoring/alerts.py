"""Rules held against what was seen: which are broken, and telling those who want to know."""

from __future__ import annotations

import http.client
import json
import os
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy.monitoring.drift import LEVEL
from deploy.monitoring.rules import Rule, Rules

__all__ = ["ALERTS", "Alert", "act", "judge"]

ALERTS = "alerts.jsonl"
"""The file in the log folder that the action log appends to."""

_PATIENCE = 5.0  # seconds that a webhook has


@dataclass(frozen=True)
class Alert:
    """A broken rule. `sentence`: what is wrong, for a person; `actions`: those of the rule."""

    rule: str
    figure: str
    column: str | None
    value: float
    sentence: str
    actions: tuple[str, ...]


def judge(contents: Mapping[str, Any], rules: Rules) -> list[Alert]:
    """The rules that are broken, in their order.

    A drift counts as such only where chance does not explain it (p corrected for all columns at most 0.01).
    """
    return [alert for rule in rules.rules for alert in _judge(contents, rule)]


def act(alerts: Sequence[Alert], rules: Rules, contents: Mapping[str, Any], log: Path) -> list[str]:
    """Do what the rules say, but for the exit code; returns a sentence for everything that could not be done."""
    problems = []
    now = datetime.now(UTC).isoformat(timespec="seconds")
    head = {"time": now, "model": contents["model"], "version": contents["version"]}
    lines = [json.dumps({**head, **asdict(alert)}) + "\n" for alert in alerts if "log" in alert.actions]
    if lines:
        try:
            descriptor = os.open(log / ALERTS, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            with open(descriptor, "a", encoding="utf-8") as file:
                file.writelines(lines)
        except OSError as error:
            problems.append(f"{log / ALERTS} cannot be written: {error.strerror}")
    sent = [asdict(alert) for alert in alerts if "webhook" in alert.actions]
    if sent and rules.webhook is not None:
        problems += _post(rules.webhook, {**head, "alerts": sent})
    return problems


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """An alert goes where the file says and nowhere else."""
        return


def _post(url: str, body: Mapping[str, Any]) -> Iterator[str]:
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    opener = urllib.request.build_opener(_NoRedirects, urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_PATIENCE) as answer:
            answer.read(1)
    except (OSError, ValueError) as error:
        yield f"the webhook could not be told: {error}"
    except http.client.HTTPException as error:  # its text may hold the address, and so a secret
        yield f"the webhook could not be told: {type(error).__name__}"


def _judge(contents: Mapping[str, Any], rule: Rule) -> Iterator[Alert]:
    newest = contents["newest"]
    for column, value, rows, evident in _values(contents, newest, rule):
        if rows < rule.least_rows or value is None:
            continue
        over = rule.above is not None and value > rule.above and evident
        under = rule.below is not None and value < rule.below
        if over or under:
            bound = f"above {rule.above:g}" if over else f"below {rule.below:g}"
            of = f" of {column}" if column else ""
            sentence = f"{rule.name}: {rule.figure}{of} is {value:.4g}, {bound}, over {rows} rows"
            yield Alert(rule.name, rule.figure, column, float(value), sentence, rule.actions)


def _values(
    contents: Mapping[str, Any], newest: Mapping[str, Any], rule: Rule
) -> Iterator[tuple[str | None, float | None, int, bool]]:
    """(column, value, rows behind it, whether chance does not explain it) of everything that a rule looks at."""
    figure = rule.figure
    if figure in ("psi", "missing", "unseen", "prediction_psi"):
        part, key = ("outputs", "psi") if figure == "prediction_psi" else ("columns", figure)
        for each in newest[part]:
            if rule.column in (None, each["name"]):
                evident = key != "psi" or each["adjusted"] <= LEVEL
                yield each["name"], each[key], each["rows"], evident
    elif figure == "changes":
        counted = [each for each in contents["changes"] if rule.column in (None, each["column"])]
        yield rule.column, float(len(counted)), contents["stream_rows"], True
    elif figure in ("accuracy", "mae", "rmse"):
        correct = newest["correctness"]
        yield None, correct.get(figure), correct["labelled"], True
    else:
        served = newest["service"]
        yield None, served[figure.removeprefix("latency_")], served["requests"], True
