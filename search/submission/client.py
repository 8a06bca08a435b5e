"""A Ray cluster's job server, as its users have it over HTTP: submit, look, follow, stop. Thin over Ray's own client."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from search.errors import RunnerError, SettingsError

__all__ = ["Cluster", "ClusterLostError", "Job"]

_CONNECT = 10.0  # seconds
_ANSWER = 300.0  # seconds; an upload is one request
_SILENCE = 300.0  # seconds without a line of a log, after which its connection is taken for dead
_OVERRIDES = ("RAY_ADDRESS", "RAY_API_SERVER_ADDRESS")  # Ray would take these for the address given


class ClusterLostError(RunnerError):
    """The job server does not answer any more; what runs on the cluster is not touched by that."""


@dataclass(frozen=True)
class Job:
    """A submitted sweep as the job server knows it.

    `state`: "pending", "running", "stopped", "succeeded" or "failed". `exit_code`: of its driver, where it ended by
    itself. `began`, `ended`: seconds since 1970. `metadata`: what was sent along, see `request.Request`.
    """

    name: str
    state: str
    message: str = ""
    exit_code: int | None = None
    began: float | None = None
    ended: float | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        """Whether its driver has ended, one way or another."""
        return self.state in ("stopped", "succeeded", "failed")

    @property
    def by(self) -> str:
        """Who submitted it, as user@host."""
        return self.metadata.get("by", "somebody")


class Cluster:
    """The cluster whose job server listens at `url`, such as http://head:8265.

    Raises SettingsError: no URL of a job server. RunnerError: not reachable, or the token is missing or wrong, or the
    packages for it are not installed; says what to do.
    """

    def __init__(self, url: str) -> None:
        self.url = _checked(url)
        _reach(self.url)
        with _environment():
            self._client = _client(self.url)
        self.version: str = self._client._server_ray_version or "unknown"

    def job(self, name: str) -> Job | None:
        """The job of that submission id; None where the cluster knows none (also after its head was restarted)."""
        answer = self._ask("GET", f"/api/jobs/{name}", missing=True)
        return None if answer is None else _job(answer)

    def jobs(self) -> list[Job]:
        """Every job that was submitted and is still known, the newest last."""
        found = [_job(each) for each in self._ask("GET", "/api/jobs/") if each.get("submission_id")]
        return sorted(found, key=lambda job: job.began or 0.0)

    def submit(
        self,
        name: str,
        entrypoint: str,
        *,
        runtime_env: Mapping[str, Any] | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        """Start a job; its folder (`working_dir`: a zip file) is uploaded where the cluster does not have it yet."""
        with self._errors():
            self._client.submit_job(
                entrypoint=entrypoint,
                submission_id=name,
                runtime_env=dict(runtime_env or {}),
                metadata=dict(metadata or {}),
            )

    def stop(self, name: str) -> None:
        """Ask the job's driver to end (SIGTERM); what it does then takes its time."""
        self._ask("POST", f"/api/jobs/{name}/stop")

    def forget(self, name: str) -> None:
        """Make the name of a job that is over free again; its log stays."""
        self._ask("DELETE", f"/api/jobs/{name}")

    def log(self, name: str) -> str:
        """All that the job has written so far, stdout and stderr."""
        return str(self._ask("GET", f"/api/jobs/{name}/logs")["logs"])

    def follow_log(self, name: str) -> Generator[str]:
        """The lines of the job's log, from its beginning until the job is over.

        Raises ClusterLostError: the connection broke, or nothing came over it for minutes. Begin anew.
        """
        chunks: AsyncIterator[str] = self._client.tail_job_logs(name)
        rest = ""
        with asyncio.Runner() as runner:  # which ends the task in good order when Ctrl-C comes
            try:
                while True:
                    try:
                        chunk = runner.run(_next(chunks))
                    except Exception as error:  # aiohttp's, Ray's RuntimeError, TimeoutError
                        raise ClusterLostError(f"lost {self.url}: {type(error).__name__}: {error}") from error
                    if chunk is None:
                        break
                    *lines, rest = (rest + chunk).split("\n")
                    yield from (f"{line}\n" for line in lines)
            finally:
                with contextlib.suppress(Exception):
                    runner.run(chunks.aclose())  # type: ignore[attr-defined]
        if rest:
            yield rest

    def _ask(self, method: str, path: str, *, missing: bool = False) -> Any:
        with self._errors():
            answer = self._client._do_request(method, path)
            if missing and answer.status_code == 404:
                return None
            if answer.status_code != 200:
                self._client._raise_error(answer)
            return answer.json()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        import requests
        from ray.exceptions import AuthenticationError

        try:
            yield
        except AuthenticationError as error:
            raise RunnerError(_refused(self.url, str(error))) from None
        except requests.exceptions.RequestException as error:
            raise ClusterLostError(f"lost {self.url}: {type(error).__name__}: {error}") from error
        except RuntimeError as error:
            said = str(error).strip().splitlines()  # a traceback of the server's, its last line last
            raise RunnerError(f"{self.url} refused: {said[-1] if said else 'no reason given'}") from error


