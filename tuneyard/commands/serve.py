"""tuneyard serve: a model over HTTP."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tuneyard.cli import COMMANDS
from tuneyard.terminal import next_steps, quoted

if TYPE_CHECKING:
    from deploy.serving import Settings

__all__ = ["command"]

RATE = 100.0  # requests a second and address, where others can reach the server


@click.command("serve", short_help=COMMANDS["serve"])
@click.argument("model", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="What to listen on; others than loopback need a token.",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one."
)
@click.option(
    "--runner",
    type=click.Choice(["ray", "uvicorn"]),
    default="ray",
    show_default=True,
    help="ray: Ray Serve, one process a replica; uvicorn: this process alone, without Ray.",
)
@click.option(
    "--replicas",
    type=click.IntRange(1, 64),
    help="Copies of the model that answer side by side (--runner ray). Default: 1.",
)
@click.option(
    "--token-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Ask for the token in FILE (mode 600): Authorization: Bearer TOKEN.",
)
@click.option(
    "--allow-host",
    multiple=True,
    metavar="NAME",
    help="A further name that requests may call this server by.",
)
@click.option(
    "--batch-wait",
    type=click.FloatRange(0, 1000),
    default=2.0,
    show_default=True,
    metavar="MS",
    help="How long the first request of a batch waits for others that are on their way.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0),
    metavar="N",
    help=f"Requests a second and address; 0 = unlimited. Default: 0 on loopback, else {RATE:g}.",
)
@click.option(
    "--body-limit",
    type=click.FloatRange(0.001, 1024),
    default=4.0,
    show_default=True,
    metavar="MIB",
    help="Largest body of a request.",
)
@click.option(
    "--log",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where requests and answers are kept for the monitor. Default: served/NAME.",
)
@click.option("--no-log", is_flag=True, help="Keep nothing.")
@click.option("--log-without", multiple=True, metavar="FIELD", help="Do not keep the values of this field.")
def command(
    model: Path,
    host: str,
    port: int,
    runner: str,
    replicas: int | None,
    token_file: Path | None,
    allow_host: tuple[str, ...],
    batch_wait: float,
    rate: float | None,
    body_limit: float,
    log: Path | None,
    no_log: bool,
    log_without: tuple[str, ...],
) -> None:
    """Serve MODEL, a model folder or a registry: /predict, /explain, /feedback, and a page at / to try it by hand.

    Of a registry the production version is served; when another one is promoted it takes over without a failed request.
    Ctrl-C answers what is being asked, then ends.
    """
    if runner == "uvicorn" and replicas not in (None, 1):
        raise click.UsageError("--runner uvicorn is one process; more replicas need --runner ray")
    if no_log and (log is not None or log_without):
        raise click.UsageError("--no-log keeps nothing; leave out --log and --log-without")
    from deploy.serving import ModelSource, Settings, is_loopback, read_token

    settings = Settings(
        host=host,
        token=None if token_file is None else read_token(token_file),
        allow_hosts=tuple(name.lower() for name in allow_host),
        batch_wait_ms=batch_wait,
        body_bytes=int(body_limit * 2**20),
        rate=rate if rate is not None else 0.0 if is_loopback(host) else RATE,
        log=None if no_log else (log or Path("served") / model.absolute().name).absolute(),
        log_without=log_without,
    )
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    source = ModelSource(model.absolute())
    source.check(settings.log_without)
    if runner == "uvicorn":
        from deploy.serving.uvicorn_server import listen, serve_here

        with contextlib.closing(listen(host, port)) as listening:
            address = _address(host, listening.getsockname()[1])
            serve_here(source, settings, listening, lambda: _announce(address, settings, model))
    else:
        from deploy.serving.ray_serve import serve_on_ray

        serve_on_ray(
            source,
            settings,
            port,
            replicas or 1,
            lambda port: _announce(_address(host, port), settings, model),
        )
    click.echo("stopped: everything that was asked was answered", err=True)


def _announce(address: str, settings: Settings, model: Path) -> None:
    click.echo(f"serving {model} at {address}")
    if settings.log is None:
        click.echo("nothing is logged (--no-log)")
    else:
        click.echo(f"log: {settings.log}")
    steps = [f"open {address} in a browser to try it; {address}/docs lists the API; Ctrl-C ends it"]
    if settings.log is not None:
        steps.append(f"tuneyard monitor {quoted(str(model))} --log {quoted(str(settings.log))}")
    next_steps(*steps)


def _address(host: str, port: int) -> str:
    shown: Any = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"
