"""tuneyard update: the next version of a model, from new rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from search.views.wording import number
from tuneyard.cli import COMMANDS
from tuneyard.options import as_json, print_json, storage, trust
from tuneyard.terminal import next_steps, printable, quoted, table

if TYPE_CHECKING:
    from deploy.ab import Paired
    from deploy.updating import Updated

__all__ = ["command"]


@click.command("update", short_help=COMMANDS["update"])
@click.argument("model", metavar="MODEL", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--data",
    required=True,
    metavar="FILE",
    help="New rows: the columns of the old ones, the target included.",
)
@click.option(
    "--registry",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where versions are kept; needed where MODEL is a model folder.",
)
@click.option(
    "--mode",
    type=click.Choice(["retrain", "continue", "sweep"]),
    default="retrain",
    show_default=True,
    help="retrain: the winner's config again; continue: its weights further (networks); sweep: a small one around it.",
)
@click.option(
    "--on",
    "source",
    type=click.Choice(["both", "new"]),
    default="both",
    show_default=True,
    help="Train on old and new rows, or on the new ones alone, which then alone decide.",
)
@click.option(
    "--trials",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    metavar="N",
    help="Trials of a sweep.",
)
@click.option(
    "--run", metavar="RUN", help="The run that the old model came from.  [default: the one it names]"
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Of what is set aside, and of the training.",
)
@click.option(
    "--runner",
    type=click.Choice(["inline", "ray"]),
    default="inline",
    show_default=True,
    help="Where trials are trained.",
)
@storage
@trust
@as_json
def command(
    model: Path,
    data: str,
    registry: Path | None,
    mode: Any,
    source: Any,
    trials: int,
    run: str | None,
    seed: int,
    runner: str,
    storage: Path | str,
    trust: bool,
    as_json: bool,
) -> None:
    """Train the next version of MODEL on new rows, compare it with the one in production, and promote it or say why not.

    MODEL is a registry, or a model folder with --registry. 30 % of the new rows are set aside; the new version is promoted
    where it is better on them and not worse on the old validation rows (paired, intervals of 95 %), or the other way round.
    """
    from deploy.updating import update

    found = update(
        model,
        data,
        registry=registry,
        run=run,
        mode=mode,
        source=source,
        trials=trials,
        seed=seed,
        storage=storage,
        runner=runner,
        trust=trust,
        told=(lambda _: None) if as_json else (lambda sentence: click.echo(printable(sentence), err=True)),
    )
    if as_json:
        print_json(found.to_json())
        return
    _tell(found)
    place = quoted(str(found.registry))
    if found.promoted:
        next_steps(f"tuneyard serve {place}", f"tuneyard registry rollback {place}  # back to {found.before}")
    else:
        next_steps(f"tuneyard registry promote {place} {found.version}  # all the same")


def _tell(found: Updated) -> None:
    judged = found.judgement
    rows = [_row("new", judged.new_rows), _row("old", judged.old_rows)]
    head = (
        "rows",
        "",
        judged.new_rows.metric,
        found.before,
        found.version,
        "difference",
        "95 % interval",
        "p",
    )
    click.echo(table(head, rows))
    name = found.registry.absolute().name
    verdict = "is in production" if found.promoted else "is not promoted"
    click.echo(printable(f"\n{name} {found.version} {verdict}: {judged.reason}."))


def _row(name: str, found: Paired) -> tuple[Any, ...]:
    interval = "-" if found.low is None else f"[{found.low:+.4g}, {found.high:+.4g}]"
    p = "-" if found.p is None else f"{found.p:.2g}"
    return (
        name,
        found.rows,
        "",
        number(found.old),
        number(found.new),
        f"{found.difference:+.4g}",
        interval,
        p,
    )
