"""report.md: the report for a pull request. Rounded, in a stable order, without times of day: two of them diff well."""

from __future__ import annotations

import re
from typing import Any

from search.analysis.axes import spelled
from search.analysis.numbers import decimals_for, duration, number, percent, plural
from search.report.text import shortened

__all__ = ["escaped", "markdown"]

PLACES, CELL = 10, 60
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&!])")


def escaped(text: str, limit: int = CELL) -> str:
    """Foreign text as inert Markdown: one line, shortened, no markup, link, mention, HTML or table bar in it."""
    plain = shortened(text, limit)
    plain = re.sub(r"://", ":\u200b//", plain)
    plain = re.sub(r"(?<![A-Za-z0-9])@(?=[A-Za-z0-9])", "@\u200b", plain)
    return _SPECIAL.sub(r"\\\1", plain)


def markdown(report: dict[str, Any]) -> str:
    """The text of report.md."""
    verdict, summary = report["verdict"], report["summary"]
    lines = [f"# {escaped(summary['name'], 64)}: {escaped(verdict['headline'], 200)}", ""]
    lines += [escaped(sentence, 400) for sentence in [*verdict["sentences"], *verdict["cautions"]]]
    lines += [
        "",
        *_next(verdict),
        *_facts(report),
        *_confirmation(report),
        *_doctor(report),
        *_front(report),
        *_leaderboard(report),
        *_importance(report),
        *_isolation(report),
    ]
    lines += [*_savings(report), *_failures(report), *_reproduce(report)]
    return "\n".join(lines).rstrip() + "\n"


def _next(verdict: dict[str, Any]) -> list[str]:
    lines = []
    for step in verdict["next"]:
        command = f" `{_command(step['command'])}`" if step["command"] else ""
        lines.append(f"- {escaped(step['text'], 400)}{command}")
    return ["**Next**", "", *lines, ""] if lines else []


def _facts(report: dict[str, Any]) -> list[str]:
    facts, summary, spending = report["facts"], report["summary"], report["spending"]
    trials = summary["trials"]
    counts = ", ".join(
        f"{trials[key]:,} {key}"
        for key in ("completed", "stopped", "failed", "paused", "running")
        if trials.get(key)
    )
    rows = [
        ("metric", f"{facts['metric']} ({facts['goal']})"),
        (
            "method",
            " + ".join(text for text in (facts["method"], facts["scheduler"]) if text and text != "none"),
        ),
        ("trainable", facts["trainable"]),
        ("data", facts["data"]),
        ("trials", f"{plural(trials['total'], 'trial')} ({counts})" if counts else "none"),
        ("steps", f"{summary['steps_total']:,} (up to {facts['max_steps']:,} per trial)"),
        ("time", duration(summary["seconds"])),
        ("ended", spending["ended"] or summary["state"]),
        ("seed", str(facts["seed"])),
        ("git", _commit(facts["git"])),
    ]
    return ["| | |", "|---|---|", *(f"| {key} | {escaped(text, 120)} |" for key, text in rows if text), ""]


def _confirmation(report: dict[str, Any]) -> list[str]:
    confirmed = report["confirmation"]
    if confirmed is None:
        return []
    lines = ["| config | promised | mean | 95 % interval | chance to be best |", "|---|---|---|---|---|"]
    for each in confirmed["configs"]:
        span = " to ".join(number(end) for end in each["interval"]) if each["interval"] else "–"
        chance = each["probability_best"]
        cells = [
            number(each["promised"]),
            number(each["mean"]),
            span,
            "–" if chance is None else percent(chance),
        ]
        lines.append("| " + " | ".join([escaped(each["label"], 30), *cells]) + " |")
    return ["## Confirmed", "", *lines, ""]


def _doctor(report: dict[str, Any]) -> list[str]:
    """What fails or warns, in the doctor's order, and how many other checks there are."""
    worse = [each for each in report["doctor"] if each["verdict"] in ("fail", "warn")]
    lines = []
    for each in worse:
        about = f" ({escaped(each['about'])})" if each["about"] else ""
        check = escaped(each["check"].replace("_", " "))
        lines.append(f"- **{each['verdict']}** {check}{about}: {escaped(each['says'], 400)}")
    if rest := len(report["doctor"]) - len(worse):
        lines.append(f"- {plural(rest, 'check')} passed or cannot tell")
    return ["## Doctor", "", *lines, ""] if lines else []


def _commit(git: dict[str, Any] | None) -> str | None:
    return f"{git['commit'][:12]}{' + uncommitted changes' if git['dirty'] else ''}" if git else None


