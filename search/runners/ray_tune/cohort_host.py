"""What runs inside a Ray actor: a cohort behind Ray Tune's `Trainable`. One Tune result is a step of all its lanes."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import ray

from search.runners.cohort.cohort import Cohort, Terms
from search.runners.cohort.engine import NeuralEngine
from search.runners.cohort.messages import Orders, Report
from search.runners.endings import failure_of
from search.runners.ray_tune.hosted import KEY, Shipment
from search.runners.ray_tune.logs import LoggedTrial
from search.runners.ray_tune.memory import MemoryLimit
from search.runners.ray_tune.shared_data import SharedStore
from trainables.data import use_store

__all__ = ["CohortShipment", "HostedCohort", "hosted_cohort", "read_reports", "save_lanes", "send"]

log = logging.getLogger(__name__)

_IDLE = 0.05  # seconds that a cohort without a trial takes for a step: the driver may be waiting for another cohort
_SAVING = 30.0  # seconds that saving all lanes may take at the end


@dataclass(frozen=True)
class CohortShipment:
    """What every worker needs to know of a sweep in lanes; goes to each actor once. `memory`: bytes; None = no limit."""

    shipment: Shipment
    terms: Terms
    memory: int | None = None


class HostedCohort(LoggedTrial):
    """Does what it was sent since its last step, takes the next one, and reports.

    It never raises for what a trainable does. `waited` of a result: seconds between the step before and this one, in which
    the driver decided.
    """

    shipped: CohortShipment

    def setup(self, config: dict[str, Any]) -> None:
        self._cohort: Cohort | None = None
        self._orders: list[Orders] = []
        self._ended = time.monotonic()
        self._memory = MemoryLimit()
        self._memory.set(self.shipped.memory)
        shipment = self.shipped.shipment
        if shipment.data is not None:
            if shipment.base not in sys.path:  # a module of the user's may give the data
                sys.path.append(shipment.base)
            use_store(SharedStore(shipment.data))

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self.cleanup()
        self._orders = []
        return True

    def step(self) -> dict[str, Any]:
        waited = time.monotonic() - self._ended
        orders, self._orders = self._orders, []
        reports = self._advance(orders)
        self.flush_logs()
        self._ended = time.monotonic()
        return {
            KEY: json.dumps([each.to_json() for each in reports]),
            "lanes": len(reports),
            "waited": waited,
        }

    def cleanup(self) -> None:
        if self._cohort is not None:
            self._cohort.close()
            self._cohort = None

    def order(self, orders: dict[str, Any]) -> None:
        """Before the next step: what follows from the last one."""
        self._orders.append(Orders.from_json(orders))

    def save_lanes(self) -> None:
        """After the last step: a checkpoint of every lane."""
        if self._cohort is not None:
            self._cohort.save()

    # -- inside ---------------------------------------------------------------------------------------------------

    def _advance(self, orders: Iterable[Orders]) -> list[Report]:
        try:
            cohort = self._opened()
        except (Exception, SystemExit) as error:  # the trainable cannot be imported here
            failure = failure_of(error)
            return [Report(given.number, 0, failure=failure) for each in orders for given in each.enter]
        for each in orders:
            cohort.obey(each)
        reports = cohort.step()
        if not reports:
            time.sleep(_IDLE)
        return reports

    def _opened(self) -> Cohort:
        if self._cohort is None:
            shipment = self.shipped.shipment
            plug, engine = shipment.unpack(), NeuralEngine()
            engine.prepare(plug)
            home = None if shipment.outpost is None else shipment.outpost.home
            self._cohort = Cohort(plug, self.shipped.terms, shipment.paths, home=home, engine=engine)
        return self._cohort


def hosted_cohort(shipped: CohortShipment) -> type[HostedCohort]:
    """The class that Tune makes actors of, with what they need to know inside."""
    return type("HostedCohort", (HostedCohort,), {"shipped": shipped, "__module__": "__main__"})


def send(actor: Any, orders: Orders) -> None:
    """Have an actor do this before its next step, which is asked for after it. Nothing is waited for."""
    actor.__ray_call__.remote(HostedCohort.order, orders.to_json())


def save_lanes(actor: Any) -> None:
    """Have an actor save its lanes, between two steps. One that dies of it has lost what it would have lost anyway."""
    with contextlib.suppress(ray.exceptions.RayError):
        ray.get(actor.__ray_call__.remote(HostedCohort.save_lanes), timeout=_SAVING)


def read_reports(result: dict[str, Any]) -> list[Report]:
    """What a Tune result tells of the lanes."""
    return [Report.from_json(each) for each in json.loads(result[KEY])]
