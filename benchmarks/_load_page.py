"""The promises and what was measured, as the table of docs/load.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from _page import table

__all__ = ["page"]

Rows = list[dict[str, Any]]


def page(found: Mapping[str, Rows]) -> str:
    """One line for each promise, from the rows of every case."""
    return table(
        ("load", "promise", "measured", "beside it"),
        [
            _trials(found["trials"]),
            _resume(found["resume"][0]),
            *_concurrent(*found["concurrent"]),
            _results(*found["results"]),
            _suggestion(found["suggestion"]),
        ],
    )


def _trials(rows: Rows) -> tuple[str, ...]:
    ours = rows[-1]
    peer = next(row for row in reversed(rows) if row["contender"] == "tune")
    beside = next(row for row in rows if row["contender"] == "ours" and row["trials"] == peer["trials"])
    return (
        f"{ours['trials']:,} no-op trials on Ray, one sweep, random",
        "< 10 min, < 1.5 GiB, journal < 5 % of the time, every id exactly once",
        f"{ours['seconds'] / 60:.1f} min, {ours['driver_peak_mib'] / 1024:.2f} GiB, journal {ours['journal_share']:.1%}, "
        f"{ours['ids']:,} ids, each trained once; of the driver's processor a trial takes "
        f"{ours['driver_processor_ms_early']:.0f} ms early and {ours['driver_processor_ms_late']:.0f} ms late",
        f"raw Tune, {peer['trials']:,} trials: {1000 * peer['seconds'] / peer['trials']:.0f} ms a trial, "
        f"{peer['driver_peak_mib']:,} MiB; ours of as many: {1000 * beside['seconds'] / peer['trials']:.0f} ms, "
        f"{beside['driver_peak_mib']:,} MiB",
    )


def _resume(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        f"resume after SIGKILL at {row['closed_before']:,} of {row['trials']:,}",
        "ready < 30 s, none run again",
        f"{row['ready_seconds']:.0f} s ({row['ready_processor_seconds']:.0f} s of processor), {row['trained_twice']} run again",
        "",
    )


def _concurrent(clock: Mapping[str, Any], refusal: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    return (
        (
            f"{clock['concurrent']:,} concurrent trials, simulated: {clock['trials']:,} trials, {clock['steps']:,} steps",
            "< 60 s, < 1 GiB",
            f"{clock['seconds']:.0f} s, {clock['peak_mib']} MiB",
            "",
        ),
        (
            "real actors beyond memory",
            "refused with the arithmetic",
            f"{refusal['actors']:,} refused after {refusal['seconds']:.1f} s, exit code {refusal['exit_code']}",
            "",
        ),
    )


def _results(ours: Mapping[str, Any], raw: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        f"{ours['rows']:,} results, journalled and in TensorBoard",
        ">= 3,500 a second, best of them < 1 s",
        f"{ours['rows_per_second']:,} a second ({ours['rows_per_processor_second']:,} a second of processor); once the run is "
        f"open, its best takes {ours['best_seconds']:.3f} s and a ranking of all trials {ours['ranking_seconds']:.2f} s; "
        f"opening it takes {ours['open_seconds']:.0f} s",
        f"raw Tune: {raw['rows_per_second']:,} a second",
    )


def _suggestion(rows: Rows) -> tuple[str, ...]:
    methods = [row for row in rows if "method" in row]
    return (
        f"a proposal after {methods[0]['trials']:,} trials",
        "< 150 ms, or a window of the history, with a notice",
        ", ".join(
            f"`{row['method']}` {row['processor_ms']:.0f} ms{' (window)' if row['notices'] else ''}"
            for row in methods
        ),
        ", ".join(
            f"{row['library'].title()}'s TPE {row['processor_ms']:.0f} ms" for row in rows if "library" in row
        ),
    )
