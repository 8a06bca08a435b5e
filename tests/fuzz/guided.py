"""`python -m fuzz.guided TARGET FOLDER [libFuzzer's options]`: one target, guided by what its inputs reach.

libFuzzer ends the process when it is done; findings are kept in FOLDER and do not end it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from random import Random

import atheris

with atheris.instrument_imports(include=["search", "spaces", "trainables", "tuneyard"]):
    from fuzz.targets import TARGETS

from fuzz.__main__ import _keep
from fuzz.oracle import inner_room, judge

__all__: list[str] = []


def main() -> None:
    name, found, options = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    target = TARGETS[name]
    folder = Path(tempfile.mkdtemp(prefix="fuzz-", dir=found))
    corpus, room = folder / "corpus", inner_room(folder)
    corpus.mkdir()
    seeds = target.seeds()
    for number, seed in enumerate(seeds):
        (corpus / str(number)).write_bytes(seed)
    for data in seeds:  # what is imported on the way, once, is none of an input's doing
        judge(name, target.call, data, room)

    def one_input(data: bytes) -> None:
        finding = judge(name, target.call, data, room)
        if finding is not None:
            _keep(finding, found)

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        chance = Random(seed)
        if chance.random() < 0.5:
            return bytes(atheris.Mutate(data, most))
        return target.mutate(data, chance)[:most]

    longest = 2 * max(map(len, seeds))
    arguments = [
        sys.argv[0],
        *options,
        f"-max_len={max(longest, 256)}",
        "-timeout=600",  # by the clock, and 0 is no time at all: a hang is told by the processor time (see `judge`)
        "-rss_limit_mb=0",
        f"-artifact_prefix={folder}/",
        str(corpus),
    ]
    atheris.Setup(arguments, one_input, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
