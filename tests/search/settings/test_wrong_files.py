"""Wrong sweep files: each says `file:line:column key: rule, value, next move`, word for word."""

from __future__ import annotations

from pathlib import Path

import pytest

from search.errors import SettingsError
from search.settings import read_settings

# (name, text, the first line that is said about it)
WRONG = [
    (
        "unknown key of a run to learn from",
        "trainable: branin\nwarm_start:\n  - {run: first, ignor: [x1]}\n",
        "sweep.yaml:3:18 warm_start[0].ignor: unknown key (did you mean ignore?)",
    ),
    (
        "run to learn from without its name",
        "trainable: branin\nwarm_start:\n  - {ignore: [x1]}\n",
        "sweep.yaml:3:5 warm_start[0].run: run is missing",
    ),
    (
        "number in the place of a run to learn from",
        "trainable: branin\nwarm_start: [first, 5]\n",
        "sweep.yaml:2:21 warm_start[1]: must be text, got 5",
    ),
    (
        "unknown key of an objective",
        "trainable: branin\nmetrics: [a, {name: b, gaol: minimize}]\n",
        "sweep.yaml:2:24 metrics[1].gaol: unknown key (did you mean goal?)",
    ),
    (
        "unknown key of a range",
        "trainable: branin\nparameters:\n  x1: {min: 1, mx: 3}\n",
        "sweep.yaml:3:16 parameters.x1.mx: unknown key 'mx' in a range (did you mean max?)",
    ),
    (
        "key written twice",
        "trainable: branin\nseed: 1\ntrainable: mlp\n",
        "sweep.yaml:3:1 trainable: this key is written twice, first on line 1; remove one",
    ),
    (
        "tab as indentation",
        "trainable: branin\nparameters:\n\tx1: 3\n",
        "sweep.yaml:3:1: a tab cannot indent YAML; use spaces",
    ),
    (
        "bracket never closed",
        "trainable: branin\nparameters: {x1: {min: 1, max: 2\n",
        "sweep.yaml:3:1: not YAML: expected ',' or '}', but got '<stream end>' "
        "(while parsing a flow mapping, begun on line 2)",
    ),
    (
        "second colon on a line",
        "trainable: branin\nmetric: loss: low\n",
        "sweep.yaml:2:13: not YAML: a second ': ' on one line; put the text in quotes, or indent what belongs below "
        "on its own line",
    ),
    (
        "character that needs quotes",
        "trainable: @branin\n",
        "sweep.yaml:1:12: not YAML: found character '@' that cannot start any token; put the text in quotes",
    ),
    (
        "two documents",
        "trainable: branin\n---\ntrainable: mlp\n",
        "sweep.yaml:2:1: not YAML: a second document begins (---); a sweep file holds one",
    ),
    (
        "tag that would construct an object",
        "trainable: !!python/object:os.system x\n",
        "sweep.yaml:1:12 trainable: the tag tag:yaml.org,2002:python/object:os.system is not read; remove it",
    ),
    (
        "list instead of a mapping",
        "- a\n",
        "sweep.yaml:1:1: a sweep file is a mapping of keys to values, not a list",
    ),
    ("empty file", "# nothing\n", "sweep.yaml:1:1: the file is empty; write at least trainable: NAME"),
    (
        "number as a key",
        "trainable: branin\n1: x\n",
        "sweep.yaml:2:1: a key must be text, got '1'; put it in quotes",
    ),
    (
        "infinite number",
        "trainable: branin\nstep_budget: .inf\n",
        "sweep.yaml:2:14 step_budget: a number must be finite, got .inf; leave the key out for no limit",
    ),
    (
        "misspelt section",
        "paramters: {x: 1}\ntrainable: branin\n",
        "sweep.yaml:1:1 paramters: unknown key (did you mean parameters?)",
    ),
    (
        "misspelt key of a section",
        "trainable: branin\nresources: {gpus: 1}\n",
        "sweep.yaml:2:13 resources.gpus: unknown key (did you mean gpu?)",
    ),
    (
        "no trainable",
        "name: first\n",
        "sweep.yaml:1:1 trainable: is missing; write trainable: NAME, for example mlp",
    ),
    (
        "unknown catalogue name",
        "method: random\ntrainable: branim\n",
        "sweep.yaml:2:1 trainable: there is no trainable 'branim' in the catalogue; did you mean branin? "
        "One of your own is written package.module:attribute or path/to/file.py:attribute.",
    ),
    ("list as trainable", "trainable: [branin]\n", "sweep.yaml:1:1 trainable: must be text, got a list"),
    (
        "unknown method",
        "trainable: branin\nmethod: tpee\n",
        "sweep.yaml:2:1 method: unknown method 'tpee' (did you mean tpe?)",
    ),
    (
        "unknown option of a method",
        "trainable: branin\nmethod: {name: grid, resolutoin: 5}\n",
        "sweep.yaml:2:22 method.resolutoin: unknown option of grid (did you mean resolution?)",
    ),
    (
        "wrong option of a method",
        "trainable: branin\nmethod:\n  name: grid\n  resolution: many\n",
        "sweep.yaml:4:3 method.resolution: must be a whole number, got 'many'",
    ),
    (
        "grid over a continuous range",
        "trainable: branin\nmethod: grid\nparameters:\n  x1: {min: 0.0, max: 1.0}\n",
        "sweep.yaml:4:3 parameters.x1: a grid needs a finite number of values, and this range is continuous; list "
        "`values`, add a `step`, or write method: {name: grid, resolution: {x1: 5}}",
    ),
    (
        "goal that is none",
        "trainable: branin\nmetric: {name: y, goal: max}\n",
        "sweep.yaml:2:19 metric.goal: must be minimize or maximize, got 'max'",
    ),
    (
        "no trials",
        "trainable: branin\nrun_cap: 0\n",
        "sweep.yaml:2:1 run_cap: must be 1 or more, got 0",
    ),
    (
        "count in quotes",
        'trainable: branin\nrun_cap: "60"\n',
        "sweep.yaml:2:1 run_cap: must be a whole number, got '60'",
    ),
    (
        "half a trial",
        "trainable: branin\nrun_cap: 2.5\n",
        "sweep.yaml:2:1 run_cap: must be a whole number, got 2.5",
    ),
    (
        "time in words",
        "trainable: branin\ntime_budget: 2 hours\n",
        "sweep.yaml:2:1 time_budget: must be a time above zero: 2h, 90m, 1h30m, 45s or a number of seconds; "
        "got '2 hours'",
    ),
    (
        "parameters as a list",
        "trainable: branin\nparameters: [x1]\n",
        "sweep.yaml:2:1 parameters: must be a mapping (key: value), got a list",
    ),
    (
        "bounds the wrong way round",
        "trainable: branin\nparameters:\n  x1: {min: 3, max: 1}\n",
        "sweep.yaml:3:3 parameters.x1: the lower bound 3 exceeds the upper bound 1",
    ),
    (
        "logarithm of zero",
        "trainable: branin\nparameters:\n  x1: {min: 0, max: 1, distribution: log_uniform_values}\n",
        "sweep.yaml:3:3 parameters.x1: a logarithmic scale needs a lower bound above 0, got 0.0",
    ),
    (
        "W&B distribution with exponents as bounds",
        "trainable: branin\nparameters:\n  lr: {min: -9, max: 0, distribution: log_uniform}\n",
        "sweep.yaml:3:25 parameters.lr.distribution: distribution log_uniform is not read: its min and max are "
        "exponents of e, which is easily misread: write distribution: log_uniform_values with the values themselves "
        "(min: -9.21 there is min: 1e-4 here)",
    ),
    (
        "misspelt distribution",
        "trainable: branin\nparameters:\n  x1: {min: 0, max: 1, distribution: int_unifrom}\n",
        "sweep.yaml:3:24 parameters.x1.distribution: unknown distribution 'int_unifrom' "
        "(did you mean int_uniform or q_uniform or uniform?)",
    ),
    (
        "choices that are equal",
        "trainable: branin\nparameters:\n  x1: {values: [1, 1]}\n",
        "sweep.yaml:3:8 parameters.x1.values: choices must differ, got 1 more than once",
    ),
    (
        "conditions that go in a circle",
        "trainable: branin\nparameters:\n  a: {min: 1, max: 3, when: {b: '>= 2'}}\n"
        "  b: {min: 1, max: 3, when: {a: '>= 2'}}\n",
        "sweep.yaml:3:3 parameters.a: its conditions go in a circle: a -> b -> a",
    ),
    (
        "condition on nothing",
        "trainable: branin\nparameters:\n  m: {min: 0.1, max: 1, when: {optimzer: sgd}}\n"
        "  optimizer: {values: [sgd, adam]}\n",
        "sweep.yaml:3:32 parameters.m.when.optimzer: its condition names no parameter: 'optimzer' (did you mean optimizer?)",
    ),
    (
        "constraint over an unknown name",
        "trainable: branin\nparameters:\n  width: {min: 1, max: 9}\nconstraints:\n  - width < 5\n  - widht > 2\n",
        "sweep.yaml:6:5 constraints[1]: constraint 'widht > 2': unknown parameter 'widht' "
        "(did you mean width?), at column 1",
    ),
    (
        "constraint that does not read",
        "trainable: branin\nparameters:\n  width: {min: 1, max: 9}\nconstraints: ['width ** < 5']\n",
        "sweep.yaml:4:15 constraints[0]: constraint 'width ** < 5': expected a value, a name or '(', got '<', "
        "at column 10",
    ),
    (
        "unknown scheduler",
        "trainable: branin\nearly_terminate: {type: assha}\n",
        "sweep.yaml:2:19 early_terminate.type: unknown scheduler 'assha' (did you mean asha?)",
    ),
    (
        "unknown scheduler of Ray's",
        "trainable: branin\nearly_terminate: ray/async_hyprband\n",
        "sweep.yaml:2:1 early_terminate: Ray's own scheduler 'ray/async_hyprband' is not available "
        "(did you mean ray/async_hyperband?)",
    ),
    (
        "unknown option of a scheduler",
        "trainable: branin\nmax_steps: 9\nearly_terminate: {type: asha, min_itr: 3}\n",
        "sweep.yaml:3:31 early_terminate.min_itr: unknown option of asha (did you mean min_iter or max_iter?)",
    ),
    (
        "rungs beyond the last step",
        "trainable: branin\nmax_steps: 9\nearly_terminate: {type: asha, max_iter: 27}\n",
        "sweep.yaml:3:31 early_terminate.max_iter: must not exceed max_steps (9), got 27. "
        "Leave it out: it is max_steps by default",
    ),
    (
        "first rung after the last",
        "trainable: branin\nmax_steps: 9\nearly_terminate: {type: asha, min_iter: 9, max_iter: 3}\n",
        "sweep.yaml:3:31 early_terminate.min_iter: must not exceed 3, the last step that counts, got 9",
    ),
    (
        "point outside the space",
        "trainable: branin\nparameters:\n  x1: {min: 0.0, max: 1.0}\npoints:\n  - {x1: 0.5}\n  - {x1: 3}\n",
        "sweep.yaml:6:6 points[1].x1: must lie in [0.0, 1.0], got 3.0",
    ),
    (
        "point with an unknown name",
        "trainable: branin\nparameters:\n  model: {width: {min: 1, max: 9}}\npoints: [{model: {widht: 3}}]\n",
        "sweep.yaml:4:19 points[0].model.widht: unknown parameter (did you mean model.width?)",
    ),
    (
        "point that leaves a parameter out",
        "trainable: branin\nparameters:\n  x1: {min: 0.0, max: 1.0}\n  x2: {min: 0.0, max: 1.0}\npoints: [{x2: 0.5}]\n",
        "sweep.yaml:5:10 points[0]: x1: missing",
    ),
    (
        "lanes that are no number",
        "trainable: mlp\nlanes: wide\n",
        "sweep.yaml:2:1 lanes: must be auto, a number of lanes, or a mapping such as {width: 64, queue: 256}, got 'wide'",
    ),
    (
        "no lanes",
        "trainable: mlp\nlanes: 0\n",
        "sweep.yaml:2:1 lanes: must be 1 or more, got 0",
    ),
    (
        "audit of what Ray's own scheduler stops",
        "trainable: curves\nearly_terminate: ray/async_hyperband\naudit: 0.05\n",
        "sweep.yaml:3:1 audit: what ray/async_hyperband stops cannot run on, because Ray Tune stops it; leave audit out, or "
        "use asha, hyperband or median, which can be audited",
    ),
    (
        "audit of more than all",
        "trainable: curves\nearly_terminate: asha\naudit: 5\n",
        "sweep.yaml:3:1 audit: must be 1 or less, got 5",
    ),
    (
        "one seed to confirm with",
        "trainable: branin\nconfirm: {top: 3, seeds: 1}\n",
        "sweep.yaml:2:19 confirm.seeds: must be 2 or more, got 1",
    ),
    (
        "W&B program without a trainable",
        "method: random\nprogram: train.py\n",
        "sweep.yaml:2:1 program: W&B starts it as a script; here a function or class in it is called; "
        "write trainable: train.py:NAME, or --set trainable=train.py:NAME",
    ),
    (
        "name that leads out of the storage",
        "trainable: branin\nname: ../x\n",
        "sweep.yaml:2:1 name: run name must be 1 to 64 letters, digits, '.', '_' or '-', without a leading dot or dash; "
        "got '../x'. Try 'x'",
    ),
    ("another version", "trainable: branin\nversion: 2\n", "sweep.yaml:2:1 version: must be 1, got 2"),
    (
        "negative resource",
        "trainable: branin\nresources: {gpu: -1}\n",
        "sweep.yaml:2:13 resources.gpu: must be 0 or more, got -1",
    ),
    (
        "number instead of a section",
        "trainable: branin\ncheckpoint: 3\n",
        "sweep.yaml:2:1 checkpoint: must be a mapping (key: value), got 3",
    ),
    (
        "secret",
        "trainable: branin\ndata:\n  source: x\n  api_key: sk-123456\n",
        "sweep.yaml:4:3 data.api_key: a secret would be written to the run directory; "
        "let the trainable read it from the environment",
    ),
    (
        "data as a parameter",
        "trainable: branin\nparameters:\n  data.source: digits\n  x1: 3\n",
        "sweep.yaml:3:3 parameters.data.source: what belongs to `data` is written below data:",
    ),
    (
        "role that is none",
        "trainable: branin\nparameters:\n  x1: {min: 0, max: 1, role: nuisence}\n",
        "sweep.yaml:3:3 parameters.x1: unknown role 'nuisence' (did you mean nuisance?)",
    ),
]


