"""Everything that reads what somebody else wrote: how it is called, what it is fed, and how that is mutated."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from fuzz.mutation import as_json, mutated_bytes, mutated_data, text_of_pieces
from fuzz.run_directories import mutated_run, read_run, runs
from search.exchange import import_run
from search.history import History
from search.journal import encode, read_journal
from search.run import Run
from search.settings import Override, read_settings
from search.settings.document import Document, read_text
from search.settings.overrides import apply_overrides
from search.settings.settings import Settings
from search.views.frames import csv_text
from spaces import Condition, Constraint, Space
from spaces.reading import parse_parameters
from trainables.catalogue import CATALOGUE

__all__ = ["TARGETS", "Target"]

_HERE = Path(__file__).parent
_EXAMPLES = _HERE.parents[1] / "examples"
_GOLDEN = _HERE.parent / "golden"

Mutate = Callable[[bytes, Random], bytes]


@dataclass(frozen=True)
class Target:
    """`call(input, folder)`: what is tried; the folder is the only place that may change. `seeds`: sound inputs.

    `share`: of the inputs of a long run. `guided`: whether coverage can guide it (small and fast enough).
    """

    call: Callable[[bytes, Path], None]
    seeds: Callable[[], Sequence[bytes]]
    mutate: Mutate
    share: float
    guided: bool = True


# -- constraints and conditions -------------------------------------------------------------------------------------

_CONFIG = {"a": 3, "b": -2.5, "c.d": 7, "s": "adam", "t": True, "n": None, "l": (1, 2)}
_PIECES = [
    *_CONFIG,
    *"()[],+-*/%<>=!'\"`.",
    *(
        "**",
        "//",
        "==",
        "<=",
        "in",
        "not",
        "and",
        "or",
        "min",
        "max",
        "log",
        "abs",
        "round",
        "1",
        "2.5e3",
        "1e308",
    ),
    *("'adam'", "true", "None", "9" * 40, "²", "\x00", "__class__", "(", ")", "[1, 2]", "a.b", "é"),
]


def _expression(data: bytes, folder: Path) -> None:
    constraint = Constraint(data.decode("utf-8", "replace"))
    assert constraint.holds(_CONFIG) in (True, False)
    Constraint(constraint.text)


def _expressions() -> list[bytes]:
    texts = [
        "a * b <= 100",
        "s in ['adam', 'sgd'] and a > 1",
        "not t or min(a, b) ** 2 == 4",
        "`c.d` % 3 // 2 != n",
    ]
    return [text.encode() for text in texts]


def _mutated_expression(data: bytes, chance: Random) -> bytes:
    if chance.random() < 0.5:
        return text_of_pieces(_PIECES, chance).encode("utf-8", "replace")
    return mutated_bytes(data, chance)


def _conditions(data: bytes, folder: Path) -> None:
    """A space of a sweep file, with `when` and constraints, read, checked, sampled and read back."""
    import numpy as np

    told = read_text(data.decode("utf-8", "replace"), "space").data
    if not isinstance(told, dict) or not isinstance(told.get("parameters"), dict):
        return
    limits = told.get("constraints")
    limits = [each for each in limits if isinstance(each, str)] if isinstance(limits, list) else []
    space = parse_parameters(told["parameters"], constraints=limits)
    config = space.sample(np.random.default_rng(0))
    space.validate(config)
    again = Space.from_json(json.loads(json.dumps(space.to_json())))
    assert again.fingerprint(config) == space.fingerprint(config)
    for parameter in space.parameters:
        for condition in parameter.when:
            Condition.from_json(condition.to_json())


# -- sweep files ------------------------------------------------------------------------------------------------------


@cache
def _sweeps() -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted(_EXAMPLES.glob("*.yaml")))


@cache
def _wandb_sweeps() -> tuple[bytes, ...]:
    texts = (
        "trainable: chaos\nmethod: bayes\nmetric: {name: loss, goal: minimize}\n"
        "early_terminate: {type: hyperband, s: 2, eta: 3, max_iter: 27}\n"
        "parameters:\n  x: {distribution: log_uniform_values, min: 1e-3, max: 1}\n  units: {distribution: q_uniform, min: 8, max: 64, q: 8}\n"
        "  at: {values: [1, 2]}\n  nested: {parameters: {n: {values: [1, 2]}}}\n",
        "program: train.py\nmethod: grid\nmetric: {name: acc, goal: maximize}\ncommand: ['${env}', python, '${program}', '${args}']\n"
        "project: p\nentity: e\nparameters:\n  a: {distribution: inv_log_uniform_values, min: 0.1, max: 0.9}\n"
        "  b: {distribution: int_uniform, min: 1, max: 9}\n  c: {distribution: normal, mu: 0, sigma: 1}\n  d: {value: 3}\nrun_cap: 7\n",
    )
    return tuple(text.encode() for text in texts)


@cache
def _as_data(seeds: tuple[bytes, ...]) -> tuple[Any, ...]:
    return tuple(read_text(seed.decode(), "seed").data for seed in seeds)


def _mutated_yaml(seeds: Callable[[], tuple[bytes, ...]]) -> Mutate:
    def mutate(data: bytes, chance: Random) -> bytes:
        if chance.random() < 0.4:
            return mutated_bytes(data, chance)
        known = _as_data(seeds())
        return as_json(mutated_data(chance.choice(known), chance, known))

    return mutate


def _sweep_file(data: bytes, folder: Path) -> None:
    """All that `tuneyard plan` reads of a file, as long as it names no code of somebody's."""
    file = folder / "sweep.yaml"
    file.write_bytes(data)
    settings = read_settings(file)
    if settings.file.trainable not in CATALOGUE:
        return
    resolved = settings.resolved()
    problem = resolved.problem()
    resolved.scheduler(problem)
    resolved.searcher(problem)
    read_text(resolved.to_yaml({}), "resolved")


