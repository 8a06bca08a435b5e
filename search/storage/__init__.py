"""Runs that live in an object store: `s3://bucket/prefix`, or any other URL that fsspec knows.

A run always has a local run directory, with the journal, synced and locked as anywhere; what happens there is
mirrored into the store, and a driver on another machine goes on from the store alone.

`places`: which folder of this machine stands for which URL. `store`: the verbs of a store, with retries. `segments`: the
journal as objects. `checkpoints`: there and back. `lease`: one driver among all machines. `fetching`: from the store to
a run directory. `mirror`: from a run directory to the store. `keeping`: all of it while a run is driven. `finding`: runs
by name, in a folder or a store. `outpost`: the directory of a node that is not the driver's.
"""

from __future__ import annotations

from search.storage.checkpoints import resume_point
from search.storage.fetching import EVERYTHING, bring_checkpoints, bring_files, fetch
from search.storage.finding import bring, find_run, list_runs, run_names, split_reference
from search.storage.keeping import driver_of, forget, kept, mirror_of
from search.storage.lease import Lease
from search.storage.mirror import Mirror
from search.storage.outpost import Outpost
from search.storage.places import Home, check_url, claim, home_of, is_remote, local_root
from search.storage.store import Item, Store, arrow_place, open_store

__all__ = [
    "EVERYTHING",
    "Home",
    "Item",
    "Lease",
    "Mirror",
    "Outpost",
    "Store",
    "arrow_place",
    "bring",
    "bring_checkpoints",
    "bring_files",
    "check_url",
    "claim",
    "driver_of",
    "fetch",
    "find_run",
    "forget",
    "home_of",
    "is_remote",
    "kept",
    "list_runs",
    "local_root",
    "mirror_of",
    "open_store",
    "resume_point",
    "run_names",
    "split_reference",
]
