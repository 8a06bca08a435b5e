"""tuneyard show: one run, or one trial of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from search.views.wording import clean, config_line, counted, duration, number, seen
from tuneyard.cli import COMMANDS
from tuneyard.clusters import going_on
from tuneyard.options import as_json, find_trial, print_json, reference, storage
from tuneyard.terminal import next_steps, printable, table

if TYPE_CHECKING:
    from search.run import Run
    from search.trial import Failure, Trial

__all__ = ["command", "describe"]

_TOP = 10  # trials and failures that are listed; --csv gives all
_STEPS = 30  # results of a trial that are listed; --json gives all


@click.command("show", short_help=COMMANDS["show"])
@click.argument("target", metavar="RUN[/TRIAL]")
@storage
@as_json
@click.option("--csv", "as_csv", is_flag=True, help="Print one row per trial as CSV.")
def command(target: str, storage: Path | str, as_json: bool, as_csv: bool) -> None:
    """Show a run (`last`, a name, the beginning of one, or a path), or one of its trials (`last/t00012`).

    Reads the journal and nothing else: no code of the run is loaded.
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other")
    run, trial = find_trial(storage, target)
    if trial is not None:
        if as_csv:
            raise click.UsageError("--csv is for a run; for a trial there is --json")
        _show_trial(run, trial, as_json)
    elif as_json:
        print_json(run.summary())
    elif as_csv:
        from search.views.frames import csv_text

        sys.stdout.write(csv_text(run.history))
    else:
        describe(run)
        name = reference(run)
        best = run.best
        next_steps(
            *([f"tuneyard show {name}/{best.trial}"] if best else []),
            *going_on(run),
            f"tuneyard report {name}",
            f"tuneyard board {name}",
        )


def describe(run: Run) -> None:
    """Print what there is to know about a run at a glance."""
    summary, best, objective = run.summary(), run.best, run.history.problem.objective
    ended = f": {summary['ended']}" if summary["ended"] else ""
    click.echo(printable(f"{run.name}  {summary['state']}{ended}"))
    counts = dict(summary["trials"])
    total = counts.pop("total")
    listed = ", ".join(f"{count} {_state(run, state)}" for state, count in counts.items())
    click.echo(f"trials   {total}: {listed}")
    click.echo(f"spent    {counted(summary['steps_total'], 'step')} in {duration(summary['seconds'])}")
    if run.history.problem.secondary:
        listed = ", ".join(f"{each.metric} ({each.goal})" for each in run.history.problem.objectives)
        click.echo(printable(f"front    {counted(len(run.front), 'trial')} of {listed}"))
    elif best is None:
        click.echo(printable(f"best     none yet of {objective.metric} ({objective.goal})"))
    else:
        value = f"{objective.metric} = {number(best.value)} ({objective.goal})"
        click.echo(printable(f"best     {value} by {best.trial} {seen(run.history.problem, best.step)}"))
        click.echo(f"         {config_line(best.config)}")
        _confirmed(run)
    ranked = _ranked(run)
    if ranked:
        click.echo()
        click.echo(
            table(
                *_leaderboard(run, ranked[:_TOP]),
                right=("steps", "folds", "seeds", "best", "last", "mean", *_metrics(run)),
            )
        )
        if len(ranked) > _TOP:
            click.echo(f"and {len(ranked) - _TOP} more: tuneyard show {reference(run)} --csv")
    _failures(run)


def _confirmed(run: Run) -> None:
    """What fresh seeds said of the best configs, which need not be what the search said."""
    from search.confirmation import confirmation_of

    seeds = confirmation_of(run)
    if seeds is not None:
        from search.analysis import confirmation

        click.echo(printable(f"confirm  {confirmation(seeds)['headline']}"))


def _state(run: Run, state: str) -> str:
    """What a trial's state means to a reader: without a driver nothing is running."""
    idle = bool(run.history.running) and run.state != "running" and state == "running"
    return "unfinished" if idle else state


def _ranked(run: Run) -> list[Trial]:
    """Trials with a value that counts, the best first; of several objectives those on the front."""
    from search.analysis.ranking import ranked
    from search.front import front_of

    return front_of(run.history) if run.history.problem.secondary else ranked(run.history)