async def _next(chunks: AsyncIterator[str]) -> str | None:
    return await asyncio.wait_for(anext(chunks, None), _SILENCE)


def _checked(url: str) -> str:
    parts = urlsplit(url)
    try:
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.port is not False
    except ValueError:
        sound = False
    if not sound:
        raise SettingsError(
            f"--cluster is the URL of a Ray cluster's job server, such as http://HEAD:8265; got {url!r}. The address of "
            "a cluster (HOST:6379, ray://) goes with --address"
        )
    if parts.username or parts.password:
        raise SettingsError("--cluster: no password in the URL; the token goes into RAY_AUTH_TOKEN_PATH")
    return url.rstrip("/")


def _reach(url: str) -> None:
    """Whether anybody listens there, before two seconds are spent on importing Ray."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname, port), timeout=_CONNECT).close()
    except OSError as error:
        raise ClusterLostError(
            f"nobody answers at {url} ({error.strerror or error}). Is the head up, was it started with ray[default] "
            "installed, and is its dashboard port (8265) open from here? With --dashboard-host=127.0.0.1 it is reached "
            "through a tunnel: ssh -L 8265:127.0.0.1:8265 HEAD, and --cluster http://127.0.0.1:8265"
        ) from error


def _client(url: str) -> Any:
    try:
        import aiohttp  # noqa: F401 - what Ray's client follows logs with
        import requests
        from ray.exceptions import AuthenticationError
        from ray.job_submission import JobSubmissionClient
    except ImportError as error:
        raise RunnerError(
            f"--cluster needs Ray's job client, and {error.name} is not installed here: pip install 'tuneyard[cluster]'"
        ) from error
    for chatty in ("ray", "ray.dashboard.modules.job.sdk", "ray.dashboard.modules.dashboard_sdk"):
        logging.getLogger(chatty).setLevel(logging.ERROR)

    class Client(JobSubmissionClient):  # type: ignore[misc]
        """Ray's, with an end to its patience."""

        def _do_request(self, method: str, endpoint: str, **options: Any) -> Any:
            return super()._do_request(method, endpoint, **{"timeout": (_CONNECT, _ANSWER), **options})

    try:
        return Client(url)
    except AuthenticationError as error:
        raise RunnerError(_refused(url, str(error))) from None
    except (ConnectionError, requests.exceptions.RequestException, RuntimeError, ValueError) as error:
        first = str(error).strip().splitlines()[0]
        raise RunnerError(
            f"{url} is not the job server of a Ray cluster ({first}). It is the address of Ray's dashboard, port 8265 of "
            "the head where nothing else was said"
        ) from error


def _refused(url: str, said: str) -> str:
    """What to do about a 401 or 403; never with the token itself."""
    if said.startswith("Authentication required"):
        return (
            f"{url} wants a token, and none was sent. Copy it from the head (~/.ray/auth_token, mode 600) to the same "
            "place here, or name its file: export RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH=FILE"
        )
    if said.startswith("Authentication failed"):
        return (
            f"{url} does not accept the token that was sent ({_token_source()}). It has to be the one that this cluster "
            "was started with: copy ~/.ray/auth_token from its head"
        )
    return f"the token for {url} ({_token_source()}) cannot be used: {said.strip().splitlines()[0]}"


def _token_source() -> str:
    if os.environ.get("RAY_AUTH_TOKEN"):
        return "from RAY_AUTH_TOKEN"
    return f"from {os.environ.get('RAY_AUTH_TOKEN_PATH') or '~/.ray/auth_token'}"


@contextlib.contextmanager
def _environment() -> Iterator[None]:
    """Ray sends no token, even where there is one, unless it is told to; and its variables beat the address given."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    named = any(os.environ.get(name) for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"))
    if "RAY_AUTH_MODE" not in os.environ and (named or Path("~/.ray/auth_token").expanduser().is_file()):
        os.environ["RAY_AUTH_MODE"] = "token"
    before = {name: os.environ.pop(name) for name in _OVERRIDES if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(before)


def _job(told: Mapping[str, Any]) -> Job:
    def seconds(key: str) -> float | None:
        return told[key] / 1000 if told.get(key) else None

    return Job(
        name=str(told["submission_id"]),
        state=str(told["status"]).lower(),
        message=str(told.get("message") or ""),
        exit_code=told.get("driver_exit_code"),
        began=seconds("start_time"),
        ended=seconds("end_time"),
        metadata={str(key): str(value) for key, value in (told.get("metadata") or {}).items()},
    )
