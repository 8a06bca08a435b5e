"""tuneyard monitor: what was served, beside what the model was trained on."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from tuneyard.cli import COMMANDS
from tuneyard.options import as_json, print_json
from tuneyard.terminal import next_steps, printable, quoted, table

__all__ = ["command"]

ALERTED = 3
"""Exit code where a rule with the action exit is broken."""


@click.command("monitor", short_help=COMMANDS["monitor"])
@click.argument("model", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--log",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="What a server kept. Default: served/NAME.",
)
@click.option(
    "--rules",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Alert rules in YAML: which figure must not pass which bound, and what is done then.",
)
@click.option(
    "--window",
    type=click.IntRange(min=50),
    default=1000,
    show_default=True,
    metavar="N",
    help="Answered rows of a window; the newest one is judged.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where the page is written. Default: LOG/monitor.",
)
@click.option("--open", "show", is_flag=True, help="Open the page in the browser.")
@as_json
def command(
    model: Path,
    log: Path | None,
    rules: Path | None,
    window: int,
    output: Path | None,
    show: bool,
    as_json: bool,
) -> int:
    """Compare what MODEL was asked with what it was trained on: drift, changes, latency, errors, and accuracy where
    labels came. Nothing of the model is executed.

    Exit code 3: a rule of --rules with the action exit is broken.
    """
    from deploy.monitoring import DEFAULT_RULES, act, build_page, judge, look, read_log, read_rules, watched
    from deploy.monitoring.verdict import verdict

    log = log or Path("served") / model.absolute().name
    wanted = DEFAULT_RULES if rules is None else read_rules(rules, watched(model))
    contents = look(model, read_log(log), window)
    alerts = judge(contents, wanted)
    problems = act(alerts, wanted, contents, log)
    page = build_page(contents, alerts, output or log / "monitor")
    code = ALERTED if any("exit" in alert.actions for alert in alerts) else 0
    if as_json:
        print_json(
            {
                **contents,
                "alerts": [asdict(alert) for alert in alerts],
                "problems": problems,
                "page": str(page),
            }
        )
        return code
    said = verdict(contents, alerts)
    click.echo(printable(f"{said['headline']}.\n"))
    for sentence in said["sentences"]:
        click.echo(printable(sentence))
    newest = contents["newest"]
    rows = [
        (each["name"], each["verdict"], each["psi"], each["adjusted"], each["missing"], each["unseen"])
        for each in sorted((*newest["columns"], *newest["outputs"]), key=lambda each: -each["psi"])[:20]
    ]
    if rows:
        titles = ("column", "verdict", "PSI", "adjusted p", "missing", "not in training")
        click.echo(f"\n{table(titles, rows, right=titles[2:])}")
    if alerts:
        click.echo(printable("\nalerts\n" + "\n".join(f"  {alert.sentence}" for alert in alerts)))
    for problem in problems:
        click.echo(f"tuneyard: {printable(problem)}", err=True)
    click.echo(printable(f"\n{page}"))
    if show:
        import webbrowser

        webbrowser.open(page.resolve().as_uri())
    if contents["drifted"]:
        next_steps(f"tuneyard update {quoted(str(model))} --data NEW   # where the change is real")
    else:
        next_steps(f"tuneyard monitor {quoted(str(model))} --log {quoted(str(log))} --rules FILE")
    return code
