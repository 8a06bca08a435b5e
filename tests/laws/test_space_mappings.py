"""Laws of reading: whatever the mapping, a space or a SpaceError whose paths lie inside the mapping."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from contracts.space_strategies import patient
from spaces import Space, SpaceError, parse_parameters

keys = st.sampled_from(
    [
        "min",
        "max",
        "values",
        "value",
        "distribution",
        "step",
        "log",
        "q",
        "ordered",
        "when",
        "role",
        "parameters",
        "probabilities",
        "mn",
        "lr",
        "a",
        "b",
        "a.b",
    ]
) | st.text(max_size=3)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.floats(),
    st.sampled_from(
        ["uniform", "log_uniform", "q_uniform", "categorical", "constant", ">= 3", "a", "1e-3", ""]
    ),
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


def at(mapping: Any, path: tuple[Any, ...]) -> bool:
    """Whether the path leads somewhere inside the mapping."""
    for part in path:
        try:
            mapping = mapping[part]
        except (KeyError, IndexError, TypeError):
            return False
    return True


@given(st.dictionaries(keys, anything, max_size=4), st.lists(anything, max_size=2))
@patient
def test_any_mapping_is_a_space_or_refused_in_its_place(
    mapping: dict[str, Any], constraints: list[Any]
) -> None:
    refused = None
    try:
        space = parse_parameters(mapping, constraints=constraints)
    except SpaceError as error:
        refused = error
    if refused is None:
        assert isinstance(space, Space)
        return
    assert str(refused)
    for problem in refused.problems:
        assert at(mapping, problem.path), (problem, problem.path)
        assert problem.constraint is None or problem.constraint < len(constraints)
