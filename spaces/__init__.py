"""Search spaces: what may be varied, which combinations are allowed, and how to draw and name them.

Contents:
    domains       Float, Integer, Categorical, Ordinal, Constant: the values of one parameter
    conditions    Condition: when a parameter takes part
    constraints   Constraint: an expression that a config must satisfy (grammar, expression)
    parameter     Parameter: a name, a domain, conditions
    space         Space: sample, to and from the unit cube, validate, fingerprint, grid, JSON (ordering, grid)
    reading       parse_parameters, spell_parameters: the spelling of a sweep file, W&B's included (leaf)
    translate     a space in the terms of Optuna, Hyperopt, Ray Tune and ConfigSpace
    values        Value, Config: what stands in a config; nest and flatten its names
    errors        TuneyardError, SpaceError
"""

from spaces.conditions import Condition
from spaces.constraints import Constraint
from spaces.domains import Categorical, Constant, Domain, Float, Integer, Ordinal
from spaces.errors import SpaceError, TuneyardError
from spaces.parameter import Parameter
from spaces.reading import parse_parameters, spell_parameters
from spaces.space import Space
from spaces.values import Config, Value, flatten, nest

__all__ = [
    "Categorical",
    "Condition",
    "Config",
    "Constant",
    "Constraint",
    "Domain",
    "Float",
    "Integer",
    "Ordinal",
    "Parameter",
    "Space",
    "SpaceError",
    "TuneyardError",
    "Value",
    "flatten",
    "nest",
    "parse_parameters",
    "spell_parameters",
]
