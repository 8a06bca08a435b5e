"""The same sweep as a RayJob, for KubeRay: a cluster of its own on Kubernetes, gone when the sweep is done."""

from __future__ import annotations

import json
import math
import platform
import re
from collections.abc import Mapping
from typing import Any

from search.provenance import version
from search.settings import ResolvedSettings
from search.settings.yaml_text import yaml_text
from search.storage import is_remote
from search.submission.request import DEFAULT_STORAGE, Request

__all__ = ["manifest", "manifest_text"]

_MOUNT = "/mnt/tuneyard-runs"
_TOKEN = "ray-auth-token"
_WORKERS = 4  # where the sweep file names no number


def manifest(request: Request, settings: ResolvedSettings, image: str | None = None) -> dict[str, Any]:
    """A RayJob (ray.io/v1).

    `image`: with this project, the user's packages and, under /opt/sweep, the sweep's folder; None: a name to be
    replaced. KubeRay sends no folder along: a RayJob names what is there.
    """
    name = _kubernetes_name(request.name)
    image = image or f"REGISTRY/tuneyard:{version('tuneyard')}-ray{version('ray')}-py{_python()}"
    storage = _MOUNT if request.storage == DEFAULT_STORAGE else request.storage
    claim = None if is_remote(storage) else storage
    return {
        "apiVersion": "ray.io/v1",
        "kind": "RayJob",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/name": "tuneyard"}},
        "spec": {
            "entrypoint": f"cd /opt/sweep && {request.entrypoint('python', storage)}",
            "jobId": request.name,
            "metadata": request.metadata(storage),
            "runtimeEnvYAML": yaml_text({"env_vars": _plain_variables(request)}, {}),
            "shutdownAfterJobFinishes": True,
            "ttlSecondsAfterFinished": 3600,
            "submissionMode": "K8sJobMode",
            "submitterPodTemplate": {
                "spec": {
                    "restartPolicy": "Never",
                    "containers": [{"name": "submitter", "image": image, "env": _token(name)}],
                }
            },
            "rayClusterSpec": {
                "rayVersion": version("ray") or "",
                "headGroupSpec": {
                    "rayStartParams": {"num-cpus": "0", "dashboard-host": "0.0.0.0"},
                    "template": _pod("ray-head", image, {"cpu": "2", "memory": "4Gi"}, request, name, claim),
                },
                "workerGroupSpecs": [
                    {
                        "groupName": "trials",
                        "replicas": _replicas(settings),
                        "minReplicas": 0,
                        "maxReplicas": _replicas(settings),
                        "rayStartParams": _custom(settings),
                        "template": _pod("ray-worker", image, _trial(settings), request, name, claim),
                    }
                ],
            },
        },
    }


def manifest_text(request: Request, settings: ResolvedSettings, image: str | None = None) -> str:
    """As YAML, headed by what has to be there before it is applied."""
    made = manifest(request, settings, image)
    name = made["metadata"]["name"]
    claim = not is_remote(request.storage)
    head = [
        f"# {request.name}: kubectl apply -f FILE. Before that:",
        f"# - the token: kubectl create secret generic {name}-token --from-literal={_TOKEN}=$(openssl rand -hex 32)",
        *(
            [f"# - the storage: a PersistentVolumeClaim {name}-runs, ReadWriteMany, for all pods"]
            if claim
            else []
        ),
        *(
            f"# - {variable}: kubectl create secret generic {name}-env --from-literal={variable}=..."
            for variable in sorted(request.environment)
        ),
        "# - the image: tuneyard with the packages of the trainable, and the sweep's folder in /opt/sweep"
        + ("" if image else " (name it: --image)"),
        "# Applied again after it has ended, it goes on from what lies in the storage.",
    ]
    return "\n".join(head) + "\n" + yaml_text(made, {})


def _pod(
    container: str,
    image: str,
    resources: Mapping[str, str],
    request: Request,
    name: str,
    storage: str | None,
) -> dict[str, Any]:
    secret = [
        {"name": variable, "valueFrom": {"secretKeyRef": {"name": f"{name}-env", "key": variable}}}
        for variable in sorted(request.environment)
    ]
    described: dict[str, Any] = {
        "name": container,
        "image": image,
        "env": [
            *_token(name),
            {"name": "RAY_USAGE_STATS_ENABLED", "value": "0"},
            {"name": "OMP_NUM_THREADS", "value": "1"},
            *secret,
        ],
        "resources": {"requests": dict(resources), "limits": dict(resources)},
    }
    spec: dict[str, Any] = {"containers": [described]}
    if storage is not None:
        described["volumeMounts"] = [{"name": "runs", "mountPath": storage}]
        spec["volumes"] = [{"name": "runs", "persistentVolumeClaim": {"claimName": f"{name}-runs"}}]
    return {"spec": spec}


def _token(name: str) -> list[dict[str, Any]]:
    """Authentication on, with a token that stands in a Secret only."""
    reference = {"secretKeyRef": {"name": f"{name}-token", "key": _TOKEN}}
    return [{"name": "RAY_AUTH_MODE", "value": "token"}, {"name": "RAY_AUTH_TOKEN", "valueFrom": reference}]


def _trial(settings: ResolvedSettings) -> dict[str, str]:
    """What the pod of one trial at a time asks for."""
    need = settings.resources
    amounts = {"cpu": f"{max(1, math.ceil(need.cpu))}", "memory": f"{4 * max(1, math.ceil(need.cpu))}Gi"}
    return amounts | ({"nvidia.com/gpu": f"{math.ceil(need.gpu)}"} if need.gpu else {})


def _custom(settings: ResolvedSettings) -> dict[str, str]:
    """Options of `ray start` for resources of the user's own, which Kubernetes does not know."""
    need = settings.resources.custom
    return {"resources": f"'{json.dumps(dict(need))}'"} if need else {}


def _replicas(settings: ResolvedSettings) -> int:
    return settings.workers or min(settings.file.run_cap or _WORKERS, _WORKERS)


def _plain_variables(request: Request) -> dict[str, str]:
    """Without those that the user passes on: they come from a Secret."""
    return {name: value for name, value in request.variables().items() if name not in request.environment}


def _kubernetes_name(name: str) -> str:
    """As Kubernetes wants names: lower case, a letter first, then digits and dashes, short enough for what KubeRay adds."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:34].strip("-")
    return plain if plain[:1].isalpha() else f"sweep-{plain}".strip("-")


def _python() -> str:
    return "".join(platform.python_version_tuple()[:2])
