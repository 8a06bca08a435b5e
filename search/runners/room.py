"""Whether this machine has room for the workers that are asked for: worked out before any of them is started."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path
from types import ModuleType

from search.resources import Resources
from trainables.plug import Plug

__all__ = ["actors", "free_memory", "no_room", "processors", "shared_processors"]

_MIB, _GIB = 2**20, 2**30
_ACTOR, _ACTOR_WITH_TORCH = 117 * _MIB, 245 * _MIB
"""What a worker of Ray 2.60 holds before its trial begins, as measured; torch adds what importing it takes."""

_CROWDED = 4  # workers for each processor, beyond which it is worth a word


def actors(workers: int | None, trials: int | None, resources: Resources) -> int:
    """Workers that a local Ray would start. `workers` None: as many as the processors carry; `trials`: of the budget."""
    least = min(each.cpu for each in resources.classes)
    carried = math.floor(processors() / least) if least > 0 else processors()
    return min(workers or max(1, carried), trials or sys.maxsize)


def no_room(
    workers: int | None, trials: int | None, resources: Resources, plug: Plug, free: int
) -> str | None:
    """Why so many workers cannot run on a machine that has `free` bytes of memory, and how many can; None: they can.

    Only what a worker takes before its trial begins is counted, so what is refused here could not have run. Where
    `resources.memory` says what a trial may hold, Ray runs no more at a time than fit, and nothing is refused.
    """
    if all(each.memory is not None for each in resources.classes):
        return None
    wanted, torch = actors(workers, trials, resources), _uses_torch(plug)
    each = _ACTOR_WITH_TORCH if torch else _ACTOR
    if wanted * each <= free:
        return None
    fits = max(1, free // each)
    return (
        f"{wanted:,} workers do not fit into this machine: each takes at least {each // _MIB} MiB before its trial "
        f"begins (a process of Ray's{', with torch' if torch else ''}), so all of them {wanted * each / _GIB:,.1f} GiB, "
        f"and {free / _GIB:,.1f} GiB are free. Ask for {fits} at most (-j {fits}), use a cluster (--address), or say "
        f"what a trial may hold (resources: {{memory: 1GiB}}): then no more of them run at a time than fit"
    )


def shared_processors(workers: int | None, resources: Resources) -> str | None:
    """A word about workers that have to take turns on the processors; None: each has one, or there are few."""
    available = processors()
    if workers is None or workers * max(0.25, resources.cpu) <= _CROWDED * available:
        return None
    return (
        f"{workers:,} workers share {available} processors: on this machine they take turns, and each trial takes "
        f"longer. Without -j there is one for each processor"
    )


def free_memory() -> int:
    """Bytes that new processes can have: of the machine, or of the container that this process is in."""
    free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for line in _read("/proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            free = int(line.split()[1]) * 1024
    limit, used = _read("/sys/fs/cgroup/memory.max").strip(), _read("/sys/fs/cgroup/memory.current").strip()
    if limit.isdigit() and used.isdigit():
        free = min(free, max(0, int(limit) - int(used)))
    return free


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))


def _uses_torch(plug: Plug) -> bool:
    """Known of a module that imports torch itself, and of the neural part of the catalogue, which does so in its workers."""
    name = getattr((plug.inner or plug).target, "__module__", "")
    names = vars(sys.modules[name]).values() if name in sys.modules else ()
    imported = (each.__name__ for each in names if isinstance(each, ModuleType))
    return name.startswith("trainables.neural") or any(each.partition(".")[0] == "torch" for each in imported)


def _read(path: str) -> str:
    """The text of a file of the kernel's; empty where there is none."""
    try:
        return Path(path).read_text(encoding="ascii")
    except OSError:
        return ""
