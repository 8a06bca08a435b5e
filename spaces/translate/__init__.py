"""A space in the terms of other libraries: exact, or refused by name.

Contents (each imports its library only when called):
    optuna        distributions, values there and back, `suggest` for define-by-run
    hyperopt      expressions, `encode` and `decode` of a trial's values
    ray           Ray Tune's domains
    configspace   ConfigSpace's JSON
    support       the features that a space uses, and what each of the above declares: SUPPORTS, REFUSALS
"""

__all__: list[str] = []