# -- overrides --------------------------------------------------------------------------------------------------------

_SET = (
    "parameters.lr.max=0.1",
    "run_cap=7",
    "method=tpe",
    "metric.goal=minimize",
    "points=[{lr: 0.1}]",
    "data.split={test: 0.1}",
)


def _override(data: bytes, folder: Path) -> None:
    document = _base()
    for text in data.decode("utf-8", "replace").split("\x1e")[:4]:
        document = apply_overrides(document, [Override.parse(text)])
    Settings.from_document(document, folder, "fuzzed")


@cache
def _base() -> Document:
    """What is overridden; `apply_overrides` leaves it as it is."""
    return read_text(_sweeps()[2].decode(), "sweep.yaml")


def _mutated_override(data: bytes, chance: Random) -> bytes:
    if chance.random() < 0.5:
        key, _, value = chance.choice(_SET).partition("=")
        value = as_json(mutated_data({"value": value}, chance, _as_data(_sweeps()), 1)).decode()
        return "\x1e".join([f"{key}={value}", chance.choice(_SET)][: chance.randint(1, 2)]).encode()
    return mutated_bytes(data, chance)


# -- journals ---------------------------------------------------------------------------------------------------------


@cache
def _journals() -> tuple[bytes, ...]:
    """Their beginnings: enough for all kinds of records, and short enough to be quick."""
    return tuple(
        b"".join(path.read_bytes().splitlines(keepends=True)[:30]) for path in sorted(_GOLDEN.glob("*.jsonl"))
    )


@cache
def _records(seed: bytes) -> tuple[dict[str, Any], ...]:
    records = [json.loads(line) for line in seed.splitlines()]
    for record in records:
        record.pop("crc")
    return tuple(records)


def _journal(data: bytes, folder: Path) -> None:
    """What `ls`, `show` and the tables make of it."""
    path = folder / "journal.jsonl"
    path.write_bytes(data)
    run = Run(History.from_records(read_journal(path)), None, "fuzzed")
    json.dumps(run.summary(), allow_nan=False)
    csv_text(run.history)


def sealed(records: Sequence[Mapping[str, Any]]) -> bytes:
    """Records as lines with sums that fit, so that what is wrong in them is read."""
    lines = []
    for record in records:
        try:
            lines.append(encode(record))
        except (TypeError, ValueError, AttributeError, OverflowError):
            continue  # no journal can hold it
    return b"".join(lines)


def _mutated_journal(data: bytes, chance: Random) -> bytes:
    if chance.random() < 0.25:
        return mutated_bytes(data, chance)
    records = list(_records(chance.choice(_journals())))
    for _ in range(chance.choice((1, 1, 2, 4))):
        at = chance.randrange(len(records))
        match chance.randrange(6):
            case 0:
                del records[at]
            case 1:
                records.insert(chance.randrange(len(records)), records[at])
            case 2:
                records.append(chance.choice(_records(chance.choice(_journals()))))
            case _:
                records[at] = mutated_data(records[at], chance, records[:8])
        if not records:
            return b""
    return sealed(records)


# -- import sources ---------------------------------------------------------------------------------------------------

_TABLE = """"Name","State","Notes","User","Tags","Created","Runtime","Sweep","lr","optimizer","layers","net","amp","epoch","loss"
"bright-1","finished","","me","","2026-03-01T12:00:00.000Z","60","s1","0.1","sgd","[64, 32]","{""width"": 8}","true","9","0.5"
"dark-2","finished","","me","","2026-03-01T12:01:00.000Z","1m 30s","s1","1e-3","adam","[64, 32]","{""width"": 16}","false","9","0.25"
"dull-3","crashed","-","me","","2026-03-01T11:59:00.000Z","5","s1","1","sgd","[64, 32]","{""width"": 8}","true","2","NaN"
"""


