"""What `run --cluster` and `status --follow` share: sending a sweep, following it, and what is said when one lets go."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tuneyard.clusters import named, run_again
from tuneyard.options import print_json, reference
from tuneyard.terminal import next_steps, printable, quoted

if TYPE_CHECKING:
    from search.api import Sweep
    from search.submission.client import Cluster, Job
    from search.submission.request import Request

__all__ = ["attach", "drive_submitted", "request_for", "say", "submit"]

_RESUMABLE = 143
_PASSED_ON = (0, 1, 2, 3, 4, 5, 130, 143)
_LAST_LINES, _FEW_LINES = 20, 4  # of the log: of a job that failed before it said anything, and later


def say(text: str) -> None:
    """A line for people, on stderr."""
    click.echo(printable(text), err=True)


def request_for(
    sweep: Sweep,
    file: Path,
    arguments: Sequence[str],
    *,
    storage: str | None,
    folder: Path | None,
    environment: Sequence[str],
    copies: Path,
) -> Request:
    """What would be sent. `storage`: on the cluster, None = the default there. `folder`: what is packed, None = the
    sweep file's. `environment`: names of variables that go along. `copies`: where runs lie here, which stays here.

    Raises SettingsError: the sweep is wrong, its file or trainable is not in the folder, a variable is not set.
    """
    from search.errors import SettingsError
    from search.paths import check_name
    from search.submission.identity import fingerprint, submitter
    from search.submission.package import Package
    from search.submission.request import DEFAULT_STORAGE as THERE
    from search.submission.request import Request

    settings = sweep.resolved.to_dict()
    package = Package(file.resolve().parent if folder is None else folder, besides=[copies])
    if file not in package:
        raise SettingsError(
            f"{file} is not among the files that are sent from {package.folder}: it lies elsewhere (--working-dir DIR), "
            "or an ignore file leaves it out"
        )
    for said, path in _own_files(settings):
        if path not in package and path.is_relative_to(package.folder):
            raise SettingsError(
                f"{said}: {path} is left out of what is sent, by a .gitignore or .rayignore, or because it is a "
                "folder of runs. Let it in, or name a place that the nodes see"
            )
        if path not in package:
            say(f"note: {said}: {path} is not part of the folder: it has to be there on the cluster, too")
    missing = [name for name in environment if name not in os.environ]
    if missing:
        raise SettingsError(f"--env {missing[0]}: is not set here. export it first, or leave it out")
    return Request(
        name=check_name(sweep.resolved.name),
        file=file.resolve().relative_to(package.folder).as_posix(),
        package=package,
        storage=storage or THERE,
        sweep=fingerprint(settings),
        by=submitter(),
        arguments=tuple(arguments),
        environment={name: os.environ[name] for name in environment},
    )


def submit(sweep: Sweep, request: Request, url: str, copies: Path, as_json: bool) -> int:
    """Send the sweep, or find it there, and follow it to its end; returns the exit code."""
    from dataclasses import replace

    from search.paths import RunPaths
    from search.submission.client import Cluster
    from search.submission.copy import make_room
    from search.submission.submitting import send, standing

    cluster = Cluster(url)
    _warn_of_plain_text(url)
    job = cluster.job(request.name)
    what = standing(job, request)
    if what == "again":
        assert job is not None
        say(f"{request.name} ended there ({_ending(job)}) and goes on where it stood")
        if job.metadata["folder"] != request.package.digest:
            say("note: the folder has changed since; it goes on with the files of now")
        request = replace(request, storage=job.metadata["storage"])
    if what == "attach":
        assert job is not None
        say(f"{request.name} is there already, submitted by {job.by}: {_ending(job)}")
    else:
        make_room(RunPaths(copies / request.name), request.name)
        job = send(cluster, request, sweep.resolved.resources, say, job)
        say(f"submitted {request.name} to {cluster.url}; Ctrl-C lets go of it, and it goes on")
    return attach(cluster, job, copies, as_json)


def attach(cluster: Cluster, job: Job, copies: Path, as_json: bool) -> int:
    """Follow a submitted sweep to its end, with the live view; Ctrl-C lets go of it. Returns the exit code."""
    from search.paths import RunPaths
    from search.submission.copy import LocalCopy
    from search.submission.follow import Follower, follow
    from search.submission.submitting import origin
    from search.views.console import ConsoleView

    copy = LocalCopy(RunPaths(copies / job.name), origin(cluster, job))
    follower = Follower(copy, job.metadata["word"], ConsoleView(to_stderr=as_json))
    try:
        try:
            for line in cluster.log(job.name).splitlines(keepends=True):
                if line.endswith("\n"):
                    follower.take(line, silently=True)
            job = follow(cluster, job.name, follower, say)
        finally:
            follower.leave()
            copy.close()
    except KeyboardInterrupt:
        return _let_go(cluster, job, copy.paths.root, as_json)
    return _ended(cluster, job, copy, as_json)


def _let_go(cluster: Cluster, job: Job, root: Path, as_json: bool) -> int:
    say(f"\nlet go of {job.name}: it goes on at {cluster.url}")
    if as_json:
        print_json(_summary(cluster, job, root))
    url = cluster.url
    next_steps(
        f"{named('status', job.name, url, '--follow')}    # look again, live",
        named("status", job.name, url),
        named("logs", job.name, url),
        named("stop", job.name, url),
        named("fetch", job.name, url),
    )
    return 0


def _ended(cluster: Cluster, job: Job, copy: Any, as_json: bool) -> int:
    from search.driving import write_report
    from search.run import Run

    if not copy.paths.journal.is_file():
        _tell_why(cluster, job)
        return job.exit_code if job.exit_code in _PASSED_ON and job.exit_code else 1
    run = Run.open(copy.paths.root)
    if not copy.complete:
        say(
            "some records did not come over the job's log; get them: " + named("fetch", job.name, cluster.url)
        )
    write_report(run)
    if as_json:
        print_json(_summary(cluster, job, copy.paths.root))
    name = reference(run)
    if run.state in ("finished", "failed"):
        next_steps(
            f"tuneyard show {name}",
            f"tuneyard report {name} --open",
            f"{named('fetch', job.name, cluster.url)}    # the winner's checkpoint, logs, TensorBoard",
        )
    else:
        say(f"{job.name} ended before it was done: {_ending(job)}")
        if job.state == "failed":
            _last_words(cluster, job, _FEW_LINES)
        next_steps(
            f"{run_again(copy.origin)}    # go on, in the folder that was sent",
            f"tuneyard show {name}",
            named("logs", job.name, cluster.url),
        )
    if job.exit_code in _PASSED_ON and job.exit_code is not None:
        return job.exit_code
    return 0 if job.state == "succeeded" else _RESUMABLE


def _summary(cluster: Cluster, job: Job, root: Path) -> Mapping[str, Any]:
    from search.run import Run

    about = {"url": cluster.url, "job": job.state, "by": job.by, "storage": job.metadata.get("storage")}
    if not (root / "journal.jsonl").is_file():
        return {"name": job.name, "state": "pending", "cluster": about}
    return {**Run.open(root).summary(), "cluster": about}


def _tell_why(cluster: Cluster, job: Job) -> None:
    """The end of the log of a job that never began its sweep."""
    say(f"{job.name} failed on the cluster before the sweep began ({_ending(job)}):")
    _last_words(cluster, job, _LAST_LINES)
    next_steps(named("logs", job.name, cluster.url))


def _last_words(cluster: Cluster, job: Job, count: int) -> None:
    from search.submission.follow import for_people, of_last_driver

    lines = [*for_people(of_last_driver(cluster.log(job.name).splitlines()))]
    for line in lines[-count:] or [job.message]:
        say(f"  {line}")


def _ending(job: Job) -> str:
    if not job.over:
        return job.state
    return {"stopped": "stopped", "succeeded": "finished"}.get(
        job.state,
        f"its driver ended with code {job.exit_code}" if job.exit_code is not None else "its driver died",
    )


def _own_files(settings: Mapping[str, Any]) -> list[tuple[str, Path]]:
    """(key, path) of the user's files that a sweep names."""
    base = Path(settings.get("base") or ".")
    found = []
    place, colon, _ = str(settings.get("trainable") or "").rpartition(":")
    if colon and place.endswith(".py"):
        found.append(("trainable", (base / Path(place).expanduser()).resolve()))
    sources = (settings.get("data") or {}).get("source")
    listed = sources.get("values", []) if isinstance(sources, Mapping) else [sources]
    for source in listed:
        if (
            isinstance(source, str)
            and source.startswith("/")
            and Path(source.rpartition(":")[0] or source).exists()
        ):
            found.append(("data.source", Path(source.rpartition(":")[0] or source)))
    return found


