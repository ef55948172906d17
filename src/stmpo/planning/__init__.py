"""The plan: how many renderer processes, and the CPUs of each. Values in, a `Plan` with its reasons out.

    limits.py      each limit on the number of processes, with its reason
    placement.py   the CPUs divided into that many slots
    plan.py        both joined into a `Plan`
    profiles.py    the two documented sets of values, hero and farm

Nothing here reads the machine, a clock or a file: the same machine and request always give the same plan.
"""

from stmpo.planning.limits import Limit, PlanRequest
from stmpo.planning.plan import Plan, Slot, make_plan

__all__ = ["Limit", "Plan", "PlanRequest", "Slot", "make_plan"]
