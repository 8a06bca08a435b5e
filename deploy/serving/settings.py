"""What a server is started with, and who may ask it: one frozen value that a replica gets whole."""

from __future__ import annotations

import ipaddress
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from deploy.errors import DeployError

__all__ = ["Settings", "is_loopback", "read_token"]

SHORTEST_TOKEN = 16


@dataclass(frozen=True)
class Settings:
    """How a model is served. Durations in seconds unless the name says otherwise.

    Attributes:
        host: what the server listens on; other hosts than loopback need a `token`.
        token: what `Authorization: Bearer TOKEN` has to say; None = nobody is asked (loopback only).
        allow_hosts: further names that a request may call this server by; on loopback all others are refused.
        batch_wait_ms: how long the first request of a batch waits for others; it does not wait while it is alone.
        batch_rows: rows of one call of the model, at most; a longer request is a batch of its own.
        queue_rows: rows that may wait; beyond that requests are refused with 503 and told when to come again.
        body_bytes: largest body of a request.
        rows: most records of a request.
        rate: requests per second and client address that last; 0 = unlimited. Twice as many may come at once.
        patience: a body that has not arrived by then is refused with 408; an answer that is not there gets a 504.
        reload: how often a registry is asked for its production version.
        log: folder of the request log; None = nothing is logged.
        log_without: fields whose values are not logged.
        log_rows, log_age: a log file is closed as Parquet after so many rows, or so long.
        log_bytes: the oldest files are removed beyond this size of the folder.
    """

    host: str = "127.0.0.1"
    token: str | None = field(default=None, repr=False)
    allow_hosts: tuple[str, ...] = ()
    batch_wait_ms: float = 2.0
    batch_rows: int = 256
    queue_rows: int = 20_000
    body_bytes: int = 4 * 2**20
    rows: int = 1_000
    rate: float = 0.0
    patience: float = 30.0
    reload: float = 1.0
    log: Path | None = None
    log_without: tuple[str, ...] = ()
    log_rows: int = 20_000
    log_age: float = 3_600.0
    log_bytes: int = 2**30

    def __post_init__(self) -> None:
        if not is_loopback(self.host) and self.token is None:
            raise DeployError(
                f"host {self.host!r} can be reached by others, and no token is asked for. Write one into a file that only "
                "you can read (umask 077; openssl rand -hex 32 > token), then add --token-file token"
            )

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine alone; `0.0.0.0` and `::` do not."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def read_token(path: Path) -> str:
    """The token in a file: one line of 16 printable characters or more.

    Raises:
        DeployError: it cannot be read, others can read it, or it is too short.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            text = file.read(4096).decode("ascii").strip()
    except OSError as error:
        raise DeployError(f"the token file {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DeployError(
            f"the token in {path} has to be printable ASCII; openssl rand -hex 32 > {path}"
        ) from error
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        mode = stat.S_IMODE(status.st_mode)
        raise DeployError(f"others can read the token file {path} (mode {mode:04o}); chmod 600 {path}")
    if len(text) < SHORTEST_TOKEN or not text.isprintable() or " " in text:
        raise DeployError(
            f"the token in {path} has to be one word of {SHORTEST_TOKEN} characters or more; "
            f"openssl rand -hex 32 > {path}"
        )
    return text
