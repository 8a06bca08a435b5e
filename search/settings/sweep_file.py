"""The keys of a sweep file, their types and ranges. None of this looks beyond one key at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from search.settings.durations import parse_duration
from search.settings.overrides import SHORTHAND
from search.settings.sizes import parse_size

__all__ = [
    "CheckpointSection",
    "ConfirmSection",
    "EarlyTerminateSection",
    "FailureSection",
    "LanesSection",
    "MethodSection",
    "MetricSection",
    "MirrorsSection",
    "RepeatsSection",
    "ResourceRuleSection",
    "ResourcesSection",
    "SweepFile",
    "WarmStartSection",
]


def _whole(value: object) -> object:
    """`1e5` is a float in YAML; where a count is meant it is one."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str) else value


Count = Annotated[int, Field(ge=1), BeforeValidator(_whole)]
CountFrom0 = Annotated[int, Field(ge=0), BeforeValidator(_whole)]
Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0},
                {"type": "string", "pattern": r"^\s*[0-9][0-9.smhdSMHD\s]*$"},
            ],
            "description": "2h, 90m, 1h30m, 45s or a number of seconds",
        }
    ),
]
Text = Annotated[str, Field(min_length=1)]
Size = Annotated[
    int,
    BeforeValidator(parse_size),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1},
                {"type": "string", "pattern": r"^\s*[0-9]+(\.[0-9]+)?\s*([KMGTkmgt][Ii]?)?[Bb]?\s*$"},
            ],
            "description": "2GiB, 512MiB or a number of bytes",
        }
    ),
]
Custom = dict[str, Annotated[float, Field(gt=0)]]
Texts = Annotated[list[Text], BeforeValidator(_one_or_many)]


