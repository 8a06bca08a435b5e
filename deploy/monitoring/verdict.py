"""What was seen, in a few sentences: the same on the page and in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deploy.monitoring.alerts import Alert

__all__ = ["verdict"]


def verdict(contents: Mapping[str, Any], alerts: Sequence[Alert]) -> dict[str, Any]:
    """`headline`, `sentences`, and `next`: what to do."""
    newest = contents["newest"]
    moved = [each for each in (*newest["columns"], *newest["outputs"]) if each["verdict"] != "steady"]
    moved.sort(key=lambda each: -each["psi"])
    sentences = [_compared(newest, moved), *_changes(contents), *_right(contents)]
    service = newest["service"]
    if service["p50"] is not None:
        sentences.append(
            f"Half of the answers came within {service['p50']:.3g} ms, 99 in 100 within {service['p99']:.3g} ms; "
            f"{service['refused']:.1%} of the requests were refused, {service['failed']:.1%} failed."
        )
    if contents["unread"]:
        sentences.append(f"Files that cannot be read: {', '.join(contents['unread'][:3])}.")
    drifted = contents["drifted"]
    if not newest["rows"]:
        headline = "Nothing was answered yet"
    elif alerts:
        headline = f"{len(alerts)} alert{'s' if len(alerts) > 1 else ''}: {alerts[0].sentence}"
    elif drifted:
        headline = f"{', '.join(drifted[:4])} drifted from what the model was trained on"
    elif moved:
        headline = f"{moved[0]['name']} moved a little; nothing has drifted"
    elif not newest["columns"] and not newest["outputs"]:
        headline = "Too little was asked to tell whether it has changed"
    else:
        headline = "What is asked looks like what the model was trained on"
    return {"headline": headline, "sentences": [each for each in sentences if each], "next": _next(contents)}


def _compared(newest: Mapping[str, Any], moved: Sequence[Mapping[str, Any]]) -> str:
    count = len(newest["columns"]) + len(newest["outputs"])
    if not count:
        return (
            f"Rows in the newest window: {newest['rows']}; too few to compare, or nothing of them was logged."
        )
    if not moved:
        return (
            f"None of {count} columns of the last {newest['rows']} rows is away from training beyond chance."
        )
    named = ", ".join(f"{each['name']} (PSI {each['psi']:.2g})" for each in moved[:4])
    more = f" and {len(moved) - 4} more" if len(moved) > 4 else ""
    return f"Of {count} columns of the last {newest['rows']} rows {len(moved)} moved: {named}{more}."


def _changes(contents: Mapping[str, Any]) -> list[str]:
    changes = contents["changes"]
    if not changes:
        return []
    last = changes[-1]
    return [
        f"As a stream, {len(changes)} changes were noticed; the last in {last['column']} by {last['time']}: "
        f"its mean went from {last['before']:.4g} to {last['after']:.4g}."
    ]


def _right(contents: Mapping[str, Any]) -> list[str]:
    found = contents["newest"]["correctness"]
    if "accuracy" in found:
        return [
            f"Of {found['labelled']} rows whose label came, {found['accuracy']:.1%} were right "
            f"(95 % interval {found['accuracy_low']:.1%} to {found['accuracy_high']:.1%})."
        ]
    if "mae" in found:
        return [
            f"Of {found['labelled']} rows whose value came, the mean absolute error is {found['mae']:.4g}."
        ]
    return ["No labels came for the newest window, so nothing is known of how right it is (POST /feedback)."]


def _next(contents: Mapping[str, Any]) -> str:
    if contents["drifted"]:
        return "Look at the drifted columns at their source first; where the change is real: tuneyard update MODEL --data NEW"
    return "Run this again as often as it matters, with --rules FILE in a cron job"
