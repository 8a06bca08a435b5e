"""Two models compared: on the same rows, and on live traffic.

- `plan`: how many rows a comparison on live traffic needs, and when it may be ended; `Plan`
- `outcomes`: its outcomes, read from a table; `Outcomes`
- `fixed`: one look at the end; `sequential`: as many looks as wanted; `allocation`: whether the arms got their shares
- `analysis`: what the outcomes say so far; `Analysis`
- `paired`: two models on one test set; `Paired`; `models`: two model folders on a file of rows
"""

from deploy.ab.analysis import Analysis, Arm, Goal, analyse
from deploy.ab.outcomes import Outcomes, read_outcomes
from deploy.ab.paired import Paired, compare
from deploy.ab.plan import Kind, Method, Plan, plan_means, plan_rates

__all__ = [
    "Analysis",
    "Arm",
    "Goal",
    "Kind",
    "Method",
    "Outcomes",
    "Paired",
    "Plan",
    "analyse",
    "compare",
    "plan_means",
    "plan_rates",
    "read_outcomes",
]
