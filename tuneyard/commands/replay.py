"""tuneyard replay: other searches over what a run recorded."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tuneyard.cli import COMMANDS
from tuneyard.options import as_json, print_json, reference, storage
from tuneyard.terminal import next_steps, printable, quoted, table

if TYPE_CHECKING:
    from search.run import Run

__all__ = ["command"]


@click.command("replay", short_help=COMMANDS["replay"])
@click.argument("run", metavar="RUN")
@click.option(
    "--method", metavar="M", help="A method, or `recorded`: the run's own order.  [default: the run's]"
)
@click.option("--scheduler", metavar="S", help="none, asha, hyperband, median, ...  [default: the run's]")
@click.option(
    "-j", "--workers", type=click.IntRange(min=1), metavar="N", help="Trials at a time.  [default: the run's]"
)
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    metavar="K",
    default=10,
    show_default=True,
    help="Replays of each search.",
)
@storage
@as_json
def command(
    run: str,
    method: str | None,
    scheduler: str | None,
    workers: int | None,
    seeds: int,
    storage: Path | str,
    as_json: bool,
) -> None:
    """Take RUN as a benchmark: search its recorded trials again with another method, scheduler or number of workers.

    Says whether random search would have done as well, how many trials were enough, and what the other search would have
    saved, on a virtual clock, and what the record cannot answer. Reads the journal and nothing else; trains nothing.
    """
    from search.hindsight import hindsight
    from search.run import Run

    found = Run.open(run, storage)
    told = hindsight(
        found.history, method=method, scheduler=scheduler, workers=workers, seeds=seeds, progress=_progress
    )
    steps = _next(found, told, method, scheduler)
    if as_json:
        print_json({"run": found.name, **told, "next": steps})
        return
    _print(found.name, told)
    next_steps(*steps)


def _progress(done: int, of: int) -> None:
    """A line that counts up, where somebody looks."""
    if sys.stderr.isatty():
        click.echo(f"\r{done} of {of} replays{' ' * 4 if done < of else chr(13)}", nl=False, err=True)


def _print(name: str, told: Mapping[str, Any]) -> None:
    record = told["record"]
    counts = f"{record['whole']} whole, {record['cut']} cut short, {record['failed']} failed"
    click.echo(
        printable(
            f"{name}: {record['trials']} recorded configs ({counts}), {record['steps']} steps; "
            f"each search replayed with {told['seeds']} seeds"
        )
    )
    click.echo()
    head = ("", "search", "steps", "time", "steps to a good config", "regret", "not recorded")
    click.echo(table(head, [_row(each) for each in told["arms"]], right=head[2:]))
    click.echo(
        printable(
            f"mean and 95 % interval; a good config: {told['metric']} as good as {record['good']:.4g}, the best 5 %; "
            f"regret: 0 = the best ({record['best']:.4g}), 1 = the middle ({record['median']:.4g})"
        )
    )
    for each in told["answers"]:
        click.echo(f"\n{click.style(printable(each['question']), bold=True)}  {each['verdict']}")
        _wrapped(each["says"])
    click.echo(f"\n{click.style('what the record cannot answer', bold=True)}")
    for sentence in told["limits"]:
        _wrapped(sentence, "- ")


def _row(arm: Mapping[str, Any]) -> list[str]:
    from search.hindsight.figures import SURE_OF
    from search.views.wording import duration

    told = arm["unrecorded"] <= SURE_OF
    reached = arm["good"]["reached"]
    missed = "" if reached == 1 else f", {reached:.0%} got there"
    return [
        {"own": "as it was", "asked": "asked", "random": "random"}[arm["role"]],
        arm["name"],
        _interval(arm["steps"], 0),
        duration(arm["seconds"]["mean"]),
        f"{_interval(arm['good']['steps'], 0)}{missed}" if told else "cannot tell",
        _interval(arm["regret"], 2) if told else "cannot tell",
        f"{arm['unrecorded']:.0%}",
    ]


def _interval(figure: Mapping[str, float | None], decimals: int) -> str:
    mean, low, high = figure["mean"], figure["low"], figure["high"]
    if mean is None:
        return "-"
    if low is None or high is None:
        return f"{mean:.{decimals}f}"
    return f"{mean:.{decimals}f} [{low:.{decimals}f}, {high:.{decimals}f}]"


def _wrapped(text: str, mark: str = "") -> None:
    indent = "  " + " " * len(mark)
    for line in textwrap.wrap(printable(text), 106, initial_indent=f"  {mark}", subsequent_indent=indent):
        click.echo(line)


def _next(run: Run, told: Mapping[str, Any], method: str | None, scheduler: str | None) -> list[str]:
    """The replay that was not asked for yet, and the next sweep with what was."""
    name = reference(run)
    if method is None and scheduler is None:
        other = "none" if told["arms"][0]["scheduler"] != "none" else "asha"
        return [f"tuneyard replay {name} --scheduler {other}", f"tuneyard next {name}"]
    if run.paths is None or not run.paths.settings.is_file():
        return [f"tuneyard next {name}"]
    asked = told["arms"][1] if len(told["arms"]) > 1 else told["arms"][0]
    changes = []
    if method is not None and asked["method"] != "recorded":
        changes.append(f"--set method={asked['method']}")
    if scheduler is not None:
        changes.append(f"--set early_terminate={asked['scheduler']}")
    return [" ".join(["tuneyard plan", quoted(str(run.paths.settings)), *changes])]
