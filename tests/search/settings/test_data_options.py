"""The data section of a sweep file: what is checked, what is left alone, what becomes of its source."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from contracts.heavy import HEAVY
from search.errors import SettingsError
from search.settings import read_settings
from search.settings.data_options import option_problems, samples
from search.settings.document import Document
from search.settings.sources import absolute, missing_source
from trainables.data.section import OPTIONS


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def resolved(text: str) -> Any:
    Path("sweep.yaml").write_text(text)
    return read_settings(Path("sweep.yaml")).resolved()


def problems(**data: Any) -> list[str]:
    return option_problems(data, Document({"data": data}), Path())


def test_every_default_is_sound() -> None:
    given = {name: option.default for name, option in OPTIONS.items() if name not in ("source", "query")}
    assert problems(source="digits", **given) == []


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_every_option_refuses_what_it_is_not(name: str) -> None:
    wrong = {"text": 3, "names": 3, "switch": "maybe", "number": "much", "whole": 1.5}[OPTIONS[name].kind]
    data = {"source": "digits", name: wrong}
    assert [line for line in problems(**data) if line.startswith(f"data.{name}: ")]
    values = {"source": "digits", name: {"values": [wrong]}}
    assert [line for line in problems(**values) if line.startswith(f"data.{name}.values[0]: ")]


@pytest.mark.parametrize("name", sorted(name for name, o in OPTIONS.items() if o.low is not None))
def test_every_number_has_its_bounds(name: str) -> None:
    low = OPTIONS[name].low
    assert low is not None
    whole = OPTIONS[name].kind == "whole"
    below = int(low) - 1 if whole else low - abs(low) - 1.0
    high = 10**9 if whole else 1e301
    lines = problems(source="digits", **{name: {"min": below, "max": high}})
    assert lines[0].startswith(f"data.{name}.min: ")


def test_parameters_of_the_data_are_in_the_space_nested_or_dotted() -> None:
    for spelt in ("features.pca: {min: 0.8, max: 1.0}", "features: {pca: {min: 0.8, max: 1.0}}"):
        settings = resolved(
            f"trainable: mlp\ndata: {{source: digits, {spelt}, scaling: {{values: [none, robust]}}}}\n"
        )
        assert {"data.features.pca", "data.scaling"} <= {each.name for each in settings.space.searched}


def test_a_trainable_of_ones_own_keeps_whatever_it_likes_below_data() -> None:
    Path("train.py").write_text("def train(config):\n    yield {'loss': 1.0}\n")
    free = {"source": "nowhere/at/all", "scaling": "nonsense", "split": 7, "deep": {"er": [1, 2]}}
    settings = resolved(
        "trainable: train.py:train\nmetric: loss\nparameters: {x: {min: 0.0, max: 1.0}}\n"
        "data: {source: nowhere/at/all, scaling: nonsense, split: 7, deep: {er: [1, 2]}}\n"
    )
    assert settings.file.data == free


def test_a_default_data_set_makes_a_trainable_of_ones_own_read_by_the_rules() -> None:
    Path("train.py").write_text(
        "class Model:\n    declared = {'metric': 'loss', 'data': 'digits'}\n"
        "    def setup(self, config, *, seed, device): ...\n    def step(self): return {'loss': 1.0}\n"
    )
    with pytest.raises(SettingsError, match=r"data\.scaling: 'nonsense' is not possible"):
        resolved(
            "trainable: train.py:Model\nparameters: {x: {min: 0.0, max: 1.0}}\n"
            "data: {source: digits, scaling: nonsense}\n"
        )


def test_data_without_a_source_takes_none_for_granted() -> None:
    with pytest.raises(SettingsError, match=r"data\.source: is missing"):
        resolved("trainable: mlp\ndata: {scaling: none}\n")


def test_searching_what_decides_the_rows_is_said() -> None:
    notes = resolved("trainable: mlp\ndata: {source: {values: [digits, wine]}}\n").notes
    assert any(
        "data.source: is searched, so configs are compared on different rows" in note for note in notes
    )
    folds = resolved(
        "trainable: mlp\ndata: {source: wine, split: {folds: 3, fold: {values: [0, 1, 2]}}}\n"
    ).notes
    assert not any("is searched" in note for note in folds)


def test_constraints_and_conditions_are_taken_into_account() -> None:
    resolved(
        "trainable: mlp\ndata:\n  source: digits\n  split:\n    valid: {values: [0.1, 0.6]}\n    test: {values: [0.1, 0.6]}\n"
        "constraints: ['data.split.valid + data.split.test < 1']\n"
    )
    resolved(
        "trainable: mlp\ndata:\n  source: digits\n  split:\n    folds: {values: [0, 4]}\n"
        "    fold: {values: [0, 1, 2, 3], when: {data.split.folds: 4}}\n"
    )


def test_samples_are_the_ends_of_every_parameter() -> None:
    data = {
        "source": {"values": ["digits", "wine"]},
        "features": {"pca": {"min": 0.8, "max": 1.0}},
        "limit": 50,
    }
    assert samples(data) == [
        {"source": "digits", "features.pca": 0.8, "limit": 50},
        {"source": "wine", "features.pca": 0.8, "limit": 50},
        {"source": "digits", "features.pca": 1.0, "limit": 50},
        {"source": "wine", "features.pca": 1.0, "limit": 50},
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("split: {group: ward}", "2:42 data.split.group: {file}: 'ward' has 2 different values"),
        ("split: {time: day, group: ward}", "2:53 data.split.group: cannot be joined with split.time"),
        ("limit: 1", "2:1 data: {file}: the training rows that are left (1) are of one class"),
        ("target: day, task: forecasting", "2:1 data.features.window: {file}: 52 values back and 1 ahead"),
    ],
)
def test_rows_that_cannot_be_cut_are_said_before_a_trial_is_spent(
    tmp_path: Path, options: str, said: str
) -> None:
    rows = "\n".join(f"{i},{'ab'[i % 2]},{'xy'[i // 2 % 2]}" for i in range(40))
    (tmp_path / "t.csv").write_text(f"day,ward,y\n{rows}\n")
    target = "" if "target" in options else "target: y, "
    file = tmp_path / "sweep.yaml"
    file.write_text(f"trainable: classical\ndata: {{source: t.csv, {target}{options}}}\n")
    with pytest.raises(SettingsError) as wrong:
        read_settings(file).resolved()
    assert said.format(file=tmp_path / "t.csv") in str(wrong.value)


def test_sources_become_absolute(tmp_path: Path) -> None:
    base = tmp_path / "home"
    (base / "pictures").mkdir(parents=True)
    (base / "package").mkdir()
    (base / "digits").mkdir()
    (base / "whole").mkdir()
    for name in ("sales.csv", "rows.py", "package/rows.py", "whole/__init__.py", "whole/rows.py"):
        (base / name).write_text("")
    changed = {
        "sales.csv": f"{base}/sales.csv",
        "pictures": f"{base}/pictures",
        "rows.py:frame": f"{base}/rows.py:frame",
        "rows:frame": f"{base}/rows.py:frame",
        "package.rows:frame": f"{base}/package/rows.py:frame",
        "whole:frame": f"{base}/whole/__init__.py:frame",
        "whole.rows:Maker.frame": f"{base}/whole/rows.py:Maker.frame",
        "sqlite:///shop.db": f"sqlite:///{base}/shop.db",
        "sqlite+pysqlite:///data/shop.db?mode=ro": f"sqlite+pysqlite:///{base}/data/shop.db?mode=ro",
    }
    assert {source: absolute(source, base) for source in changed} == changed
    same = [
        *("digits", "nowhere", "/etc/hosts", "sqlite://", "sqlite:///:memory:", "sqlite:////data/shop.db"),
        *("postgresql://db/shop", "json.decoder:JSONDecoder", "sklearn.datasets:load_wine"),
    ]
    assert [absolute(source, base) for source in same] == same


def test_a_module_beside_the_file_is_no_installed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the folder can be imported from already, as for a trainable that lies in it."""
    (tmp_path / "ownrows.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert absolute("ownrows:frame", tmp_path) == f"{tmp_path}/ownrows.py:frame"


def test_a_module_that_is_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.py").write_text("")
    said = missing_source("rowz:frame", tmp_path)
    assert said is not None
    assert "there is no module 'rowz', neither installed nor in" in said
    assert "did you mean rows" in said
    assert missing_source("rows:frame", tmp_path) is None
    assert missing_source("sklearn.datasets:load_wine", tmp_path) is None


def test_a_source_that_cannot_be_looked_at_is_left_to_its_reader(tmp_path: Path) -> None:
    source = "x" * 5000 + ".csv"
    assert missing_source(source, tmp_path) is None
    assert absolute(source, tmp_path) == f"{tmp_path}/{source}"


def test_a_password_stays_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference is what is kept, so a resume reads the variable again."""
    monkeypatch.setenv("SHOP_PASSWORD", "hunter2")
    source = "postgresql://reader:${SHOP_PASSWORD}@db/shop"
    for given in (source, "sqlite:///${SHOP_PASSWORD}.db"):
        assert absolute(given, Path("/somewhere")) == given
        assert option_problems({"source": given, "query": "SELECT 1"}, Document({}), Path()) == []


def test_a_plan_with_built_in_data_loads_nothing_heavy() -> None:
    Path("sweep.yaml").write_text(
        "trainable: mlp\ndata: {source: digits, scaling: {values: [none, zscore]}}\n"
    )
    code = (
        "from pathlib import Path; from search.settings import read_settings; import sys\n"
        "read_settings(Path('sweep.yaml')).resolved()\n"
        f"print(*(name for name in {sorted(HEAVY)!r} if name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == []
