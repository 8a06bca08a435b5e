"""Latency and throughput of `tuneyard serve` beside a bare FastAPI app with the same model, in one run.

    python benchmarks/serving.py [--quick]

One model of penguins is exported. All servers are up at once and idle but for the one that is asked; a process of its own
asks it over plain sockets, with 1, 8 and 32 connections, each sending one record at a time. Contenders take turns, so that
whatever else the machine does hits all of them.

- bare: FastAPI with a pydantic record, one call of the model for each request (`_serving_bare.py`); no log, no limits
- uvicorn: `tuneyard serve --runner uvicorn`, with its log
- ray-1, ray-2: `tuneyard serve` under Ray Serve with one and two replicas, with their logs
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
from _machine import describe, keep
from _page import table, write_table

from deploy.export import export
from deploy.trained import Trained
from search.api import Sweep

HERE = Path(__file__).parent
CONNECTIONS = (1, 8, 32)
RECORD = {
    "island": "Biscoe",
    "bill_length_mm": 50.0,
    "bill_depth_mm": 15.0,
    "flipper_length_mm": 221.0,
    "body_mass_g": 5500.0,
    "sex": "male",
    "year": 2008.0,
}
OPTIONS = {
    "uvicorn": ("--runner", "uvicorn"),
    "ray-1": ("--replicas", "1"),
    "ray-2": ("--replicas", "2"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one turn of two seconds, bare and uvicorn only")
    quick = parser.parse_args().quick
    turns, seconds = (1, 2.0) if quick else (3, 4.0)
    contenders = ["bare", "uvicorn"] if quick else ["bare", *OPTIONS]
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        model = _model(Path(folder))
        ports = {name: stack.enter_context(_server(name, model, Path(folder))) for name in contenders}
        told: dict[str, dict[int, list[Any]]] = {name: {n: [] for n in CONNECTIONS} for name in contenders}
        for _ in range(turns):
            for connections in CONNECTIONS:
                for name in contenders:
                    told[name][connections].append(_asked(ports[name], connections, seconds))
    figures = {name: {str(n): _figures(each) for n, each in by.items()} for name, by in told.items()}
    for connections in CONNECTIONS:
        print(f"\n{connections} connection{'s' if connections > 1 else ''}")
        bare = figures["bare"][str(connections)]
        for name in contenders:
            own = figures[name][str(connections)]
            print(
                f"  {name:8} {own['per_second']:7.0f}/s ({own['per_second'] / bare['per_second']:.2f} of bare)  "
                f"p50 {own['p50']:6.1f} ms ({own['p50'] / bare['p50']:.2f})  p95 {own['p95']:6.1f}  p99 {own['p99']:6.1f}"
                f"  errors {own['errors']}"
            )
    if not quick:
        write_table("serve.md", "serving", _page(figures))
        keep("serving", {"machine": describe(), "seconds": seconds, "turns": turns, "figures": figures})


def _page(figures: dict[str, Any]) -> str:
    """The table of docs/serve.md: rates and latencies, and how many times those of the bare app."""
    rows = []
    for connections in CONNECTIONS:
        bare = figures["bare"][str(connections)]
        for name, by in figures.items():
            own = by[str(connections)]
            times = f"{own['per_second'] / bare['per_second']:.2f}"
            cells = [f"{own[key]:.1f}" for key in ("p50", "p95", "p99")]
            rows.append(
                [str(connections), name, f"{own['per_second']:.0f}", times, *cells, str(own["errors"])]
            )
    head = ("connections", "server", "requests/s", "of bare", "p50 ms", "p95 ms", "p99 ms", "errors")
    return table(head, rows)


def _model(folder: Path) -> Path:
    run = Sweep(
        trainable="classical",
        data={"source": "penguins"},
        metric={"name": "val/log_loss", "goal": "minimize"},
        parameters={"estimator": "logistic", "logistic.C": {"min": 0.1, "max": 10.0}},
        run_cap=1,
        storage=str(folder / "runs"),
        name="penguins",
        runner="inline",
    ).run()
    return export(Trained.open(run), folder / "model").folder


@contextlib.contextmanager
def _server(name: str, model: Path, folder: Path) -> Any:
    """A contender, up; gives its port."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(HERE.parent),
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": "1",
    }
    if name == "bare":
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = [sys.executable, str(HERE / "_serving_bare.py"), str(model), str(port)]
    else:
        port = 0
        command = [
            sys.executable,
            "-m",
            "tuneyard",
            "serve",
            str(model),
            "--port",
            "0",
            "--log",
            str(folder / name),
        ]
        command += OPTIONS[name]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=folder)
    try:
        assert process.stdout is not None
        while not port:
            line = process.stdout.readline()
            assert line, f"{name} did not start"
            found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
            port = int(found.group(1)) if found else 0
        _until_up(process, port)
        yield port
    finally:
        process.terminate()
        process.wait()


def _until_up(process: subprocess.Popen[str], port: int) -> None:
    body = json.dumps(RECORD).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/predict", body, {"Content-Type": "application/json"}
    )
    while True:
        assert process.poll() is None
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                assert "Gentoo" in answer.read().decode()
                return
        except ConnectionError:
            continue
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionError):
                raise


def _asked(port: int, connections: int, seconds: float) -> Any:
    command = [sys.executable, str(HERE / "_serving_load.py"), str(port), str(connections), str(seconds)]
    done = subprocess.run(command, input=json.dumps(RECORD), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def _figures(turns: list[Any]) -> dict[str, float]:
    """Quantiles over all requests of all turns; the median of the turns' rates."""
    latencies = np.concatenate([each["ms"] for each in turns])
    p50, p95, p99 = (float(each) for each in np.quantile(latencies, [0.5, 0.95, 0.99]))
    rates = [each["requests"] / each["seconds"] for each in turns]
    return {
        "per_second": statistics.median(rates),
        "slowest_turn": min(rates),
        "fastest_turn": max(rates),
        "p50": p50,
        "p95": p95,
        "p99": p99,
        "worst": float(latencies.max()),
        "requests": len(latencies),
        "errors": sum(each["errors"] for each in turns),
    }


if __name__ == "__main__":
    main()
