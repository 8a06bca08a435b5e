"""What a trial held is let go of before the next one begins in the same process; and the limit of what it may hold."""

from __future__ import annotations

import gc
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from search.runners.ray_tune import memory
from search.runners.ray_tune.hosted import Assignment, Report, Shipment, hosted

USER_FILE = """
import weakref

FORMER = []


class Cyclic:
    '''Like a network and its optimizer: held by nobody but each other.'''


class Model:
    def setup(self, config):
        self.former_is_alive = float(any(former() is not None for former in FORMER))
        self.network, self.optimizer = Cyclic(), Cyclic()
        self.network.optimizer, self.optimizer.network = self.optimizer, self.network
        FORMER.append(weakref.ref(self.network))

    def step(self):
        return {"loss": 0.0, "former_is_alive": self.former_is_alive}
"""


@pytest.mark.parametrize(("long", "alive"), [(0.0, 0.0), (3600.0, 1.0)])
def test_a_former_trial_is_gone_before_the_next_one_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, long: float, alive: float
) -> None:
    """Cycles included. Trials that are over at once are not worth the collection, which would take longer."""
    monkeypatch.setattr(memory, "_LONG", long)
    (tmp_path / "user.py").write_text(USER_FILE)
    shipment = Shipment("user.py:Model", str(tmp_path), None, str(tmp_path / "run"), "loss", 1)
    first, second = (Assignment(number, 1, 7, 0, {}).to_config() for number in (0, 1))
    gc.collect()
    gc.disable()  # what it would find by chance
    try:
        trial = hosted(shipment)(config=first)
        assert Report.from_result(trial.train()).metrics["former_is_alive"] == 0.0
        trial.reset(second)
        assert Report.from_result(trial.train()).metrics["former_is_alive"] == alive
        trial.stop()
    finally:
        gc.enable()


def test_memory_of_the_gpu_is_given_back() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    if not torch.cuda.is_available():
        pytest.skip("there is no GPU on this machine that torch can use")
    torch.cuda.empty_cache()
    before = torch.cuda.memory_reserved()
    held = torch.zeros(2**26, device="cuda")
    assert torch.cuda.memory_reserved() >= before + held.nbytes
    del held
    assert torch.cuda.memory_reserved() > before, "torch keeps it for itself"
    memory.release(0.0)
    assert torch.cuda.memory_reserved() == before


@pytest.mark.slow
def test_a_process_beyond_its_limit_takes_its_children_along() -> None:
    """What a child holds counts; without a cluster nobody can be told why."""
    script = """
        import subprocess, sys, time
        from search.runners.ray_tune.memory import MemoryLimit

        greedy = "x = bytearray(b'x' * 600 * 2**20); import time; time.sleep(600)"
        child = subprocess.Popen([sys.executable, "-c", greedy])
        print(child.pid, flush=True)
        MemoryLimit().set(500 * 2**20)
        time.sleep(600)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=240
    )
    assert done.returncode == -9, done.stderr
    assert (
        not Path(f"/proc/{done.stdout.strip()}/cmdline").exists()
        or not Path(f"/proc/{done.stdout.strip()}/cmdline").read_bytes()
    )