@pytest.mark.parametrize(("text", "said"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_wrong_file_is_refused_with_place_rule_and_next_move(text: str, said: str) -> None:
    Path("sweep.yaml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_settings(Path("sweep.yaml")).resolved()
    assert caught.value.problems[0] == said
    assert not Path("runs").exists()


WRONG_DATA: list[tuple[str, str, str]] = [
    (
        "data from nowhere",
        "trainable: mlp\ndata:\n  source:\n  target: y\n",
        "sweep.yaml:3:3 data.source: is empty; name a built-in data set (digits), or a file (table.csv)",
    ),
    (
        "data from nowhere, or from somewhere",
        "trainable: mlp\ndata:\n  source: {values: [digits, null]}\n",
        "sweep.yaml:3:29 data.source.values[1]: is empty; name a built-in data set (digits), or a file (table.csv)",
    ),
    (
        "unknown option of the data",
        "trainable: mlp\ndata: {source: digits, scalling: none}\n",
        "sweep.yaml:2:24 data.scalling: there is no such option; did you mean scaling?",
    ),
    (
        "option of the data in the wrong group",
        "trainable: mlp\ndata:\n  source: digits\n  cleaning:\n    pca: 0.9\n",
        "sweep.yaml:5:5 data.cleaning.pca: there is no such option; did you mean",
    ),
    (
        "group of data options with a value",
        "trainable: mlp\ndata: {source: digits, split: 0.2}\n",
        "sweep.yaml:2:24 data.split: is a group of options, not a number; known: split.fold, split.folds",
    ),
    (
        "text that is no choice of a data option",
        "trainable: mlp\ndata:\n  source: digits\n  scaling: zcore\n",
        "sweep.yaml:4:3 data.scaling: 'zcore' is not possible; did you mean zscore?",
    ),
    (
        "one of the values of a data parameter",
        "trainable: mlp\ndata: {source: digits, scaling: {values: [none, minmaxx]}}\n",
        "sweep.yaml:2:49 data.scaling.values[1]: 'minmaxx' is not possible; did you mean minmax?",
    ),
    (
        "bound of a data parameter out of range",
        "trainable: mlp\ndata: {source: digits, features.pca: {min: 0.8, max: 1.5}}\n",
        "sweep.yaml:2:49 data.features.pca.max: is between 0.01 and 1, not 1.5",
    ),
    (
        "fractions for a whole data option",
        "trainable: mlp\ndata: {source: digits, features: {polynomial: {min: 1.0, max: 2.0}}}\n",
        "sweep.yaml:2:35 data.features.polynomial: takes whole numbers; write min and max without a decimal point, "
        "and no continuous distribution",
    ),
    (
        "range of a data option that is a choice",
        "trainable: mlp\ndata: {source: digits, features.select: {min: 0, max: 1}}\n",
        "sweep.yaml:2:42 data.features.select.min: this option is no number, so it has no range; "
        "list them: {values: [none, variance, ..]}",
    ),
    (
        "misspelt parameter of the data",
        "trainable: mlp\ndata: {source: digits, features.keep: {mn: 0.1, mx: 1}}\n",
        "sweep.yaml:2:24 data.features.keep: has none of min, max, values, value, distribution, only mn, mx",
    ),
    (
        "shares of the data that leave none for training",
        "trainable: mlp\ndata: {source: digits, split: {valid: 0.6, test: 0.6}}\n",
        "sweep.yaml:2:32 data.split.valid: with split.test it takes 1.2 of the rows; leave some for training",
    ),
    (
        "fold that is not there",
        "trainable: mlp\ndata: {source: digits, split: {folds: 3, fold: {values: [0, 1, 2, 3]}}}\n",
        "sweep.yaml:2:42 data.split.fold: of 3 folds there is no number 3",
    ),
    (
        "column of two kinds",
        "trainable: mlp\ndata: {source: digits, columns: {number: [a, b], category: b}}\n",
        "sweep.yaml:2:50 data.columns.category: column 'b' is also listed under number",
    ),
    (
        "built-in data set that is none",
        "trainable: mlp\ndata: digitss\n",
        "sweep.yaml:2:1 data: there is no built-in data set, file or folder 'digitss'",
    ),
    (
        "folder of images that is not there",
        "trainable: cnn\ndata: {source: pictures/cats}\n",
        "sweep.yaml:2:8 data.source: there is no file or folder 'pictures/cats'",
    ),
    (
        "file of a data function that is not there",
        "trainable: mlp\ndata: {source: 'rows.py:frame'}\n",
        "sweep.yaml:2:8 data.source: there is no file 'rows.py'",
    ),
    (
        "database file that is not there",
        "trainable: mlp\ndata: {source: 'sqlite:///shop.db', query: SELECT * FROM sales}\n",
        "sweep.yaml:2:8 data.source: there is no database 'shop.db'",
    ),
    (
        "database without a query",
        "trainable: mlp\ndata: {source: 'postgresql://reader@db/shop'}\n",
        "sweep.yaml:2:1 data.query: is missing; a database needs one: query: SELECT ... FROM ...",
    ),
    (
        "database with a password",
        "trainable: mlp\ndata: {source: 'postgresql://reader:hunter2@db/shop', query: SELECT 1}\n",
        "sweep.yaml:2:8 data.source: a password would be written to the run directory; put it into an environment "
        "variable, and its name into the URL: user:${PGPASSWORD}@host",
    ),
    (
        "database with a variable that is not set",
        "trainable: mlp\ndata: {source: 'postgresql://reader:${TUNEYARD_NOWHERE}@db/shop', query: SELECT 1}\n",
        "sweep.yaml:2:8 data.source: the environment variable TUNEYARD_NOWHERE is not set",
    ),
    (
        "model that cannot read such data",
        "trainable: cnn\ndata: breast_cancer\n",
        "sweep.yaml:2:1 data: cnn reads images, and table data comes as features; take another trainable for it, "
        "or say in data.modality what else a row is",
    ),
    (
        "data sets of different tasks",
        "trainable: mlp\ndata: {source: {values: [wine, diabetes]}}\n",
        "sweep.yaml:2:8 data.source: one sweep has one metric, these want val/accuracy for wine and val/rmse for diabetes",
    ),
]
"""What is wrong with the data section of a trainable that reads it by the project's rules; how the line begins."""


@pytest.mark.parametrize(
    ("text", "said"), [case[1:] for case in WRONG_DATA], ids=[case[0] for case in WRONG_DATA]
)
def test_a_wrong_data_section_is_refused_in_its_place(text: str, said: str) -> None:
    Path("sweep.yaml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_settings(Path("sweep.yaml")).resolved()
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].startswith(said)
    assert not Path("runs").exists()


def test_all_problems_are_told_at_once() -> None:
    Path("sweep.yaml").write_text(
        "trainable: branin\n"
        "method: tpee\n"
        "metric: {goal: max}\n"
        "parameters:\n"
        "  x1: {min: 1, mx: 3}\n"
        "  x2: {min: 5, max: 2}\n"
        "run_cap: 0\n"
        "resources: {gpus: 1, cpu: many}\n"
        "lanes: 0\n"
    )
    with pytest.raises(SettingsError) as caught:
        read_settings(Path("sweep.yaml"))
    assert [line.partition(" ")[0] for line in caught.value.problems] == [
        "sweep.yaml:2:1",
        "sweep.yaml:3:10",
        "sweep.yaml:5:16",
        "sweep.yaml:6:3",
        "sweep.yaml:7:1",
        "sweep.yaml:8:22",  # of one line, as they were found
        "sweep.yaml:8:13",
        "sweep.yaml:9:1",
    ]


def test_what_neither_file_nor_trainable_says_is_missing() -> None:
    Path("train.py").write_text("def train(config):\n    yield {'loss': 1.0}\n")
    Path("sweep.yaml").write_text("trainable: train.py:train\n")
    with pytest.raises(SettingsError) as caught:
        read_settings(Path("sweep.yaml")).resolved()
    assert caught.value.problems == (
        "sweep.yaml:1:1 metric: is missing, and train.py:train declares none; "
        "write metric: {name: val/loss, goal: minimize}",
        "sweep.yaml:1:1 parameters: is missing, and train.py:train declares none; "
        "write parameters: {lr: {min: 1e-5, max: 1e-1, distribution: log_uniform_values}}",
    )


def test_a_file_that_is_not_there_names_its_neighbours() -> None:
    Path("sweep.yaml").write_text("trainable: branin\n")
    with pytest.raises(
        SettingsError, match=r"^sweap.yaml: there is no such file \(did you mean sweep.yaml\?\)$"
    ):
        read_settings(Path("sweap.yaml"))
    with pytest.raises(SettingsError, match="this is a directory"):
        read_settings(Path())


def test_a_data_file_that_is_not_there_is_told_before_anything_starts() -> None:
    Path("sweep.yaml").write_text("trainable: boosting\ndata: {source: sales.csv, target: y}\n")
    with pytest.raises(SettingsError, match=r"^sweep.yaml:2:8 data.source: there is no file 'sales.csv'"):
        read_settings(Path("sweep.yaml"))
