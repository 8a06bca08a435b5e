"""A cluster that changes while a sweep runs on it, and nodes that are not alike. The tests share one cluster: a head with
one CPU, and a node with one CPU, two of a resource of its own and a GPU that Ray is only told of.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen
from textwrap import dedent

import pytest

from contracts.command_line import PATIENCE, finish, start, tuneyard
from contracts.truth import Truth
from contracts.two_nodes import TwoNodes, growing_cluster, two_nodes
from search.history import History
from search.journal import read_journal
from search.paths import RunPaths
from search.trial import Trial

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def cluster() -> Iterator[TwoNodes]:
    with two_nodes('--resources={"accel": 2}', "--num-gpus=1") as made:
        yield made


def history_of(paths: RunPaths) -> History:
    return History.from_records(read_journal(paths.journal))


def trained_on(trial: Trial) -> list[str]:
    """The nodes of a trial's attempts, in order: the beginnings of Ray's own ids."""
    return [attempt.node.rpartition("/")[2] for attempt in trial.attempts]


def wait_until(fact: Callable[[History], bool], paths: RunPaths, process: Popen[str]) -> History:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        begun = paths.journal.exists() and paths.journal.stat().st_size > 0
        if begun and fact(history := history_of(paths)):
            return history
        time.sleep(0.05)
    raise AssertionError("it never happened")


def drain(node: str, cluster: TwoNodes) -> None:
    """What a cloud's agent does once a spot machine's end is announced."""
    subprocess.run(
        [
            *(sys.executable, "-m", "ray.scripts.scripts", "drain-node", f"--address={cluster.address}"),
            *(f"--node-id={node}", "--reason=DRAIN_NODE_REASON_PREEMPTION"),
            *("--reason-message=the spot machine is taken back", "--deadline-remaining-seconds=120"),
        ],
        env={**os.environ, **cluster.env},
        check=True,
        capture_output=True,
        timeout=PATIENCE,
    )


def test_each_trial_runs_where_what_it_needs_is(cluster: TwoNodes, tmp_path: Path) -> None:
    """By rules on the config: a CPU anywhere, a custom resource, half a GPU. None gets a worker made for another class."""
    (tmp_path / "train.py").write_text(
        dedent("""
        import os

        import ray


        def train(config):
            has = ray.get_runtime_context().get_assigned_resources()
            visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
            for step in range(3):
                yield {
                    "loss": config["x"],
                    "cpu": has.get("CPU", 0.0),
                    "gpu": has.get("GPU", 0.0),
                    "accel": has.get("accel", 0.0),
                    "sees_a_gpu": float(visible == "0"),
                }
        """)
    )
    (tmp_path / "mixed.yaml").write_text(
        dedent("""
        trainable: train.py:train
        method: grid
        metric: loss
        parameters:
          x: {values: [1, 2]}
          kind: {values: [plain, accel, gpu]}
        max_steps: 3
        resources:
          cpu: 1
          when:
            - {if: "kind == 'accel'", cpu: 0.5, custom: {accel: 1}}
            - {if: "kind == 'gpu'", cpu: 0.25, gpu: 0.5}
        """)
    )
    done = tuneyard("run", "mixed.yaml", "--address", cluster.address, cwd=tmp_path, env=cluster.env)
    assert done.code == 0, done.err
    history = history_of(RunPaths(tmp_path / "runs" / "mixed"))
    special = cluster.ids()[cluster.worker.port][:8]
    needs = {"plain": (1.0, 0.0, 0.0), "accel": (0.5, 0.0, 1.0), "gpu": (0.25, 0.5, 0.0)}
    assert [trial.state for trial in history.trials] == ["completed"] * 6
    for trial in history.trials:
        kind, metrics = trial.config["kind"], trial.results[-1].metrics
        assert (metrics["cpu"], metrics["gpu"], metrics["accel"]) == needs[kind]
        assert kind == "plain" or trained_on(trial) == [special]
        assert kind != "gpu" or metrics["sees_a_gpu"] == 1.0


def test_what_no_node_has_is_refused_before_anything_runs(cluster: TwoNodes, tmp_path: Path) -> None:
    text = "trainable: chaos\nresources: {cpu: 1, when: [{if: 'x > 0.5', cpu: 3}]}\n"
    (tmp_path / "large.yaml").write_text(text)
    done = tuneyard("run", "large.yaml", "--address", cluster.address, cwd=tmp_path, env=cluster.env)
    assert done.code == 1
    assert "a trial needs 3 CPU on one node; no node has more than 1 CPU" in done.err


def test_a_node_that_joins_is_used_and_left_in_time(cluster: TwoNodes, tmp_path: Path) -> None:
    (tmp_path / "grow.yaml").write_text(
        f"""
