"""Reaching a Ray cluster: an existing one, or a local one of our own that listens on loopback only."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import re
import secrets
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from search.errors import RunnerError
from search.resources import Resources
from search.runners.ray_tune.head import RECONNECT, answers

__all__ = ["cluster", "node_is_lost", "ray_environment"]

log = logging.getLogger(__name__)

# Read by Ray when it is imported or when it starts its processes, so they are set before either.
_ALWAYS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",  # a trial keeps the directory in which the sweep was started
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_DEDUP_LOGS_SKIP_REGEX": "(?s).*",  # Ray's notes on dead workers: the sweep says it in one line
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # signals are the driver's business (StopSignal)
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",  # a missing metric fails its trial, not the sweep
    "TUNE_GLOBAL_CHECKPOINT_S": "60",  # Tune's snapshot is a convenience: the journal is the truth
    "TUNE_RESULT_BUFFER_LENGTH": "1",  # each result is decided on before the next step begins
    "TUNE_WARN_THRESHOLD_S": "60",
}
_LOCAL = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # keeps every listener of a single-node Ray on 127.0.0.1
    RECONNECT: "10",  # what Ray is to wait for a head that is gone; we wait less, and say so
}


@contextlib.contextmanager
def cluster(address: str | None, workers: int | None, resources: Resources) -> Iterator[Any]:
    """The `ray` module, connected; a local cluster is started where `address` is None and ended on the way out.

    `address`: "auto" or HOST:PORT, on a machine that is a node of the cluster. A connection that exists already (a
    user's own `ray.init`, a driver submitted to a cluster) is used as it is and left open.

    Raises RunnerError: it cannot be reached or started; says what to look at.
    """
    if address is not None and address.startswith("ray://"):
        raise RunnerError(
            f"{address} is Ray's client, behind which Ray Tune decides on the cluster and not here. Join the cluster: "
            "ray start --address=HOST:6379 --num-cpus=0, then --address auto"
        )
    ray_environment()
    with contextlib.ExitStack() as stack:
        if address is None and not _ray_is_initialized():
            stack.enter_context(_local_environment())
        import ray

        logging.getLogger("ray").setLevel(logging.ERROR)
        if not ray.is_initialized():
            _hush()
            if address is None:
                stack.enter_context(_as_if_imported_now())
            stack.callback(ray.shutdown)
            try:
                with _own_signal_handlers():
                    _connect(ray, address, workers, resources)
            except Exception as error:
                where = (
                    "start Ray on this machine" if address is None else f"reach the Ray cluster at {address}"
                )
                raise RunnerError(f"cannot {where}: {_cause_and_advice(address, error)}") from error
        yield ray


def ray_environment() -> None:
    """Set what Ray reads when it is imported; what the user has set stays."""
    os.environ.update({name: os.environ.get(name, value) for name, value in _ALWAYS.items()})


def node_is_lost(ray: Any, node: str) -> bool:
    """Whether the node whose id begins with `node` is gone.

    The cluster takes up to half a minute to notice; that nobody listens at the node any more is seen at once. From
    outside the cluster (ray://) there is only its word.
    """
    if not node:  # where it ran was never known
        return False
    found = next((each for each in ray.nodes() if each["NodeID"].startswith(node)), None)
    if found is None or not found["Alive"]:
        return True
    if ray.util.client.ray.is_connected():
        return False
    return not answers(found["NodeManagerAddress"], found["NodeManagerPort"])


def _connect(ray: Any, address: str | None, workers: int | None, resources: Resources) -> None:
    if address is None:
        # The dashboard, where it is installed, would be one more process and one more listener.
        cpus = _local_cpus(workers, resources)
        ray.init(address="local", num_cpus=cpus, include_dashboard=False, **_QUIET)
    else:
        os.environ.setdefault(
            "RAY_gcs_server_port_wait_time_s", "3"
        )  # a refusal is not asked for twenty times
        ray.init(address=address, **_QUIET)


@contextlib.contextmanager
def _own_signal_handlers() -> Iterator[None]:
    """Ray puts handlers of its own in the place of the driver's, which end it at once: put them back."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            if callable(handler):
                signal.signal(number, handler)


_QUIET: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR, "configure_logging": True}


def _ray_is_initialized() -> bool:
    module = sys.modules.get("ray")
    return bool(module is not None and module.is_initialized())


def _local_cpus(workers: int | None, resources: Resources) -> int:
    """As many CPUs as the machine has; more where the user asks for more workers than that carries."""
    largest = max(each.cpu for each in resources.classes)
    return max(len(os.sched_getaffinity(0)), math.ceil((workers or 1) * largest))


@contextlib.contextmanager
def _local_environment() -> Iterator[None]:
    """Token authentication with a token of our own, readable by this user only, for as long as the cluster lives."""
    with tempfile.TemporaryDirectory(prefix="tuneyard-ray-") as folder:
        token = Path(folder, "token")
        handle = os.open(token, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(handle, secrets.token_hex(32).encode())
        os.close(handle)
        ours = {**_LOCAL, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token)}
        before = {name: os.environ.get(name) for name in (*ours, "RAY_AUTH_TOKEN", "RAY_ADDRESS")}
        os.environ.update(ours)
        os.environ.pop("RAY_AUTH_TOKEN", None)
        os.environ.pop("RAY_ADDRESS", None)  # a local run stays local
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def _hush() -> None:
    """Drop Ray's notes on dead workers also where a user's own file imported Ray before the environment said so."""
    from ray._private.ray_logging import stderr_deduplicator, stdout_deduplicator

    skip = re.compile(os.environ["RAY_DEDUP_LOGS_SKIP_REGEX"])
    for notes in (stdout_deduplicator, stderr_deduplicator):
        notes.skip_re = skip
        notes.recent.clear()


@contextlib.contextmanager
def _as_if_imported_now() -> Iterator[None]:
    """Let Ray see what it reads when it is imported: a user's own file may have imported it before us."""
    from ray._private import ray_constants
    from ray._raylet import AuthenticationTokenLoader, Config  # type: ignore[attr-defined]

    before = ray_constants.ENABLE_RAY_CLUSTER
    ray_constants.ENABLE_RAY_CLUSTER = False
    Config.initialize("")
    AuthenticationTokenLoader.instance().reset_cache()
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before


def _cause_and_advice(address: str | None, error: Exception) -> str:
    cause = error.__cause__ or error  # where the error itself says no more than where it came up
    said = f"{type(cause).__name__}: {_first_sentence(str(cause))}. "
    if address is None:
        return (
            said + "Free memory and disk below /tmp are what it needs most; --runner inline runs without Ray"
        )
    if any(word in str(cause) for word in ("AuthenticationError", "AuthToken", "Unauthenticated")):
        return (
            "it wants a token, and this process has none or another one. "
            "Set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN_PATH to a copy of its token file"
        )
    if "Version mismatch" in str(cause):
        return " ".join(str(cause).split()) + ". Install from the same constraints.txt on both sides"
    if "No node info found" in str(cause):
        return (
            "this machine is no node of it, and a driver has to be one. Join without giving it cores: "
            f"ray start --address={address} --num-cpus=0"
        )
    return said + "Is the head up (ray status), is the port open from here, and do the Ray versions match?"


def _first_sentence(text: str) -> str:
    line = next((line.strip() for line in text.splitlines() if line.strip()), "no message")
    return line.partition(". ")[0].rstrip(".")[:300]
