"""What is sent to a cluster to run a sweep there: command, folder, environment, and who sent it."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from search.provenance import version
from search.submission.package import Package, size

__all__ = ["DEFAULT_STORAGE", "STOP_PATIENCE", "Request"]

DEFAULT_STORAGE = "~/tuneyard-runs"
"""Where runs lie on a cluster where nothing else is said: in the home directory of who runs Ray there, which outlives
the folder that Ray makes for a job."""

STOP_PATIENCE = 120
"""Seconds that Ray gives a driver that is asked to end, before it is killed: its trials finish their step."""


@dataclass(frozen=True)
class Request:
    """One sweep to be submitted. `name`: of the run, and of the job (its submission id).

    `file`: the sweep file, relative to the folder that is packed. `arguments`: further options of `tuneyard run`.
    `storage`: an absolute path on the cluster, a path from `~` there, or a URL. `sweep`: its fingerprint.
    `environment`: variables for the job, by name; their values are shown nowhere here.
    `word`: marks the lines of this submission in the job's log.
    """

    name: str
    file: str
    package: Package
    storage: str
    sweep: str
    by: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    word: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def command(self) -> str:
        """What to type after `tuneyard run`, in the folder, to mean the same sweep."""
        folder = ("--working-dir", ".") if "/" in self.file else ()
        return shlex.join([self.file, *self.arguments, *folder])

    def entrypoint(self, python: str = "python", storage: str | None = None) -> str:
        """The command that the job runs in the uploaded folder."""
        command = ["run", self.file, *self.arguments, "--name", self.name]
        command += ["--storage", storage or self.storage, "--address", "auto", "--submitted", self.word]
        return f"exec {shlex.quote(python)} -m tuneyard {shlex.join(command)}"

    def metadata(self, storage: str | None = None) -> dict[str, str]:
        """What the job server keeps beside the job, and shows to everybody who may look."""
        return {
            "tuneyard": version("tuneyard") or "unknown",
            "by": self.by,
            "sweep": self.sweep,
            "folder": self.package.digest,
            "command": self.command,
            "storage": storage or self.storage,
            "word": self.word,
        }

    def variables(self) -> dict[str, str]:
        """The job's environment variables, with their values."""
        return {"RAY_JOB_STOP_WAIT_TIME_S": str(STOP_PATIENCE), **self.environment}

    def shown(self) -> dict[str, Any]:
        """All of it, without a value of the environment: `tuneyard run --emit`."""
        return {
            "submission_id": self.name,
            "entrypoint": self.entrypoint(),
            "runtime_env": {
                "working_dir": str(self.package.folder),
                "env_vars": sorted(self.variables()),
            },
            "metadata": self.metadata(),
            "files": [{"path": file.path, "bytes": file.bytes} for file in self.package.files],
            "bytes": self.package.bytes,
            "left_out": sorted(self.package.left_out),
        }

    def summary(self) -> str:
        """The folder, in one line."""
        return f"{self.package.folder}: {len(self.package.files)} files, {size(self.package.bytes)}"