def _warn_of_plain_text(url: str) -> None:
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        say(
            f"note: {url} is not encrypted: the token and the files travel in plain text. Through a tunnel: "
            f"ssh -L 8265:127.0.0.1:{parts.port or 80} {quoted(parts.hostname or 'HEAD')}"
        )


def drive_submitted(
    file: Path,
    overrides: Sequence[Any],
    name: str,
    storage: str,
    address: str | None,
    workers: int | None,
    word: str,
    trust: bool,
) -> int:
    """As the driver of a submitted sweep, on the head: run it, or go on with it where the storage has it."""
    import sys

    from search.api import Sweep, resume
    from search.settings import Override
    from search.submission.onsite import Site
    from search.submission.telling import Teller
    from tuneyard.driving import drive

    sys.stdout.reconfigure(encoding="ascii", errors="backslashreplace")  # type: ignore[union-attr]
    site = Site(storage, name)
    sources = site.keep_sources(Path.cwd())
    os.chdir(sources)  # Ray may take its own copy of the folder away
    given = [*overrides, Override("storage", site.storage, "--storage"), Override("name", name, "--name")]
    sweep = Sweep.from_file(sources / file, overrides=given)
    for note in sweep.resolved.notes:
        say(f"note: {note}")
    begun, teller = site.begun(sweep.resolved.to_dict()), Teller(word)
    return drive(
        lambda stop, observers: (
            resume(
                name,
                storage=site.storage,
                address=address,
                workers=workers,
                trust=trust,
                stop=stop,
                observers=[*observers, teller],
            )
            if begun
            else sweep.run(address=address, stop=stop, observers=[*observers, teller])
        ),
        as_json=False,
        tell=lambda run: None,
    )
