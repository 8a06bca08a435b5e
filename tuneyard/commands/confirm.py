"""tuneyard confirm: the best configs of a run, trained again under fresh seeds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from search.views.wording import config_line, number
from tuneyard.cli import COMMANDS
from tuneyard.options import as_json, execution, print_json, reference, storage, trust
from tuneyard.terminal import next_steps, printable, table

if TYPE_CHECKING:
    from search.run import Run

__all__ = ["command", "describe"]


@click.command("confirm", short_help=COMMANDS["confirm"])
@click.argument("run", metavar="RUN")
@click.option("--top", type=click.IntRange(min=1), metavar="N", help="How many of the best configs (3).")
@click.option("--seeds", type=click.IntRange(min=2), metavar="N", help="Fresh seeds, the same for each (5).")
@click.option(
    "--folds", type=click.IntRange(2, 100), metavar="N", help="In place of seeds: folds of the data."
)
@click.option("--racing/--no-racing", default=None, help="Give a clearly beaten config no further seeds.")
@click.option(
    "--again", is_flag=True, help="Open the locked test part again, though it was opened; it is counted."
)
@click.option("--no-test", is_flag=True, help="Leave the test part locked.")
@click.option("--afresh", is_flag=True, help="Put an earlier confirmation aside and begin another.")
@trust
@execution
@storage
@as_json
def command(
    run: str,
    top: int | None,
    seeds: int | None,
    folds: int | None,
    racing: bool | None,
    again: bool,
    no_test: bool,
    afresh: bool,
    trust: bool,
    runner: str | None,
    address: str | None,
    workers: int | None,
    storage: Path | str,
    as_json: bool,
) -> int:
    """Train the best configs of RUN again, each under the same fresh seeds (or on the same folds), to full length, beside
    a baseline.

    Says which is best, how sure that is, and how far the search flattered its winner. Called again it goes on where it
    was interrupted. At the end the winner is measured on the locked test rows, once. The sweep file's `confirm` gives what is not given here.
    """
    if seeds and folds:
        raise click.UsageError("--seeds and --folds exclude each other: each fold has a seed of its own")
    if again and no_test:
        raise click.UsageError("--again and --no-test exclude each other")
    from search.analysis import confirmation
    from search.confirmation import confirm
    from search.run import Run
    from tuneyard.driving import drive

    searched = Run.open(run, storage)
    assert searched.paths is not None
    return drive(
        lambda stop, observers: confirm(
            searched.paths.root if searched.paths else run,
            top=top,
            seeds=seeds,
            folds=folds,
            racing=racing,
            afresh=afresh,
            test=True if again else False if no_test else None,
            runner=runner,
            address=address,
            workers=workers,
            trust=trust,
            observers=observers,
            stop=stop,
        ),
        as_json,
        tell=lambda confirmed: _tell(searched, confirmed, confirmation(confirmed.history), as_json),
    )


def _tell(searched: Run, confirmed: Run, found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json({**confirmed.summary(), "confirmation": found})
        return
    describe(found)
    name = reference(searched)
    unfinished = confirmed.state in ("interrupted", "killed")
    next_steps(*([f"tuneyard confirm {name}"] if unfinished else []), f"tuneyard report {name} --open")


def describe(found: dict[str, Any]) -> None:
    """Print what a confirmation found: a table of the configs, then the verdict in words."""
    rows = [
        (
            each["label"],
            each["promised"],
            each["mean"],
            _interval(each["interval"]),
            "-" if each["probability_best"] is None else f"{each['probability_best']:.0%}",
            sum(value is not None for value in each["values"]),
            "beaten"
            if each["dropped"]
            else f"{each['failed']} failed"
            if each["failed"]
            else f"{each['infeasible']} infeasible"
            if each["infeasible"]
            else "",
        )
        for each in found["configs"]
    ]
    head = ("config", "promised", "mean", "95 % interval", "best", found["over"], "")
    click.echo(table(head, rows, right=("promised", "mean", "best", "seeds", "folds")))
    click.echo(printable(f"\n{found['headline']}. {' '.join(found['sentences'])}"))
    click.echo(f"  {config_line(found['configs'][0]['config'])}")


def _interval(interval: list[float] | None) -> str:
    return "-" if interval is None else f"{number(interval[0])} to {number(interval[1])}"
