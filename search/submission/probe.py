"""What there is on the cluster, asked by a job of a few seconds: a task on every node, before anything is spent."""

from __future__ import annotations

import json
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from search.errors import RunnerError
from search.submission.client import Cluster, Job

__all__ = ["NodeFacts", "Probed", "probe", "with_clusters_python"]

_ANSWER = "@@probe "

# The Python that Ray runs on is not always the one that a shell finds. The job's shell is a child of a worker, which is a
# child of the raylet, whose command line names it.
_FIND_PYTHON = (
    "p=$(sed -n 's/^PPid:[^0-9]*//p' /proc/$PPID/status 2>/dev/null); "
    "p=$(tr '\\0' '\\n' < /proc/$p/cmdline 2>/dev/null | "
    "sed -n 's/^--python_worker_command=\\([^ ]*\\) .*/\\1/p'); "
)


@dataclass(frozen=True)
class NodeFacts:
    """One node. `versions`: "python" and of each package asked for, None where it is not installed there.

    `resources`: what Ray counts, CPU, GPU and custom ones. `reads`, `writes`: whether it sees in the storage what the
    head wrote there, and may write there; `problem`: why not.
    """

    name: str
    head: bool
    versions: Mapping[str, str | None]
    resources: Mapping[str, float]
    reads: bool = True
    writes: bool = True
    problem: str = ""


@dataclass(frozen=True)
class Probed:
    """`python`: the interpreter that Ray runs on, on the head. `storage`: the absolute path there, or the URL.

    `nonce`: a file that was left in the storage for a moment, by which one knows it elsewhere.
    """

    python: str
    storage: str
    nodes: tuple[NodeFacts, ...]


def with_clusters_python(arguments: str) -> str:
    """A shell command: `arguments` of the Python that Ray runs on, on the node where the job lands."""
    return f'{_FIND_PYTHON}exec "${{p:-python3}}" {arguments}'


def probe(cluster: Cluster, storage: str, packages: tuple[str, ...]) -> Probed:
    """Ask. `storage`: a path there (`~` is the home of who runs Ray), or a URL, which every node has to reach.

    Raises RunnerError: the job failed, with the end of its log.
    """
    script = Path(__file__).with_name("probe_script.py").read_text(encoding="utf-8")
    name = f"tuneyard-probe-{secrets.token_hex(4)}"
    question = shlex.quote(json.dumps({"storage": storage, "packages": packages}))
    cluster.submit(name, f"{with_clusters_python(f'- {question}')} <<'END'\n{script}\nEND\n")
    try:
        lines = list(cluster.follow_log(name))
        job = cluster.job(name)
    except BaseException:
        cluster.stop(name)
        raise
    answers = [line.removeprefix(_ANSWER) for line in lines if line.startswith(_ANSWER)]
    if not answers:
        raise RunnerError(_failed(cluster, job, lines))
    cluster.forget(name)
    return _read(json.loads(answers[-1]))


def _read(told: Mapping[str, Any]) -> Probed:
    return Probed(told["python"], told["storage"], tuple(NodeFacts(**node) for node in told["nodes"]))


def _failed(cluster: Cluster, job: Job | None, lines: list[str]) -> str:
    said = [line.strip() for line in lines if line.strip() and not line.startswith("Running entrypoint")]
    return (
        f"{cluster.url} takes jobs, but a first small one failed: {said[-1] if said else 'it printed nothing'}"
        f"{f' ({job.message.splitlines()[0]})' if job is not None and job.message and not said else ''}. "
        f"All of its log: ray job logs {job.name if job is not None else ''} --address {cluster.url}"
    )
