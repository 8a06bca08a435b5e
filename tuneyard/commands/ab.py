"""tuneyard ab: two models against each other, on live traffic or on one file of rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tuneyard.cli import COMMANDS
from tuneyard.options import as_json, print_json
from tuneyard.terminal import next_steps, printable, quoted, table

if TYPE_CHECKING:
    from deploy.ab import Analysis, Arm, Plan

__all__ = ["command"]


@click.group("ab", short_help=COMMANDS["ab"])
def command() -> None:
    """Compare two models on live traffic: plan it, then analyse what came of it.

    \b
    tuneyard ab plan --rate 0.10 --effect 0.02 -o plan.json
    tuneyard ab analyse outcomes.csv --plan plan.json
    """


@command.command("plan")
@click.option("--rate", type=float, metavar="P", help="The control's rate, where outcomes are 0 or 1.")
@click.option(
    "--deviation", type=float, metavar="S", help="Standard deviation of one outcome, where it is a number."
)
@click.option(
    "--effect", type=float, required=True, metavar="D", help="The smallest difference worth finding."
)
@click.option(
    "--alpha", type=float, default=0.05, show_default=True, help="Chance of a false finding, two-sided."
)
@click.option(
    "--power", type=float, default=0.8, show_default=True, help="Chance of finding that difference."
)
@click.option(
    "--ratio",
    type=float,
    default=1.0,
    show_default=True,
    help="Rows of the treatment per row of the control.",
)
@click.option(
    "--method",
    type=click.Choice(["fixed", "sequential"]),
    default="sequential",
    show_default=True,
    help="fixed: one look, at the end; sequential: as many as you like.",
)
@click.option("--per-day", type=float, metavar="N", help="Rows a day of both arms, to say how long it takes.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the plan there.",
)
@as_json
def plan(
    rate: float | None,
    deviation: float | None,
    effect: float,
    alpha: float,
    power: float,
    ratio: float,
    method: Any,
    per_day: float | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Say how many rows a comparison needs, and when it may be ended. Do this before its first row.

    Give --rate where an outcome is 0 or 1, or --deviation where it is a number.
    """
    from deploy.ab import plan_means, plan_rates
    from search.paths import write_atomic

    if (rate is None) == (deviation is None):
        raise click.UsageError(
            "give --rate (outcomes are 0 or 1) or --deviation (outcomes are numbers), one of them"
        )
    if per_day is not None and not per_day > 0:
        raise click.UsageError(f"--per-day is a number of rows above 0, not {per_day:g}")
    if rate is not None:
        found = plan_rates(rate, effect, alpha=alpha, power=power, ratio=ratio, method=method)
    else:
        assert deviation is not None
        found = plan_means(deviation, effect, alpha=alpha, power=power, ratio=ratio, method=method)
    if output is not None:
        write_atomic(output, json.dumps(found.to_json(), indent=1) + "\n")
    days = None if per_day is None else found.rows / per_day
    if as_json:
        print_json({**found.to_json(), "rule": found.rule, "days": days})
        return
    at_most = "at most " if method == "sequential" else ""
    click.echo(f"{at_most}{found.control} rows of the control and {found.treatment} of the treatment")
    if days is not None:
        click.echo(f"{at_most}{days:.1f} days at {per_day:g} rows a day")
    click.echo(found.rule)
    if output is None:
        click.echo("Write the plan down before you begin: -o plan.json")
    shown = "" if output is None else f" --plan {quoted(str(output))}"
    next_steps(f"tuneyard ab analyse outcomes.csv{shown}")


@command.command("analyse")
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--metric", metavar="COLUMN", help="The column of outcomes.  [default: outcome]")
@click.option("--control", metavar="ARM", help="The arm to compare with.  [default: the first by name]")
@click.option(
    "--plan",
    "planned",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="What `ab plan -o` wrote.",
)
@click.option(
    "--method",
    type=click.Choice(["fixed", "sequential"]),
    help="fixed: one look, at the end; sequential: as many as you like.  [default: the plan's, else sequential]",
)
@click.option(
    "--alpha", type=float, help="Chance of a false finding, two-sided.  [default: the plan's, else 0.05]"
)
@click.option(
    "--ratio",
    type=float,
    help="Planned rows of the treatment per row of the control.  [default: the plan's, else 1]",
)
@click.option(
    "--goal",
    type=click.Choice(["maximize", "minimize"]),
    default="maximize",
    show_default=True,
    help="Which way the outcome is good.",
)
@as_json
def analyse(
    file: Path,
    metric: str | None,
    control: str | None,
    planned: Path | None,
    method: Any,
    alpha: float | None,
    ratio: float | None,
    goal: Any,
    as_json: bool,
) -> None:
    """Say what FILE (CSV or Parquet: columns arm, outcome, and time where it is known) shows so far.

    The method `sequential` may be asked after every row; `fixed` once, at the end that the plan named.
    """
    from deploy.ab import analyse, read_outcomes

    plan = None if planned is None else _read_plan(planned)
    outcomes = read_outcomes(file, metric=metric, control=control)
    found = analyse(outcomes, method=method, alpha=alpha, ratio=ratio, goal=goal, plan=plan)
    if as_json:
        print_json(found.to_json())
        return
    _tell(found)
    if found.verdict == "go on":
        next_steps(f"tuneyard ab analyse {quoted(str(file))}  # again, when there are more rows")
    elif found.verdict == "better":
        next_steps("tuneyard registry promote REGISTRY VERSION")