trainable: chaos
method: random
parameters: {{x: {{min: 0.0, max: 1.0}}, delay: 0.3, truth: {tmp_path}/truth.jsonl}}
max_steps: 60
run_cap: 200
checkpoint: {{every: 7}}
"""
    )
    process = start("run", "grow.yaml", "--address", cluster.address, cwd=tmp_path, env=cluster.env)
    paths = RunPaths(tmp_path / "runs" / "grow")
    wait_until(lambda history: len(history.running) == 2, paths, process)
    joined = cluster.join()
    node = cluster.ids()[joined.port]

    def runs_there(history: History) -> bool:
        there = any(trained_on(t)[-1:] == [node[:8]] and 2 < t.steps < 20 for t in history.running)
        return there and len(history.running) == 3  # one trial for each node

    wait_until(runs_there, paths, process)
    drain(node, cluster)

    def moved(history: History) -> bool:
        return any(
            a.after is not None and a.after.kind == "preempted" and t.steps > a.from_step
            for t in history.trials
            for a in t.attempts
        )

    wait_until(moved, paths, process)
    process.send_signal(signal.SIGINT)
    assert finish(process).code == 130
    history = history_of(paths)
    assert history.problem.failure.retries == 0
    assert not [trial for trial in history.trials if trial.state == "failed"]
    for trial in history.trials:
        nodes = trained_on(trial)
        for before, attempt in zip(nodes, trial.attempts[1:], strict=False):
            assert before == node[:8]
            assert attempt.after is not None
            assert attempt.after.kind == "preempted"
    assert not Truth.read(tmp_path / "truth.jsonl").twice(), "no step was run twice"


def demand(cluster: TwoNodes) -> list[object]:
    """What the autoscaler was asked to make room for."""
    script = (
        "import json, ray, sys; from ray.experimental.internal_kv import _internal_kv_get as get; "
        "ray.init(sys.argv[1], log_to_driver=False, logging_level=40); "
        "told = json.loads(get(b'__autoscaling_status') or '{}'); "  # none yet, where it has just begun
        "print(json.dumps(told.get('load_metrics_report', {}).get('request_demand', [])))"
    )
    told = subprocess.run(
        [sys.executable, "-c", script, cluster.address],
        env={**os.environ, **cluster.env},
        stdout=subprocess.PIPE,
        check=True,
        timeout=PATIENCE,
    )
    return list(json.loads(told.stdout.splitlines()[-1]))


def test_a_cluster_without_a_cpu_yet_is_asked_for_nodes(tmp_path: Path) -> None:
    (tmp_path / "wait.yaml").write_text(
        "trainable: chaos\nmethod: random\nrun_cap: 3\nworkers: 2\nmax_steps: 2\n"
    )
    with growing_cluster() as cluster:
        process = start("run", "wait.yaml", "--address", cluster.address, cwd=tmp_path, env=cluster.env)
        deadline = time.monotonic() + PATIENCE
        while demand(cluster) != [[{"CPU": 1.0}, 2]]:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
        paths = RunPaths(tmp_path / "runs" / "wait")
        assert not history_of(paths).trials, "no trial is asked for before there is a place for it"
        cluster.join()
        done = finish(process)
        assert done.code == 0, done.err
        assert [trial.state for trial in history_of(paths).trials] == ["completed"] * 3
