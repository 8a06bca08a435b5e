"""The RayJob is one that KubeRay takes, asks for what the sweep needs, and holds no secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from search.api import Sweep
from search.submission.manifest import manifest, manifest_text
from search.submission.package import Package
from search.submission.request import Request

SCHEMA = json.loads(Path(__file__).with_name("rayjob.schema.json").read_text())
CANARY = "canary-4711"


def sweep(**settings: Any) -> Sweep:
    return Sweep("curves", name=settings.pop("name", "one"), run_cap=3, **settings)


def request(folder: Path, asked: Sweep, **changes: Any) -> Request:
    (folder / "sweep.yaml").write_text("trainable: curves\n")
    given: dict[str, Any] = {"storage": "/mnt/shared", "environment": {"WANDB_API_KEY": CANARY}, **changes}
    return Request(
        name=asked.resolved.name,
        file="sweep.yaml",
        package=Package(folder),
        sweep="f" * 64,
        by="me@here",
        **given,
    )


def check(made: dict[str, Any]) -> None:
    jsonschema.validate(made, SCHEMA, cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    "resources",
    [{}, {"cpu": 3, "gpu": 1}, {"cpu": 0.5, "custom": {"license": 1}}],
    ids=["plain", "gpu", "custom"],
)
@pytest.mark.parametrize("storage", ["~/tuneyard-runs", "/mnt/shared", "s3://bucket/runs"])
def test_it_fits_the_schema_restated_of_kuberay(
    tmp_path: Path, resources: dict[str, Any], storage: str
) -> None:
    asked = sweep(resources=resources) if resources else sweep()
    sent = request(tmp_path, asked, storage=storage)
    made = manifest(sent, asked.resolved)
    check(made)
    assert YAML(typ="safe").load(manifest_text(sent, asked.resolved)) == made


def test_the_schema_refuses_what_kuberay_does_not_know(tmp_path: Path) -> None:
    asked = sweep()
    made = manifest(request(tmp_path, asked), asked.resolved)
    made["spec"]["rayClusterSpec"]["workerGroupSpecs"][0]["template"]["spec"]["containers"][0]["imgae"] = "x"
    with pytest.raises(jsonschema.ValidationError, match="imgae"):
        check(made)


def test_a_pod_has_what_a_trial_needs_and_the_head_trains_nothing(tmp_path: Path) -> None:
    asked = sweep(resources={"cpu": 3, "gpu": 0.5}, workers=7)
    made = manifest(request(tmp_path, asked), asked.resolved, image="registry/mine:1")["spec"][
        "rayClusterSpec"
    ]
    group = made["workerGroupSpecs"][0]
    container = group["template"]["spec"]["containers"][0]
    assert container["resources"]["requests"] == {"cpu": "3", "memory": "12Gi", "nvidia.com/gpu": "1"}
    assert container["image"] == "registry/mine:1"
    assert group["maxReplicas"] == 7
    assert made["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"


def test_secrets_are_named_never_shown(tmp_path: Path) -> None:
    asked = sweep()
    sent = request(tmp_path, asked)
    text = manifest_text(sent, asked.resolved)
    assert CANARY not in text + json.dumps(sent.shown()) + repr(sent)
    assert "WANDB_API_KEY" in text
    assert {"name": "RAY_AUTH_MODE", "value": "token"} in manifest(sent, asked.resolved)["spec"][
        "rayClusterSpec"
    ]["headGroupSpec"]["template"]["spec"]["containers"][0]["env"]


@pytest.mark.parametrize(
    ("name", "spelt"), [("My_Run.v2", "my-run-v2"), ("2024", "sweep-2024"), ("a" * 64, "a" * 34)]
)
def test_a_name_becomes_one_that_kubernetes_takes(tmp_path: Path, name: str, spelt: str) -> None:
    asked = sweep(name=name)
    made = manifest(request(tmp_path, asked), asked.resolved)
    check(made)
    assert made["metadata"]["name"] == spelt
    assert made["spec"]["jobId"] == name
