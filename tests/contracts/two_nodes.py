"""A real Ray cluster of two nodes on one machine, made as one makes it of two hosts: `ray start`, twice, and a token."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from contracts.ports import free_port

__all__ = ["Node", "TwoNodes", "growing_cluster", "two_nodes"]

MARK = "TUNEYARD_TEST_NODE"
PATIENCE = 180.0  # seconds for a node to come up, on a busy machine
TRIES = 3
# A node that was killed stands in the list for half a minute more, at the port where another may have come up since.
_IDS = """
import json, ray, sys, time
ray.init(sys.argv[1], log_to_driver=False, logging_level=40)
while True:
    alive = [(node["NodeManagerPort"], node["NodeID"]) for node in ray.nodes() if node["Alive"]]
    if len(dict(alive)) == len(alive):
        break
    time.sleep(0.2)
print(json.dumps(dict(alive)))
"""


@dataclass(frozen=True)
class Node:
    """What one `ray start` left running: every process of it, and no other, has `mark` in its environment."""

    mark: str
    port: int

    def kill(self) -> None:
        """SIGKILL to everything of the node."""
        victims = self.processes()
        for process in victims:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(victims, timeout=20)

    def processes(self, name: str = "") -> list[psutil.Process]:
        """What runs on the node now, or those of it whose command line contains `name`."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                if process.environ().get(MARK) == self.mark and name in " ".join(process.cmdline()):
                    found.append(process)
        return found


@dataclass(frozen=True)
class TwoNodes:
    """`address` of the head. `env`: what a driver needs to be let in. Each node has one CPU.

    `head_options`: what the head was started with; `worker_options` likewise, and `worker_env` with what only that node has. `joined`: nodes that came later.
    """

    address: str
    env: Mapping[str, str]
    head: Node
    worker: Node
    head_options: tuple[str, ...] = ()
    worker_options: tuple[str, ...] = ()
    joined: list[Node] = field(default_factory=list)
    worker_env: Mapping[str, str] = field(default_factory=dict)

    def join(self, *options: str) -> Node:
        """One more node; it is ended with the others."""
        node = Node(secrets.token_hex(8), free_port())
        self.joined.append(node)
        _start(node, self.env, f"--address={self.address}", *options)
        return node

    def start_worker(self) -> None:
        """A worker node where the one before was killed; Ray gives it another id."""
        _start(
            self.worker, {**self.env, **self.worker_env}, f"--address={self.address}", *self.worker_options
        )

    def start_head(self) -> None:
        """A head at the same address where the one before was killed. It knows nothing of what was."""
        _start(self.head, self.env, *self.head_options)

    def ids(self) -> dict[int, str]:
        """Ray's own ids of the nodes, by their ports; asked once no node that was killed is taken for alive."""
        told = subprocess.run(
            [sys.executable, "-c", _IDS, self.address],
            env={**os.environ, **self.env},
            stdout=subprocess.PIPE,
            check=True,
            timeout=PATIENCE,
        )
        return {int(port): node for port, node in json.loads(told.stdout.splitlines()[-1]).items()}


@contextlib.contextmanager
def two_nodes(*worker_options: str, worker_env: Mapping[str, str] | None = None) -> Iterator[TwoNodes]:
    """The cluster; whatever came up of it is gone afterwards. `worker_options`: of `ray start`, as `--num-gpus=1`.
    `worker_env`: what only the worker node has in its environment.
    """
    # Not below a test's own folder: the paths of Ray's sockets may be 107 bytes long.
    with tempfile.TemporaryDirectory(prefix="ty-", ignore_cleanup_errors=True) as folder:
        env = _token(Path(folder))
        joined: list[Node] = []
        head, worker = (Node(secrets.token_hex(8), free_port()) for _ in range(2))
        port = free_port()
        address = f"127.0.0.1:{port}"
        own = (
            f"--temp-dir={folder}",
            "--include-dashboard=false",
            f"--ray-client-server-port={free_port()}",
        )
        try:
            options = ("--head", f"--port={port}", f"--dashboard-port={free_port()}", *own)
            made = TwoNodes(address, env, head, worker, options, worker_options, worker_env=worker_env or {})
            joined = made.joined
            made.start_head()
            made.start_worker()
            yield made
        finally:
            for node in (*joined, worker, head):
                node.kill()


@contextlib.contextmanager
def growing_cluster() -> Iterator[TwoNodes]:
    """A head without a CPU, and an autoscaler that notes what it is asked for and may start nothing: `join` does it."""
    kind = {"resources": {"CPU": 0}, "node_config": {}, "max_workers": 0}
    provider = {"type": "fake_multinode", "use_node_id_as_ip": True, "disable_node_updaters": True}
    commands = ("initialization", "setup", "head_setup", "worker_setup", "head_start_ray", "worker_start_ray")
    config = {
        "cluster_name": "growing",
        "max_workers": 0,
        "upscaling_speed": 1.0,
        "idle_timeout_minutes": 5,
        "head_node_type": "ray.head.default",
        "available_node_types": {"ray.head.default": kind},
        "provider": {**provider, "disable_launch_config_check": True},
        "auth": {"ssh_user": "nobody"},
        **{f"{name}_commands": [] for name in commands},
        "docker": {},
        "file_mounts": {},
        "cluster_synced_files": [],
        "file_mounts_sync_continuously": False,
        "rsync_exclude": [],
        "rsync_filter": [],
    }
    with tempfile.TemporaryDirectory(prefix="ty-", ignore_cleanup_errors=True) as folder:
        file = Path(folder, "autoscaling.json")
        file.write_text(json.dumps(config))
        env = _token(Path(folder))
        port, head = free_port(), Node(secrets.token_hex(8), free_port())
        options = (
            *("--head", f"--port={port}", f"--dashboard-port={free_port()}", f"--temp-dir={folder}"),
            *("--include-dashboard=false", f"--ray-client-server-port={free_port()}"),
            *("--num-cpus=0", f"--autoscaling-config={file}"),
        )
        made = TwoNodes(f"127.0.0.1:{port}", env, head, head, options)
        try:
            _start(head, {**env, "RAY_FAKE_CLUSTER": "1", "AUTOSCALER_UPDATE_INTERVAL_S": "1"}, *options)
            yield made
        finally:
            for node in (*made.joined, head):
                node.kill()


def _token(folder: Path) -> dict[str, str]:
    """What a process needs to be let in."""
    token = folder / "token"
    token.touch(mode=0o600)
    token.write_text(secrets.token_hex(32))
    return {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token),
        "RAY_USAGE_STATS_ENABLED": "0",
        # A local Ray that the tests before share has this process keep to loopback: "0" (search.runners.ray_tune.cluster).
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "1",
    }


def _start(node: Node, env: Mapping[str, str], *options: str) -> None:
    """Ray gives a node 30 seconds to come up, which on a busy machine is too little now and then: it is tried again."""
    for _ in range(TRIES):
        done = _started(node, env, *options)
        if done.returncode == 0:
            return
        node.kill()
    raise AssertionError(done.stdout)


def _started(node: Node, env: Mapping[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    ports = ("object-manager-port", "metrics-export-port", "runtime-env-agent-port")
    return subprocess.run(
        [
            *(sys.executable, "-m", "ray.scripts.scripts", "start", "--node-ip-address=127.0.0.1"),
            *("--num-cpus=1", f"--object-store-memory={80 * 2**20}", "--disable-usage-stats"),
            f"--node-manager-port={node.port}",
            *(f"--{name}={free_port()}" for name in ports),
            *options,
        ],
        env={**os.environ, **env, MARK: node.mark},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
    )
