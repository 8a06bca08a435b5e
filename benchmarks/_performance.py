"""docs/performance.md: the tables of what is kept in results/, each with the machine that it was measured on.

python benchmarks/_performance.py     all tables again, from what is kept (every benchmark writes its own when it keeps figures)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from _lanes_page import page as lanes_table
from _load_page import page as load_table
from _page import table, write_table

__all__ = ["PAGE", "TABLES", "rendered", "write"]

PAGE = "performance.md"
_RESULTS = Path(__file__).parent / "results"
_SPELLED = {
    "tune-class": "raw Tune, class, actors reused",
    "tune-class-saved": "raw Tune, class, a checkpoint at every step",
    "tune-function": "raw Tune, function, actors reused",
    "tune-function-default": "raw Tune, function, default settings",
    "tuneyard-class": "tuneyard, class",
    "tuneyard-class-saved": "tuneyard, class, a checkpoint at every step",
    "tuneyard-generator": "tuneyard, generator",
    "tuneyard-function": "tuneyard, Ray's function",
    "tuneyard-inline": "tuneyard, generator, in process",
    "optuna": "Optuna's loop, in process",
}

Figures = Mapping[str, Any]


def _overhead(figures: Figures) -> str:
    rows = figures["rows"]
    sizes = [size for size in sorted({row["trials"] for row in rows}) if _of(rows, size, "tune-class")]
    at = {(row["contender"], row["trials"]): row for row in rows}
    names = list(dict.fromkeys(row["contender"] for row in rows))
    trials = table(
        ("", *(f"{size:,} trials" for size in sizes)),
        [
            (_SPELLED[name], *(_cost(at.get((name, size))) for size in sizes))
            for name in names
            if any((name, size) in at for size in sizes)
        ],
    )
    others = [row for row in rows if row["trials"] not in sizes]
    beside = ", ".join(
        f"{_SPELLED[row['contender']]} {row['ms_per_trial']:.3g} ms ({row['trials']} trials)"
        for row in others
    )
    results = table(
        ("", "a result"),
        [(_SPELLED[row["contender"]], f"{row['ms_per_result']:.3g} ms") for row in figures["results"]],
    )
    return "\n\n".join([trials, f"Beside them: {beside}.", results] if others else [trials, results])


def _of(rows: Sequence[Figures], size: int, name: str) -> bool:
    return any(row["trials"] == size and row["contender"] == name for row in rows)


def _cost(row: Figures | None) -> str:
    if row is None:
        return ""
    low, high = row["ms_per_trial_range"]
    whole = f"; whole process {row['whole_s']:.1f} s" if "whole_s" in row else ""
    return f"{row['ms_per_trial']:,.3g} ms a trial ({low:,.3g} to {high:,.3g}){whole}"


def _utilisation(figures: Figures) -> str:
    return table(
        ("sweep", "promise", "utilisation", "idle seconds of all workers"),
        [
            (
                f"{row['trials']} trials of {row['trial_seconds']:g} s, {row['workers']} workers, `{row['method']}`",
                f">= {figures['promise']:.0%}",
                f"{row['utilisation']:.1%} ({row['timeline']:.1%} from the first start)",
                f"{row['starting']:.1f} before the first trial, {row['between']:.1f} between trials ({row['between_ms']:.0f} ms "
                f"each), {row['within']:.1f} in trials beside their steps, {row['ending']:.1f} after the last",
            )
            for row in figures["rows"]
        ],
    )


def _growth(figures: Figures) -> str:
    parts = {"events": _events, "files": _files, "proposals": _proposals}
    return "\n\n".join(part(figures[case]) for case, part in parts.items() if case in figures)


def _events(rows: Sequence[Figures]) -> str:
    return table(
        ("trials", "results", "`ask`, µs", "`report`, µs", "`close`, µs", "in all", "peak memory"),
        [
            (
                f"{row['trials']:,}",
                f"{row['results']:,}",
                *(_early_late(row["microseconds"][verb]) for verb in ("ask", "report", "close")),
                f"{row['processor_seconds']:.2f} s",
                f"{row['peak_mib']:,} MiB",
            )
            for row in rows
        ],
    )


def _files(rows: Sequence[Figures]) -> str:
    return table(
        ("trials", "results", "journal", "replay for a resume", "`ls`", "`show`", "`report`"),
        [
            (
                f"{row['trials']:,}",
                f"{row['results']:,}",
                f"{row['journal_mib']:g} MiB",
                f"{_reading(row['replay'])} ({1e6 * row['replay']['processor_seconds'] / row['records']:.0f} µs a record)",
                *(_reading(row[name]) for name in ("ls", "show", "report")),
            )
            for row in rows
        ],
    )


def _proposals(rows: Sequence[Figures]) -> str:
    return table(
        ("a proposal after", *(f"{row['trials']:,} trials" for row in rows)),
        [
            (f"`{method}`", *(_proposal(row["methods"].get(method)) for row in rows))
            for method in rows[-1]["methods"]
        ],
    )


def _early_late(both: Sequence[float]) -> str:
    return f"{both[0]:.0f} early, {both[1]:.0f} late"


def _reading(row: Figures) -> str:
    return f"{row['processor_seconds']:.1f} s, {row['peak_mib']:,} MiB"


def _proposal(row: Figures | None) -> str:
    return "" if row is None else f"{row['ms']:.0f} ms{' (window)' if row['window'] else ''}"


def _lanes(figures: Figures) -> str:
    return lanes_table(figures["contenders"])


def _load(figures: Figures) -> str:
    return load_table(figures["cases"])


TABLES: dict[str, Callable[[Figures], str]] = {
    "overhead": _overhead,
    "utilisation": _utilisation,
    "lanes": _lanes,
    "growth": _growth,
    "load": _load,
}
"""Benchmark -> its tables, from what it kept."""


def rendered(name: str, figures: Figures) -> str:
    """The tables of a benchmark, and the machine."""
    return f"{TABLES[name](figures)}\n\n*{_machine(figures['machine'])}*"


def _machine(machine: Figures) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (
        f"{machine.get('processor', 'processor unknown')}, {machine['cores']} cores, {machine['memory_gib']:g} GiB; "
        f"Python {machine['python']}, {versions}; {machine['date']}"
    )


def write(name: str, figures: Figures) -> None:
    """Bring the tables of one benchmark on the page up to date; nothing for one that has none there."""
    if name in TABLES:
        write_table(PAGE, name, rendered(name, figures))


def main() -> None:
    for name in TABLES:
        path = _RESULTS / f"{name}.json"
        if path.is_file():
            write(name, json.loads(path.read_text()))
            print(f"docs/{PAGE}: {name}")


if __name__ == "__main__":
    main()
