"""The command group: what commands there are, each loaded from its own file when it is called."""

from __future__ import annotations

import difflib
import importlib
import keyword

import click

__all__ = ["COMMANDS", "cli"]

COMMANDS: dict[str, str] = {
    "init": "Write a commented sweep file and a trainable to start from.",
    "plan": "Check a sweep file and show what it would do; spends nothing.",
    "data": "Describe a data set: parts, columns, repairs, doubtful labels.",
    "run": "Run a sweep.",
    "ls": "List the runs.",
    "show": "Show a run, or one of its trials.",
    "logs": "Print what a trial wrote to stdout or stderr.",
    "status": "Show how a sweep on a cluster is doing, or list those that were submitted.",
    "stop": "Stop a running sweep, here or on a cluster, so that it can be resumed.",
    "fetch": "Bring the files of a sweep on a cluster here.",
    "resume": "Go on with a run that was interrupted, or give it more trials.",
    "doctor": "Look for what is wrong with a run, and say what to do.",
    "next": "Propose the next sweep's file, each change with its reason.",
    "replay": "Search a run's recorded trials again with another method or scheduler.",
    "confirm": "Train the best configs again under fresh seeds.",
    "report": "Write the HTML report of a run.",
    "board": "Start TensorBoard for runs, on this machine only.",
    "compare": "Put runs side by side.",
    "validate": "Check a winner before it is shipped: attacks, noise, calibration, explanations, weak groups, shift.",
    "ensemble": "Join the best trials of a run into one model, and say whether that pays.",
    "import": "Make a run of what Ray Tune, Optuna or Weights & Biases recorded.",
    "export": "Write a run's winner as a model folder, or the run for optuna-dashboard or DeepCAVE.",
    "predict": "Predict the rows of a file with a model folder.",
    "serve": "Answer over HTTP with a model, or the production version of a registry.",
    "monitor": "Look at what was served: drift, errors, latency, accuracy; alert by rules.",
    "update": "Train a model's next version on new rows, compare, and promote it or say why not.",
    "registry": "Keep the versions of a model: add, promote, roll back.",
    "ab": "Compare two models on live traffic: plan it, then analyse what came of it.",
}
"""Name -> what it does, in one line. The code is `command` in tuneyard/commands/<name>.py (import_.py: a reserved word)."""

_EXIT_CODES = """\b
Exit codes: 0 done; 1 failed; 2 wrong usage or sweep file; 3 finished, but with failed trials;
4 the run is locked by another driver; 5 its journal is damaged; 130, 143 interrupted: resume it."""


class _OneFileACommand(click.Group):
    """Loads a command's file only when that command is called, so that `--help` costs no import."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"tuneyard.commands.{cmd_name}{'_' * keyword.iskeyword(cmd_name)}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=2) or list(COMMANDS)
            raise click.UsageError(f"there is no command {args[0]!r}; did you mean {' or '.join(near)}?", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _print_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from tuneyard import __version__

        click.echo(f"tuneyard {__version__}")
        ctx.exit()


@click.group(
    cls=_OneFileACommand,
    epilog=_EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version.",
)
def cli() -> None:
    """From a sweep file to a winner you can trust.

    Start with `tuneyard init`, look with `tuneyard plan sweep.yaml`, then `tuneyard run sweep.yaml`.
    """
