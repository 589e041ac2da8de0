"""Runs that must compare: a longer grace, another time, other names."""

from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from reconciler.model.units import NS_PER_S
from reconciler.sim.world import EPOCH_NS
from tests.properties.loaded import Loaded, Play, traced
from tests.properties.loads import KINDS, Json, changed, scenario, service, stack
from tests.properties.strategies import SEEDS

LATER_NS = 977 * NS_PER_S  # whole seconds: a kubelet looks once in each
TOLD = tuple(kind for kind in KINDS if kind != "static")


@st.composite
def endings(draw: st.DrawFn) -> tuple[Loaded, Loaded]:
    """One instance ends, and the same with a longer grace; what it has is long.

    One alone, as later ones would end at another time. An edge that hears nothing of the end
    is left out: it goes on sending requests to what ends, and for longer.
    """
    kind = draw(st.sampled_from(TOLD))
    replicas = draw(st.integers(2, 4))
    pre_stop, drain, grace = (draw(st.integers(0, 3)), draw(st.integers(0, 12)),
                              draw(st.integers(2, 8)))  # fmt: skip
    app: Json = {
        "on_stop": draw(st.sampled_from(("finish", "refuse"))),
        "stop": "200ms",
        "ready": "1s",
    }
    if kind != "discovered" and draw(st.booleans()):
        app["ignores_stop"] = True
    under = scenario(kind, behaviour={"web": app})
    under["traffic"][0] |= {
        "service_time": draw(st.sampled_from(("2s", {"exponential": "4s"}))),
        "rate": {"poisson": draw(st.integers(1, 8))},
    }  # fmt: skip
    if draw(st.booleans()):
        under["traffic"][0]["sessions"] = {"rate": {"poisson": 1}, "length": {"exponential": "9s"}}
    if draw(st.booleans()):
        under["traffic"][0]["retries"] = {"most": 1, "backoff": "300ms"}
    seed, made = draw(SEEDS), list[Loaded]()
    for seconds in (grace, grace + draw(st.integers(1, 20))):
        ends = {"pre_stop": f"{pre_stop}s", "drain": f"{drain}s", "grace": f"{seconds}s"}
        web = service(kind, replicas, termination=ends)
        made.append(Loaded(stack(web), stack(changed(web, "fewer")), under, seed))
    return made[0], made[1]


def check_grace_helps(pair: tuple[Loaded, Loaded]) -> None:
    """Property 22: a longer grace never drops more."""
    short, long = (Play(case).run() for case in pair)
    assert _losses(long) <= _losses(short), (long.dropped(), short.dropped())


def _losses(play: Play) -> int:
    """Requests and sessions that were lost, whatever for."""
    return sum(sum(tap.dropped_total()) + tap.sessions_cut for tap in play.taps.values())


def check_another_time(case: Loaded) -> None:
    """Property 22: the same, at another time."""
    one, other = traced(case), traced(case, epoch_ns=LATER_NS)
    assert _numbers(one[0]) == _numbers(other[0])
    assert _story(*one) == _story(*other)


RENAMED: dict[str, str] = {"web": "site"}


@st.composite
def renamings(draw: st.DrawFn) -> Loaded:
    """A change of a service with nothing in it that is drawn by its name."""
    kind = draw(st.sampled_from(KINDS))
    web = service(kind, draw(st.integers(1, 3)))
    web["termination"] = {"pre_stop": "1s", "drain": f"{draw(st.integers(0, 3))}s", "grace": "5s"}
    under = scenario(kind)
    under["traffic"][0]["service_time"] = draw(st.sampled_from(("20ms", "2s")))
    after = changed(web, draw(st.sampled_from(("image", "more", "fewer"))))
    return Loaded(stack(web), stack(after), under, draw(SEEDS))


def check_other_names(case: Loaded) -> None:
    """Property 22: the same, by other names, where nothing else is drawn by a name."""
    one = traced(case, still=True)
    other = traced(_renamed(case), still=True, name="depot")
    assert list(_numbers(one[0]).values()) == list(_numbers(other[0]).values())
    told, again = ([(at, what) for at, what, _ in _story(*each)] for each in (one, other))
    assert told == again


def _renamed(case: Loaded) -> Loaded:
    before, after = ({**spec, "services": _keys(spec["services"])} for spec in
                     (case.before, case.after))  # fmt: skip
    under: Json = deepcopy(dict(case.scenario))
    under["behaviour"] = _keys(under["behaviour"])
    for flow in under["traffic"]:
        flow["service"] = RENAMED[flow["service"]]
    return Loaded(before, after, under, case.seed, case.faults)


def _keys(named: Json) -> Json:
    return {RENAMED[name]: each for name, each in named.items()}


def _numbers(play: Play) -> dict[str, Any]:
    """What came of a play, as far as requests go, to the last event."""
    return {
        name: (tap.digest, tap.arrivals, tap.served, tap.dropped_total(), tap.sessions_cut)
        for name, tap in play.taps.items()
    }


def _story(play: Play, lines: list[str]) -> list[tuple[int, str, str]]:
    """When from its beginning on what happened to whom."""
    told = []
    for line in lines:
        at, what, rest = line.split(" ", 2)
        seconds, nanos = at.split(".")
        ns = int(seconds) * NS_PER_S + int(nanos) + EPOCH_NS - play.began_ns
        told.append((ns, what, rest))
    return told