def _named(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


class Section(BaseModel):
    """Part of a sweep file: no unknown keys, no guessing of types, nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class OpenSection(Section):
    """A section whose other keys are options that its owner checks."""

    model_config = ConfigDict(extra="allow")

    @property
    def options(self) -> dict[str, Any]:
        """Every key but the name."""
        return dict(self.model_extra or {})


class MethodSection(OpenSection):
    """How configs are proposed; other keys are options of the method."""

    name: Text


class MetricSection(Section):
    """What is searched for."""

    name: Text | None = Field(default=None, description="as the trainable reports it, for example val/loss")
    goal: Literal["minimize", "maximize"] | None = None
    target: float | None = Field(default=None, description="a trial that reaches this value ends the sweep")


class EarlyTerminateSection(OpenSection):
    """How trials are stopped early; other keys are options of the scheduler."""

    type: Text


class ResourceRuleSection(Section):
    """What the configs need for which a condition holds; what is left out stays as without the rule."""

    model_config = ConfigDict(serialize_by_alias=True)

    condition: Text = Field(
        alias="if", description="an expression over parameters, as of constraints: model.width > 256"
    )
    cpu: float | None = Field(default=None, ge=0)
    gpu: float | None = Field(default=None, ge=0)
    memory: Size | None = None
    custom: Custom | None = None


class ResourcesSection(Section):
    """What one trial needs."""

    cpu: float = Field(default=1.0, ge=0)
    gpu: float = Field(default=0.0, ge=0, description="may be a fraction: 0.5 lets two trials share a GPU")
    memory: Size | None = Field(
        default=None,
        description="a trial that holds more is ended; default: as much as the node has",
    )
    custom: Custom = Field(default_factory=dict, description="Ray resource names and amounts")
    when: list[ResourceRuleSection] = Field(
        default_factory=list, description="other needs by the config; the first rule that holds counts"
    )


class FailureSection(Section):
    """What happens when trials fail."""

    retries: CountFrom0 = Field(
        default=0, description="further attempts of a crashed trial, from its last checkpoint"
    )
    stop_after: Count | None = Field(default=10, description="failed trials that end the sweep; null = never")
    step_timeout: Duration | None = Field(
        default=None, description="a step that takes longer counts as hanging"
    )


class CheckpointSection(Section):
    """When trials are saved."""

    every: Count = Field(default=1, description="steps between two checkpoints")


def _unless_auto(value: object) -> object:
    return None if value == "auto" else value


class LanesSection(Section):
    """Train many trials of one shape as one computation."""

    width: Annotated[
        Count | None,
        BeforeValidator(_unless_auto),
        WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"enum": ["auto", None]}]}),
    ] = Field(default=None, description="trials in the lanes of one worker at most; default: auto")
    queue: Count | None = Field(
        default=None,
        description="open trials of one worker, in lanes or waiting; default: four times the width",
    )


def _wide(value: object) -> object:
    """`lanes: 64` and `lanes: auto` stand for their width."""
    if isinstance(value, str | bool) and value != "auto":
        raise ValueError(
            f"must be auto, a number of lanes, or a mapping such as {{width: 64, queue: 256}}, got {value!r}"
        )
    return {"width": value} if isinstance(value, str | int | float) else value


class ConfirmSection(Section):
    """Train the best configs again under fresh seeds once the search is over."""

    top: Count = Field(default=3, description="how many of the best configs")
    seeds: Annotated[int, Field(ge=2), BeforeValidator(_whole)] = Field(
        default=5, description="fresh seeds, the same for each config"
    )
    folds: Annotated[int, Field(ge=2, le=100), BeforeValidator(_whole)] | None = Field(
        default=None, description="in place of seeds: folds of the data, the same for each config"
    )
    baseline: dict[str, Any] | None = Field(
        default=None,
        description="a config to compare with; default: the trainable's own defaults, if it tells them",
    )
    racing: bool = Field(default=False, description="give a clearly beaten config no further seeds")


class RepeatsSection(Section):
    """Every step of a trial is a whole training: on another fold of the data, or under another seed."""

    over: Literal["folds", "seeds"]
    times: Annotated[int, Field(ge=2, le=100), BeforeValidator(_whole)] = Field(
        default=5, description="folds, or seeds: the steps of a trial"
    )


class WarmStartSection(Section):
    """An earlier run to learn from."""

    run: Text = Field(description="name or path")
    ignore: Texts = Field(
        default_factory=list,
        description="parameters that made no difference there and are not searched now: trials count whatever their value",
    )


WarmStarts = Annotated[list[Text | WarmStartSection], BeforeValidator(_one_or_many)]


class MlflowSection(Section):
    """A copy of the sweep in MLflow."""

    uri: Text | None = Field(
        default=None,
        description="a database file, or a server's URL; default: MLFLOW_TRACKING_URI, else mlflow.db beside the runs",
    )
    experiment: Text | None = Field(default=None, description="default: the name of the sweep")


class WandbSection(Section):
    """A copy of the sweep in Weights & Biases."""

    project: Text | None = Field(default=None, description="default: the name of the sweep")
    entity: Text | None = Field(default=None, description="user or team; default: the account's own")
    mode: Literal["offline", "online"] = Field(
        default="offline", description="offline: into files, which `wandb sync` uploads"
    )
    dir: Text | None = Field(default=None, description="where W&B writes; default: the run directory")


class MirrorsSection(Section):
    """Trackers that the sweep is copied to while it runs."""

    mlflow: MlflowSection | None = None
    wandb: WandbSection | None = None


class SweepFile(Section):
    """A sweep file as written; None where it says nothing."""

    @model_validator(mode="before")
    @classmethod
    def _written_out(cls, written: Any) -> Any:
        """`method: tpe` stands for `method: {name: tpe}`; a key without a value says nothing."""
        if not isinstance(written, Mapping):
            return written
        return {
            key: {SHORTHAND[key]: value} if key in SHORTHAND and isinstance(value, str) else value
            for key, value in written.items()
            if value is not None
        }

    version: Literal[1] = 1
    name: Text | None = Field(default=None, description="of the run; default: the file's name")
    description: str | None = None
    trainable: Text | None = Field(
        default=None, description="a catalogue name, package.module:attribute, or path/to/file.py:attribute"
    )
    base: Text | None = Field(
        default=None,
        description="folder that relative paths of trainable and data start from; default: the file's own",
    )
    data: dict[str, Any] | None = Field(
        default=None, description="a data set; any of its settings may be a parameter"
    )
    method: MethodSection | None = None
    metric: MetricSection | None = None
    metrics: list[Annotated[MetricSection, BeforeValidator(_named)]] | None = Field(
        default=None, description="several objectives, two or three, in place of metric"
    )
    outcome_constraints: Texts = Field(
        default_factory=list, description="what a trial's metrics must meet: size_kb <= 100"
    )
    parameters: dict[str, Any] | None = Field(default=None, description="the space; see docs/sweep-file.md")
    constraints: Texts = Field(default_factory=list, description="expressions over parameters that must hold")
    early_terminate: EarlyTerminateSection | None = None
    audit: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="share of the trials that early_terminate stops and that run on, to tell what stopping costs",
    )
    max_steps: Count | None = Field(default=None, description="steps of one trial at full fidelity")
    step_unit: Text | None = Field(default=None, description="what one step is, in the singular: epoch")
    repeats: RepeatsSection | None = Field(
        default=None,
        description="train each config wholly on several folds or under several seeds; max_steps is then that of one training",
    )
    run_cap: Count | None = Field(default=None, description="trials")
    time_budget: Duration | None = Field(default=None, description="wall time of the sweep, over all resumes")
    step_budget: Count | None = Field(default=None, description="steps of all trials together")
    points: list[dict[str, Any]] = Field(default_factory=list, description="configs to try first")
    warm_start: WarmStarts = Field(
        default_factory=list, description="earlier runs to learn from, by name or path"
    )
    resources: ResourcesSection = Field(default_factory=ResourcesSection)
    workers: Count | None = Field(
        default=None, description="trials at the same time; default: as many as fit"
    )
    failure: FailureSection = Field(default_factory=FailureSection)
    checkpoint: CheckpointSection = Field(default_factory=CheckpointSection)
    lanes: Annotated[LanesSection | None, BeforeValidator(_wide)] = Field(
        default=None,
        description="train trials of one shape side by side, as one computation: auto, or a width",
    )
    confirm: ConfirmSection | None = None
    mirrors: MirrorsSection | None = None
    storage: Text | None = Field(
        default=None,
        description="folder of run directories, or the URL of a store, s3://bucket/prefix; default: runs",
    )
    seed: CountFrom0 = 0
