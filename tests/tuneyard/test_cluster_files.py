"""cluster.yaml and the cloud variants of docs/cluster.md pass the check that `ray up` makes, and are safe to start."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
CLOUDS = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/cluster.md").read_text(), re.DOTALL)


def _read(text: str) -> dict[str, Any]:
    data: dict[str, Any] = YAML(typ="safe").load(text)
    return data


def _on_prem() -> dict[str, Any]:
    return _read((ROOT / "cluster.yaml").read_text())


def _with_tls() -> dict[str, Any]:
    return _read((ROOT / "cluster.yaml").read_text().replace("# TLS: ", ""))


def _variants() -> list[dict[str, Any]]:
    """cluster.yaml, it with TLS, and it with its provider replaced by each of the clouds, as docs/cluster.md says."""
    kept = (
        "file_mounts",
        "rsync_exclude",
        "setup_commands",
        "head_start_ray_commands",
        "worker_start_ray_commands",
    )
    common = {key: value for key, value in _on_prem().items() if key in kept}
    return [_on_prem(), _with_tls(), *(_read(text) | common for text in CLOUDS)]


def test_the_documentation_has_two_cloud_variants() -> None:
    assert [config["provider"]["type"] for config in _variants()] == ["local", "local", "aws", "gcp"]


@pytest.mark.parametrize("config", _variants(), ids=lambda config: config["provider"]["type"])
def test_rays_own_check_accepts_it(config: dict[str, Any]) -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    prepared = prepare_config(config)
    validate_config(prepared)
    assert prepared["max_workers"] == config["max_workers"]


def test_rays_own_check_refuses_a_wrong_key() -> None:
    from jsonschema import ValidationError
    from ray.autoscaler._private.util import prepare_config, validate_config

    with pytest.raises(ValidationError, match="worker_start_comands"):
        validate_config(prepare_config(_on_prem() | {"worker_start_comands": []}))


@pytest.mark.parametrize("kind", ["head", "worker"])
def test_every_ray_start_switches_authentication_on(kind: str) -> None:
    starts = [line for line in _on_prem()[f"{kind}_start_ray_commands"] if "ray start" in line]
    assert starts
    assert all("RAY_AUTH_MODE=token" in line.partition("ray start")[0] for line in starts)


def test_the_tls_variant_adds_certificates_for_every_ray_and_changes_nothing_else() -> None:
    plain, secured = _on_prem(), _with_tls()
    added = {remote for remote in secured["file_mounts"] if remote not in plain["file_mounts"]}
    assert added == {"~/.ray/tls/ca.crt", "~/.ray/tls/node.crt", "~/.ray/tls/node.key"}
    (command,) = (each for each in secured["setup_commands"] if each not in plain["setup_commands"])
    assert "chmod 600 *" in command
    for name in ("RAY_USE_TLS=1", "RAY_TLS_CA_CERT", "RAY_TLS_SERVER_CERT", "RAY_TLS_SERVER_KEY"):
        assert name in command
    starts = secured["head_start_ray_commands"] + secured["worker_start_ray_commands"][:2]
    assert all(each.startswith(". ~/tuneyard/env;") for each in starts)
    unchanged = secured.keys() - {"file_mounts", "setup_commands"}
    assert {key: secured[key] for key in unchanged} == {key: plain[key] for key in unchanged}


def test_the_dashboard_and_the_jobs_listen_on_loopback() -> None:
    assert any("--dashboard-host=127.0.0.1" in line for line in _on_prem()["head_start_ray_commands"])


def test_every_machine_gets_the_pinned_packages_and_all_of_the_project() -> None:
    config = _on_prem()
    assert any("-c ~/tuneyard/constraints.txt" in command for command in config["setup_commands"])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = [name.rstrip("*") for name in project["tool"]["setuptools"]["packages"]["find"]["include"]]
    mounted = {
        remote: local for remote, local in config["file_mounts"].items() if remote.startswith("~/tuneyard/")
    }
    assert set(packages) <= set(mounted.values())
    assert all((ROOT / local).exists() for local in mounted.values())
