"""tuneyard plan: a sweep file, checked and worked out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from search.views.wording import config_line, counted, duration, number
from tuneyard.cli import COMMANDS
from tuneyard.options import as_json, overrides, print_json, sweep_file
from tuneyard.terminal import next_steps, printable, quoted

__all__ = ["command"]

_SHOWN = 4  # shapes, and reasons to train alone


@click.command("plan", short_help=COMMANDS["plan"])
@sweep_file
@overrides
@as_json
def command(file: Path, overrides: tuple[str, ...], as_json: bool) -> None:
    """Check the sweep file FILE, and show what running it would do.

    Nothing is written and nothing trained. The trainable is imported, because it declares defaults.
    """
    from search.api import Sweep
    from tuneyard.planning import plan_of

    settings = Sweep.from_file(file, overrides).resolved
    plan = plan_of(settings)
    if as_json:
        print_json(plan)
        return
    click.echo(printable(settings.to_yaml()))
    for title, text in _lines(plan):
        click.echo(printable(f"{title:<10} {text}"))
    click.echo("begins with")
    for config in plan["first"]:
        click.echo(f"  {config_line(config)}")
    for note in plan["notes"]:
        click.echo(printable(f"note: {note}"))
    sets = "".join(f" --set {quoted(text)}" for text in overrides)
    next_steps(f"tuneyard run {quoted(str(file))}{sets}")


def _lines(plan: dict[str, Any]) -> list[tuple[str, str]]:
    space, budget, steps = plan["space"], plan["budget"], plan["steps"]
    size = "infinitely many configs" if space["size"] is None else f"{space['size']:,} configs"
    constraints = f", fewer by {space['constraints']} constraint(s)" if space["constraints"] else ""
    limits = [
        counted(budget["trials"], "trial") if budget["trials"] else "",
        duration(budget["seconds"]) if budget["seconds"] else "",
        counted(budget["steps"], "step") if budget["steps"] else "",
    ]
    roles = "; ".join(f"{role}: {', '.join(names)}" for role, names in plan["roles"].items() if names)
    spent = f"at most {number(steps['at_most'])}" if steps["at_most"] else "no limit"
    if steps["about"] is not None and steps["about"] != steps["at_most"]:
        spent += f", about {steps['about']} if early results tell the order"
    return [
        ("trainable", f"{plan['trainable']['reference']} ({plan['trainable']['kind']})"),
        ("objective", ", ".join(f"{each['goal']} {each['metric']}" for each in plan["objectives"])),
        *([("outcomes", ", ".join(plan["outcome_constraints"]))] if plan["outcome_constraints"] else []),
        ("method", plan["method"]["name"]),
        ("stops", _stops(plan)),
        (
            "space",
            f"{counted(space['searched'], 'searched parameter')}, {counted(space['constants'], 'constant')}; {size}{constraints}",
        ),
        *([("roles", roles)] if roles else []),
        ("budget", ", ".join(filter(None, limits)) or "none"),
        (f"{steps['unit']}s", spent),
        *_repeats(plan["repeats"]),
        *([("audit", _audit_line(plan["audit"], steps))] if plan["audit"] and _rule(plan) != "none" else []),
        *_confirm(plan["confirm"], steps["unit"]),
        *_warm_start(plan["warm_start"]),
        ("needs", _needs(plan["resources"], "worker" if plan["lanes"] else "trial")),
        *_lanes(plan["lanes"]),
        ("writes to", f"{plan['storage']}/{plan['name']}"),
    ]


def _rule(plan: dict[str, Any]) -> str:
    return str(plan["early_terminate"]["type"])


def _stops(plan: dict[str, Any]) -> str:
    length = counted(plan["steps"]["per_trial"], plan["steps"]["unit"])
    if _rule(plan) == "none":
        return f"none: every trial may run all of its {length}"
    rungs = f", rungs at {', '.join(map(str, plan['rungs']))}" if plan["rungs"] else ""
    return f"{_rule(plan)}{rungs} of {length}"


def _audit_line(audit: dict[str, Any], steps: dict[str, Any]) -> str:
    of_stopped = f"{audit['share']:.0%} of the stopped trials run on"
    if not audit["steps"]:
        return of_stopped
    more = audit["steps"] / max(1, steps["about"] - audit["steps"])
    return f"{of_stopped}: about {audit['trials']:g}, {audit['steps']:,} {steps['unit']}s more than without ({more:.0%})"


def _confirm(confirm: dict[str, int] | None, unit: str) -> list[tuple[str, str]]:
    """What is spent once the search is over."""
    if confirm is None:
        return []
    trials, steps = counted(confirm["trials"], "trial"), counted(confirm["steps"], unit)
    return [("confirm", f"afterwards {trials} more, at most {steps}, which no budget limits")]


def _lanes(lanes: dict[str, Any] | None) -> list[tuple[str, str]]:
    """Which trials share a computation, and which do not."""
    if lanes is None:
        return []
    shapes, alone = lanes["shapes"], lanes["alone"]
    fused = sum(each["share"] for each in shapes)
    head = f"{lanes['width']} in a worker, {counted(lanes['queue'], 'open trial')} at most; of {lanes['drawn']} configs drawn at "
    head += f"random {fused:.0%} train together, in {counted(len(shapes), 'shape')}"
    lines = [("lanes", head)]
    lines += [("", f"{each['share']:4.0%} {each['shape']}") for each in shapes[:_SHOWN]]
    if len(shapes) > _SHOWN:
        rest = sum(each["share"] for each in shapes[_SHOWN:])
        lines.append(("", f"{rest:4.0%} in {counted(len(shapes) - _SHOWN, 'further shape')}"))
    lines += [("", f"{each['share']:4.0%} by themselves: {each['reason']}") for each in alone[:_SHOWN]]
    if lanes["remark"]:
        lines.append(("", lanes["remark"]))
    return lines


def _needs(resources: list[dict[str, Any]], whose: str) -> str:
    """What a trial takes on its node, or a worker that has several."""
    texts = []
    for each in resources:
        amounts = [f"{each['cpu']:g} CPU", f"{each['gpu']:g} GPU" if each["gpu"] else ""]
        amounts.append(f"{each['memory'] / 2**20:,.0f} MiB" if each["memory"] else "")
        amounts += [f"{amount:g} {name}" for name, amount in each["custom"].items()]
        rule = f"where {each['if']}: " if each["if"] else ""
        texts.append(rule + ", ".join(filter(None, amounts)))
    return f"{'; else '.join(texts[1:])}; else {texts[0]}" if texts[1:] else f"{texts[0]} a {whose}"


def _warm_start(warm_start: dict[str, Any]) -> list[tuple[str, str]]:
    if not warm_start["runs"]:
        return []
    return [
        (
            "warm start",
            f"learns from {counted(warm_start['trials'], 'trial')} of {', '.join(warm_start['runs'])}",
        )
    ]


def _repeats(repeats: dict[str, Any] | None) -> list[tuple[str, str]]:
    """What a trial costs, where each of its steps is a whole training."""
    if repeats is None:
        return []
    text = f"{repeats['times']} whole trainings a trial, each of up to {counted(repeats['length'], 'step')}"
    if repeats["at_most"] is not None:
        text += f": at most {counted(repeats['at_most'], 'step')} in all"
    return [("repeats", text)]
