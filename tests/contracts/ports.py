"""Ports for servers that have to be told theirs."""

from __future__ import annotations

import random
import socket

__all__ = ["free_port"]

_RANGE = range(20_000, 32_000)
_given: set[int] = set()
_chance = random.SystemRandom()


def free_port() -> int:
    """A port of loopback at which nobody listens, and which stays free until it is bound.

    The kernel gives none of these to a connection, or to a server that takes any (those begin at 32,768), and Ray none
    to a worker (10,002 to 19,999); nobody in this process gets one twice.
    """
    while True:
        port = _chance.choice(_RANGE)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:  # somebody chose it for himself
                continue
        if port not in _given:
            _given.add(port)
            return port
