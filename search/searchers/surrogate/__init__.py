"""A surrogate of its own for `method: auto`: it sees every rung of every trial, running ones too.

Contents:
    encoding      configs as rows of numbers, many at a time
    evidence      what the history says of them, at every rung
    process       a Gaussian process over configs and training steps
    acquisition   expected improvement, and the search for its highest point
    model         the searcher that puts these together
"""

from search.searchers.surrogate.model import Model

__all__ = ["Model"]
