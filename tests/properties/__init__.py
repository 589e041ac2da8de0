"""The properties, each as a strategy and a check, for tests and for whoever hunts mutants."""

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import __version__, given, reproduce_failure, settings
from hypothesis import strategies as st

from reconciler.testing import choosers
from tests.properties import (
    autoscaling,
    choosing,
    convergence,
    evictions,
    failures,
    loads,
    metamorphic,
    safety,
    shutdowns,
    traffic,
)
from tests.properties.strategies import (
    CALM,
    LIVELY,
    cases,
    crashes,
    event_faults,
    failing,
    faults,
    our_faults,
    stale_faults,
)


@dataclass(frozen=True)
class Property:
    """What must hold, over which examples; `check` raises AssertionError where it does not."""

    name: str
    strategy: st.SearchStrategy[Any]
    check: Callable[[Any], None]


QUIET = cases()
CHANGED = cases(fresh=False)
WILD = cases(LIVELY, faults())

PROPERTIES: tuple[Property, ...] = (
    Property("1 convergence", WILD, convergence.check_convergence),
    Property("1 bound", QUIET, convergence.check_bound),
    Property("2 floor", WILD, safety.check_capacity_floor),
    Property("3 surge", WILD, safety.check_surge),
    Property("4 singleton", WILD, safety.check_singleton),
    Property("5 dependencies", QUIET, safety.check_dependencies),
    Property("6 drain", loads.wild(), traffic.check_drain),
    Property("7 grace", loads.polite(), traffic.check_grace),
    Property(
        "7 whatever fails",
        st.tuples(loads.polite(), choosers()),
        choosing.check_whatever_fails,
    ),
    Property("8 stickiness", loads.tied(), traffic.check_stickiness),
    Property("9 conservation", loads.wild(), traffic.check_conservation),
    Property("10 fairness", loads.turns(), traffic.check_fairness),
    Property("11 restarts", WILD, safety.check_restarts),
    Property("12 idempotence", cases(LIVELY), convergence.check_idempotence),
    Property("13 crash", crashes(), convergence.check_crash),
    Property("14 only ours", cases(CALM, our_faults()), safety.check_only_ours),
    Property("14 name taken", QUIET, safety.check_name_taken),
    Property(
        "15 hints",
        cases(CALM, st.lists(event_faults(), min_size=1, max_size=2).map(tuple)),
        convergence.check_hints,
    ),
    Property("16 stale views", cases(CALM, stale_faults()), safety.check_stale_views),
    Property("17 progress", QUIET, convergence.check_progress),
    Property("18 paths", CHANGED, convergence.check_paths),
    Property("19 autoscaler", autoscaling.demands(), autoscaling.check_scaler),
    Property("19 autoscaled", autoscaling.growing(), autoscaling.check_autoscaled),
    Property("20 deletions", CHANGED, failures.check_deletions),
    Property("20 evictions", evictions.drains(), evictions.check_evictions),
    Property("21 rollback", failing(), failures.check_rollback),
    Property("21 no second rollback", failing(), failures.check_no_second_rollback),
    Property("21 retry", failing(), failures.check_retry),
    Property("22 grace helps", metamorphic.endings(), metamorphic.check_grace_helps),
    Property("22 another time", loads.wild(), metamorphic.check_another_time),
    Property("22 other names", metamorphic.renamings(), metamorphic.check_other_names),
    Property("23 replay", WILD, failures.check_replay),
    Property("24 plan is apply", QUIET, failures.check_plan_is_apply),
    Property("24 stale plan", CHANGED, failures.check_stale_plan),
    Property("25 plans are free", QUIET, failures.check_plans_are_free),
    Property("26 oscillation", cases(fresh=False, most=2), failures.check_oscillation),
    Property("shutdown order", shutdowns.shutdowns(), shutdowns.check_order),
    Property("shutdown bounds", shutdowns.shutdowns(), shutdowns.check_bounds),
    Property("shutdown crash", shutdowns.shutdowns(crashes=True), shutdowns.check_crashes),
)


def hold(check: Callable[[Any], None]) -> None:
    """Try a property on examples; the profile says on how many.

    A failure ends in the one command that replays it, in any process.
    """
    found = next(each for each in PROPERTIES if each.check is check)
    try:
        given(found.strategy)(found.check)()
    except BaseException as failure:
        for blob in blobs_of(failure):
            command = f"python -m tests.properties replay {shlex.quote(found.name)} {blob}"
            failure.add_note(f"replay: {command}")
        raise


def blobs_of(failure: BaseException) -> list[str]:
    """The least examples that Hypothesis found, as it writes them down (`print_blob`)."""
    notes = "\n".join(getattr(failure, "__notes__", []))
    return re.findall(r"reproduce_failure\('[^']+', b'([^']+)'\)", notes)


def replay(name: str, blob: str) -> None:
    """Once more the example that `hold` told of, and no other."""
    found = next(each for each in PROPERTIES if each.name == name)
    once = reproduce_failure(__version__, blob.encode())(given(found.strategy)(found.check))
    settings(deadline=None)(once)()  # no profile is loaded here, and machines are shared