def _wandb_table(data: bytes, folder: Path) -> None:
    table = folder / "table.csv"
    table.write_bytes(data)
    shutil.rmtree(folder / "runs", ignore_errors=True)
    columns = ["lr", "optimizer", "layers", "net", "amp"]
    import_run(
        table, kind="wandb", storage=folder / "runs", metric="loss", goal="minimize", parameters=columns
    )


def _mutated_table(data: bytes, chance: Random) -> bytes:
    if chance.random() < 0.4:
        return mutated_bytes(data, chance)
    rows = [line.split('","') for line in _TABLE.splitlines()]
    nasty = [
        "",
        "NaN",
        "-1e999",
        "[",
        "{}",
        '{""a"": 1}',
        "2026-13-45T99:99Z",
        "1d 2h",
        "=1+1",
        "\x00",
        "9" * 400,
        "[" * 90,
    ]
    for _ in range(chance.randint(1, 4)):
        row = chance.choice(rows)
        row[chance.randrange(len(row))] = chance.choice(nasty)
    return "\n".join('","'.join(row) for row in rows).encode()


@cache
def _experiments() -> tuple[bytes, ...]:
    """Ray Tune's directories as one JSON each: path -> text."""
    return tuple(
        json.dumps(
            {str(p.relative_to(folder)): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}
        ).encode()
        for folder in sorted((_GOLDEN / "ray_tune").iterdir())
        if folder.is_dir()
    )


def _experiment(data: bytes, folder: Path) -> None:
    try:
        files = json.loads(data)
    except ValueError:
        return
    source = folder / "experiment"
    shutil.rmtree(source, ignore_errors=True)
    shutil.rmtree(folder / "runs", ignore_errors=True)
    for name, text in files.items() if isinstance(files, dict) else ():
        path = source / Path(*[part for part in Path(name).parts if part not in ("..", "/")])
        if isinstance(text, str) and "\x00" not in name and not path.exists() and path != source:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode("utf-8", "replace"))
    source.mkdir(exist_ok=True)
    import_run(source, kind="ray", storage=folder / "runs", metric="loss", goal="minimize")


def _mutated_experiment(data: bytes, chance: Random) -> bytes:
    files = json.loads(chance.choice(_experiments()))
    for _ in range(chance.randint(1, 3)):
        name = chance.choice(list(files))
        text = files[name]
        if chance.random() < 0.5 and name.endswith(".json"):
            lines = text.splitlines() or [""]
            at = chance.randrange(len(lines)) if name.endswith("result.json") else None
            try:
                told = json.loads(text if at is None else lines[at])
            except ValueError:
                continue
            changed = as_json(mutated_data(told, chance)).decode()
            files[name] = changed if at is None else "\n".join([*lines[:at], changed, *lines[at + 1 :]])
        elif chance.random() < 0.1:
            del files[name]
            if not files:
                break
        else:
            files[name] = mutated_bytes(text.encode(), chance).decode("utf-8", "replace")
    return json.dumps(files).encode()


_SPACES = (
    b'{"parameters": {"o": {"values": ["sgd", "adam"]}, "m": {"min": 0.1, "max": 0.9, "when": {"o": "sgd"}}, '
    b'"d": {"min": 1, "max": 4}, "w": {"min": 8, "max": 64, "step": 8, "when": {"d": ">= 2", "o": ["adam", "sgd"]}}}, '
    b'"constraints": ["d * w <= 128"]}',
    b'{"parameters": {"lr": {"min": 1e-4, "max": 0.1, "distribution": "log_uniform_values"}, "g": {"a": {"min": 0, '
    b'"max": 1}, "b": {"value": 3}, "when": {"lr": "< 0.01"}}, "x": [{"min": 0, "max": 1, "when": {"g.b": 3}}]}}',
)

TARGETS: Mapping[str, Target] = {
    "expression": Target(_expression, _expressions, _mutated_expression, 0.9),
    "space": Target(_conditions, lambda: _SPACES, _mutated_yaml(lambda: _SPACES), 0.03),
    "sweep file": Target(_sweep_file, _sweeps, _mutated_yaml(_sweeps), 0.01),
    "W&B sweep": Target(_sweep_file, _wandb_sweeps, _mutated_yaml(_wandb_sweeps), 0.01),
    "override": Target(_override, lambda: [text.encode() for text in _SET], _mutated_override, 0.02),
    "journal": Target(_journal, _journals, _mutated_journal, 0.022),
    "W&B table": Target(_wandb_table, lambda: [_TABLE.encode()], _mutated_table, 0.005),
    "Ray Tune directory": Target(_experiment, _experiments, _mutated_experiment, 0.002),
    "run directory": Target(read_run, runs, mutated_run, 0.0005, guided=False),
}
"""By name."""
