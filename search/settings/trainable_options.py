"""The parameters of a sweep file against the options of its trainable, where the trainable tells them."""

from __future__ import annotations

from collections.abc import Iterable

from search.settings.checks import parameter_path
from search.settings.document import Document
from search.settings.sweep_file import SweepFile
from spaces import Space
from spaces.domains import Domain, Float, Integer
from trainables.base import Declaration
from trainables.errors import TrainableError, nearest
from trainables.options import read_options

__all__ = ["unfit_parameters"]

INSIDE = (0.0, 0.381966, 1.0)  # shares of a range: its ends, and a place that is whole in whole numbers only


def unfit_parameters(
    file: SweepFile, space: Space, declared: Declaration, owner: str, document: Document
) -> list[str]:
    """What would fail in every trial, one line each: an option that there is not, a value that it cannot have.

    What stands below `data` is none of them. A rule that ties two options together is told when the trainable is set up.

    Args:
        file, space: complete, and the space that they describe.
        declared: by the trainable; without `options` everything fits.
        owner: the trainable, for messages.
        document: gives the places.
    """
    problems: dict[str, None] = {}
    for parameter in space.parameters if declared.options else ():
        name = parameter.name
        if name.startswith("data."):
            continue
        said = _unfit(name, _values(parameter.domain), declared, owner)
        if said is not None:
            problems[document.problem(parameter_path(file, name), said)] = None
    return list(problems)


def _unfit(name: str, values: Iterable[object], declared: Declaration, owner: str) -> str | None:
    if name not in declared.options:
        members = [option for option in declared.options if option.startswith(f"{name}.")]
        if members:
            return f"is a group of options; {nearest('', members)}"
        return f"{owner} has no such option; {nearest(name, declared.options)}"
    if name in declared.defaults:
        for value in values:
            try:
                read_options({name: value}, {name: declared.defaults[name]}, owner)
            except TrainableError as error:
                return str(error).removeprefix(f"{owner}: {name} ")
    if name in declared.rules:
        refusals = (declared.rules[name].refusal(value) for value in values)
        return next((refusal for refusal in refusals if refusal is not None), None)
    return None


def _values(domain: Domain) -> Iterable[object]:
    """All values of a choice; of a range its ends and one inside."""
    if isinstance(domain, (Float, Integer)):
        return [domain.from_unit(share) for share in INSIDE]
    return domain.grid(domain.size or 1)