def _front(report: dict[str, Any]) -> list[str]:
    """Of several objectives: the trials that no other beats in all of them."""
    found = report["pareto"]
    if found is None or not found["front"]:
        return []
    rows = {row["trial"]: row for row in found["trials"]}
    heads = ["trial", *(escaped(each["metric"], 30) for each in found["objectives"]), ""]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for name in found["front"][:PLACES]:
        knee = "knee" if name == found["knee"] else ""
        lines.append("| " + " | ".join([name, *(number(v) for v in rows[name]["values"]), knee]) + " |")
    more = len(found["front"]) - PLACES
    return ["## Front", "", *lines, *(["", f"{more:,} more in trials.csv."] if more > 0 else []), ""]


def _leaderboard(report: dict[str, Any]) -> list[str]:
    board = report["leaderboard"]
    rows = [row for row in board["rows"] if row["rank"] is not None][:PLACES]
    if not rows:
        return []
    names = board["parameters"]
    decimals = decimals_for([row["best"] for row in rows])
    heads = [
        "#",
        "trial",
        escaped(board["metric"], 30),
        *(("±", report["repeats"]["over"]) if report["repeats"] else ("at step", "last")),
        *(escaped(name, 30) for name in names),
    ]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for row in rows:
        config = [_cell(row["config"], name) for name in names]
        cells = [
            str(row["rank"]),
            row["trial"],
            number(row["best"], decimals=decimals),
            *(
                _sure(row)
                if report["repeats"]
                else (f"{row['best_step']:,}", number(row["last"], decimals=decimals))
            ),
        ]
        lines.append("| " + " | ".join([*cells, *config]) + " |")
    more = board["ranked"] - len(rows)
    return ["## Leaderboard", "", *lines, *(["", f"{more:,} more in trials.csv."] if more else []), ""]


def _sure(row: dict[str, Any]) -> tuple[str, str]:
    """Half the interval of a mean over folds or seeds, and how many there were."""
    span = row["interval"]
    return number(None if span is None else (span[1] - span[0]) / 2, 2), f"{row['steps']:,}"


def _cell(config: dict[str, Any], name: str) -> str:
    if name not in config:
        return ""
    value = config[name]
    return number(value, 3) if isinstance(value, float) else escaped(spelled(value), 30)


def _importance(report: dict[str, Any]) -> list[str]:
    result = report["importance"]
    lines = ["## Importance", ""]
    if result["reason"]:
        return [*lines, escaped(result["reason"], 300), ""]
    for method in result["methods"]:
        shares = ", ".join(
            f"{escaped(s['parameter'], 30)} {percent(round(s['share'], 2))}" for s in method["shares"][:6]
        )
        lines.append(f"- {method['name']}: {shares or escaped(method['reason'] or '', 200)}")
    return [*lines, ""]


def _isolation(report: dict[str, Any]) -> list[str]:
    """The comparisons that were asked for by a role; what importance merely suggests is left to the page."""
    found = report["isolation"]
    if not found["given"] or not found["comparisons"]:
        return []
    lines = ["## Isolation", ""]
    for each in found["comparisons"]:
        said = [each["says"], *each["fairness"]]
        lines.append(f"- {escaped(' and '.join(each['parameters']), 60)}: {escaped(' '.join(said), 900)}")
    return [*lines, "", escaped(found["held"], 600), ""]


def _savings(report: dict[str, Any]) -> list[str]:
    saved = report["savings"]
    if not saved["stopped"]:
        return []
    return [
        "## Early stopping",
        "",
        f"{plural(saved['stopped'], 'trial')} stopped early: {saved['saved_steps']:,} of {saved['full_steps']:,} "
        f"steps saved ({percent(saved['share_saved'])}).",
        *_audited(saved),
        "",
    ]


def _audited(saved: dict[str, Any]) -> list[str]:
    if not saved["audited"]:
        return []
    return [
        f"{plural(saved['audited'], 'trial')} more ran on for the audit: {plural(saved['audit_steps'], 'step')}."
    ]


def _failures(report: dict[str, Any]) -> list[str]:
    groups = report["failures"]["groups"]
    if not groups:
        return []
    lines = [
        f"- {group['count']:,} × {escaped(group['kind'])}: {escaped(group['example'], 160)}"
        for group in groups[:10]
    ]
    return ["## Failures", "", *lines, ""]


def _reproduce(report: dict[str, Any]) -> list[str]:
    commands = report["facts"]["reproduce"]
    return ["## Reproduce", "", "```", *map(_command, commands), "```", ""] if commands else []


def _command(command: str) -> str:
    """A command for between backticks, which end where the next one comes."""
    return shortened(command, 400).replace("`", "'")