def _leaderboard(run: Run, trials: list[Trial]) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    objective, plan = run.history.problem.objective, run.history.problem.repeats
    if run.history.problem.secondary:
        from search.front import values_of

        return ("trial", "state", "steps", *_metrics(run), "config"), [
            (
                trial.id,
                _state(run, trial.state),
                trial.steps,
                *values_of(run.history, trial),
                config_line(trial.config),
            )
            for trial in trials
        ]
    if plan is not None:
        head = ("trial", "state", plan.over, "mean", "95 %", "config")
        return head, [
            (trial.id, _state(run, trial.state), *_sure(trial, run), config_line(trial.config))
            for trial in trials
        ]
    rows = [
        (
            trial.id,
            _state(run, trial.state),
            trial.steps,
            objective.value(trial.best.score) if trial.best and trial.best.score is not None else None,
            trial.last.metrics.get(objective.metric) if trial.last else None,
            config_line(trial.config),
        )
        for trial in trials
    ]
    return ("trial", "state", "steps", "best", "last", "config"), rows


def _metrics(run: Run) -> list[str]:
    return [each.metric for each in run.history.problem.objectives]


def _sure(trial: Trial, run: Run) -> tuple[int, float | None, str]:
    """Folds or seeds of a trial, its mean, and half the interval around it."""
    from search.analysis.repeats import interval_of, values_of

    problem = run.history.problem
    assert problem.repeats is not None
    scores = values_of(trial, problem.objective)
    span = interval_of(scores, problem.repeats)
    mean = problem.objective.value(float(scores.mean())) if len(scores) else None
    return len(scores), mean, "-" if span is None else f"± {number((span[1] - span[0]) / 2)}"


def _failures(run: Run) -> None:
    failed = [(trial, trial.failure) for trial in run.history.trials if trial.failure]
    if not failed:
        return
    click.echo()
    for trial, failure in failed[:_TOP]:
        click.echo(clean(f"{trial.id} failed: {failure.kind}: {failure.message}", 300) + _log(run, failure))
    if len(failed) > _TOP:
        click.echo(f"and {len(failed) - _TOP} more failed trials")


def _log(run: Run, failure: Failure) -> str:
    """Where the traceback of a failure lies, to be put behind its message."""
    return (
        f"  (traceback: {printable(str(run.paths.root / failure.log))})" if run.paths and failure.log else ""
    )


def _show_trial(run: Run, trial: Trial, as_json: bool) -> None:
    if as_json:
        print_json(_trial_json(run, trial))
        return
    objective = run.history.problem.objective
    click.echo(
        printable(
            f"{run.name}/{trial.id}  {_state(run, trial.state)}"
            + (f": {trial.reason}" if trial.reason else "")
        )
    )
    click.echo(f"seed     {trial.seed}, config {trial.origin}")
    if trial.parent is not None:
        line = " > ".join(each.id for each in run.history.ancestors(trial))
        click.echo(f"lineage  {line}, from step {trial.from_step}")
    click.echo(f"time     {duration(trial.seconds)} in {counted(len(trial.attempts), 'attempt')}")
    for attempt in trial.attempts:
        after = f", after {attempt.after.kind}: {attempt.after.message}" if attempt.after else ""
        click.echo(
            printable(
                f"         {attempt.number}: {attempt.node}, pid {attempt.pid}, from step {attempt.from_step}{after}"
            )
        )
    click.echo("config")
    for name, value in trial.config.items():
        click.echo(printable(f"  {name} = {value!r}"))
    if trial.results:
        names = sorted({name for result in trial.results for name in result.metrics} - {objective.metric})
        head = ("step", objective.metric, *names)
        rows = [(r.step, *(r.metrics.get(name) for name in head[1:])) for r in trial.results[-_STEPS:]]
        click.echo()
        click.echo(table(head, rows, right=head))
        if len(trial.results) > _STEPS:
            click.echo(f"the last {_STEPS} of {len(trial.results)} steps; all of them: --json")
    if trial.failure:
        click.echo(
            printable(f"failed: {trial.failure.kind}: {trial.failure.message}{_log(run, trial.failure)}")
        )
    next_steps(f"tuneyard logs {reference(run)}/{trial.id}", f"tuneyard show {reference(run)}")


def _trial_json(run: Run, trial: Trial) -> dict[str, Any]:
    objective = run.history.problem.objective
    best = trial.best
    return {
        "run": run.name,
        "trial": trial.id,
        "state": trial.state,
        "reason": trial.reason,
        "origin": trial.origin,
        "seed": trial.seed,
        "config": dict(trial.config),
        "parent": None if trial.parent is None else run.history.trials[trial.parent].id,
        "from_step": trial.from_step,
        "steps": trial.steps,
        "seconds": trial.seconds,
        "best": {"step": best.step, "value": objective.value(best.score)}
        if best and best.score is not None
        else None,
        "failure": trial.failure.to_json() if trial.failure else None,
        "attempts": len(trial.attempts),
        "results": [{"step": r.step, "now": r.now, "metrics": dict(r.metrics)} for r in trial.results],
    }
