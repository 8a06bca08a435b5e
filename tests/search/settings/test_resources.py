"""What a trial needs: as it is written, what is refused, and what becomes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from search.errors import SettingsError
from search.settings import ResolvedSettings, Settings, read_settings
from search.settings.document import read_text
from search.settings.sizes import parse_size

FILE = """
trainable: chaos
parameters:
  x: {min: 0.0, max: 1.0}
  mode: {values: [none, hang]}
resources:
"""


def settings(resources: str) -> Settings:
    Path("sweep.yaml").write_text(FILE + resources)
    return read_settings(Path("sweep.yaml"))


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("2GiB", 2 * 2**30),
        ("512 MiB", 512 * 2**20),
        ("1.5g", 1_500_000_000),
        ("700kb", 700_000),
        ("8B", 8),
        (1e9, 10**9),
        (4096, 4096),
    ],
)
def test_amounts_of_memory(written: float | str, size: int) -> None:
    assert parse_size(written) == size


@pytest.mark.parametrize(
    "written", ["", "much", "-1GiB", "2GiBs", 0, -4, True, "1e400", float("inf"), "9" * 40]
)
def test_what_is_no_amount_of_memory(written: float | str) -> None:
    with pytest.raises(ValueError, match="must be an amount of memory: 2GiB, 512MiB"):
        parse_size(written)


def test_a_rule_names_only_what_is_other() -> None:
    resolved = settings(
        """
  cpu: 2
  memory: 1GiB
  custom: {disk: 1}
  when:
    - {if: "mode == 'hang' and x > 0.5", gpu: 0.5, custom: {}}
    - {if: "mode == 'hang'", cpu: 4}
"""
    ).resolved()
    resources = resolved.resources
    usual = resources.of({"x": 0.9, "mode": "none"})
    assert (usual.cpu, usual.gpu, usual.memory, usual.custom) == (2, 0, 2**30, {"disk": 1})
    on_gpu = resources.of({"x": 0.9, "mode": "hang"})
    assert (on_gpu.cpu, on_gpu.gpu, on_gpu.memory, on_gpu.custom) == (2, 0.5, 2**30, {})
    assert resources.of({"x": 0.1, "mode": "hang"}).cpu == 4
    assert len(resources.classes) == 3
    assert ResolvedSettings.from_dict(resolved.to_dict()).resources == resources
    again = Settings.from_document(read_text(resolved.to_yaml(), "again.yaml"), Path.cwd(), "again")
    assert again.resolved().resources == resources


def test_from_python_it_is_the_same() -> None:
    made = Settings.from_python(
        "chaos",
        parameters={"x": {"min": 0.0, "max": 1.0}},
        resources={"cpu": 1, "when": [{"if": "x > 0.5", "cpu": 2}]},
    ).resolved()
    assert made.resources.of({"x": 0.7}).cpu == 2


@pytest.mark.parametrize(
    ("resources", "line"),
    [
        (
            "  when: [{if: 'y > 1', cpu: 2}]",
            "sweep.yaml:7:11 resources.when[0].if: 'y > 1': unknown parameter 'y' (known: x, mode), at column 1",
        ),
        ("  when: [{if: 'x >', cpu: 2}]", "sweep.yaml:7:11 resources.when[0].if: 'x >': expected a value"),
        ("  when: [{if: 'x + 1', cpu: 2}]", "resources.when[0].if: 'x + 1': must be true or false"),
        (
            "  when: [{if: 'x > 0.5'}]",
            "sweep.yaml:7:10 resources.when[0]: says what then is needed by none of",
        ),
        ("  when: [{cpu: 2}]", "resources.when[0].if: if is missing"),
        ("  when: [{if: 'x > 0.5', cpu: -1}]", "resources.when[0].cpu: must be 0 or more, got -1"),
        ("  memory: lots", "sweep.yaml:7:3 resources.memory: must be an amount of memory: 2GiB, 512MiB"),
    ],
)
def test_what_is_refused(resources: str, line: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settings(resources)
    assert any(line in problem for problem in refused.value.problems), refused.value.problems