@command.command("compare")
@click.argument("old", metavar="OLD", type=click.Path(file_okay=False, path_type=Path))
@click.argument("new", metavar="NEW", type=click.Path(file_okay=False, path_type=Path))
@click.argument("file", metavar="FILE")
@click.option(
    "--metric", metavar="NAME", help="accuracy, log_loss, f1, rmse, ...  [default: that of NEW's run]"
)
@click.option("--query", metavar="SQL", help="Of a database: what selects the rows.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the bootstrap.")
@as_json
def compare(
    old: Path, new: Path, file: str, metric: str | None, query: str | None, seed: int, as_json: bool
) -> None:
    """Have two model folders answer the rows of FILE, which hold the right answers, and compare them row by row.

    The rows have to be ones that neither was trained on.
    """
    from deploy.ab.models import compare_models
    from deploy.model import Model

    found, left_out = compare_models(
        Model.load(old), Model.load(new), file, metric=metric, query=query, seed=seed
    )
    if as_json:
        print_json({**found.to_json(), "left_out": left_out})
        return
    click.echo(f"{found.metric} on {found.rows} rows: {old} {found.old:.4g}, {new} {found.new:.4g}")
    if found.low is not None and found.high is not None:
        click.echo(
            f"difference {found.difference:+.4g}, 95 % interval [{found.low:+.4g}, {found.high:+.4g}], p {found.p:.2g}"
        )
    click.echo(found.test)
    if left_out:
        click.echo(
            f"note: {left_out} rows are left out: a model cannot use them, or they have no right answer"
        )
    verdict = "is better" if found.better else "is worse" if found.worse else "is not shown to differ"
    click.echo(printable(f"\n{new} {verdict}."))
    if found.better:
        next_steps(f"tuneyard registry add REGISTRY {quoted(str(new))}")


def _read_plan(file: Path) -> Plan:
    from deploy.ab import Plan
    from deploy.errors import DeployError

    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DeployError(
            f"{file}: there is no such file. Write a plan: tuneyard ab plan ... -o {file}"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise DeployError(f"{file}: is no plan: {error}. Write one: tuneyard ab plan ... -o {file}") from None
    return Plan.from_json(found if isinstance(found, dict) else {"": found})


def _tell(found: Analysis) -> None:
    click.echo(
        table(("arm", "rows", found.metric, "deviation"), [_row(found.control), _row(found.treatment)])
    )
    names = f"{found.treatment.name} - {found.control.name}"
    if found.low is not None and found.high is not None:
        level = 100 * (1 - found.alpha)
        click.echo(
            printable(
                f"\n{names}: {found.estimate:+.4g}, {level:g} % interval [{found.low:+.4g}, {found.high:+.4g}], "
                f"p {found.p:.2g}"
            )
        )
        click.echo(found.test)
    click.echo(printable(f"\n{_sentence(found)}"))
    for note in found.notes:
        click.echo(printable(f"note: {note}"))


def _sentence(found: Analysis) -> str:
    name, than = found.treatment.name, found.control.name
    when = "" if found.crossed is None else f", decided at row {found.crossed}"
    return {
        "better": f"{name} is better than {than}{when}.",
        "worse": f"{name} is worse than {than}{when}.",
        "no difference shown": f"No difference between {name} and {than} is shown.",
        "go on": "Not decided yet: let it go on.",
        "broken allocation": f"The traffic was not shared as planned (p {found.mismatch:.2g}): no verdict.",
    }[found.verdict]


def _row(arm: Arm) -> tuple[Any, ...]:
    return (arm.name, arm.rows, arm.mean, arm.deviation)
