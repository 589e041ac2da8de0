"""Judges with requests: the properties of traffic on fixed examples, and what an edge is for."""

from collections.abc import Callable
from functools import partial
from typing import Any

from reconciler.model.units import NS_PER_MS, NS_PER_S
from reconciler.sim import scaling
from reconciler.sim.faults import Fault
from reconciler.sim.scaling import Pod
from reconciler.sim.site import Disruptions
from reconciler.sim.things import Transition
from reconciler.sim.world import World
from tests.mutation.judges import Judge
from tests.properties import autoscaling, evictions, traffic
from tests.properties.autoscaling import Demand
from tests.properties.evictions import Drains
from tests.properties.loaded import Loaded, Play
from tests.properties.loads import Json, changed, scenario, service, stack

Examples = list[tuple[str, Callable[[], None]]]
SLOW: Json = {"service_time": "2s"}
LASTING: Json = {"sessions": {"rate": {"poisson": 1}, "length": "9s"}}
RESUMED: Json = {
    "sessions": {"kind": "affine", "rate": {"poisson": 1}, "length": "9s", "every": "500ms"},
}  # fmt: skip
RETRIED: Json = {"retries": {"most": 2, "backoff": "200ms"}}


def loaded(
    kind: str, change: str = "image", replicas: int = 3, *, flow: Json | None = None,
    app: Json | None = None, routing: Json | None = None, edge: Json | None = None, **web: Any,
) -> Loaded:  # fmt: skip
    """A change of one service, with what is said of it in place of the usual."""
    made = service(kind, replicas, **web)
    made["routing"] = {**made["routing"], **(routing or {})}
    under = scenario(kind)
    under["traffic"][0] |= flow or {}
    under["behaviour"]["web"] |= app or {}
    under["edge"] = {**under["edge"], **(edge or {})}
    return Loaded(stack(made), stack(changed(made, change)), under, 1)


def ends(pre_stop: int, drain: int, grace: int, **more: Any) -> Json:
    """How a service ends, in seconds, and what else is said of it."""
    times = {"pre_stop": f"{pre_stop}s", "drain": f"{drain}s", "grace": f"{grace}s"}
    return {"termination": times, **more}


WAITS: Json = {"rollout": {"max_surge": 1, "max_unavailable": 0, "min_ready": "5s"}}
ASKING: Json = {"active": True, "interval": "1s", "rise": 1, "fall": 2}
POLITE: dict[str, Loaded] = {
    "own": loaded("own", flow=SLOW, app={"before_ready": "503"}, **ends(0, 2, 4)),
    "cluster": loaded("kube-proxy", flow=SLOW, **ends(1, 2, 4, **WAITS)),
    "balancer": loaded("alb", "image", 1, flow=SLOW, **ends(1, 2, 4, **WAITS)),
    "discovered": loaded("discovered", app={"on_stop": "finish", "stop": "2s"}, **ends(0, 2, 8)),
    "written down": loaded(
        "static", edge=ASKING, app={"on_stop": "finish", "stop": "5s"}, **ends(0, 2, 12)
    ),
}
RUDE: dict[str, Loaded] = {
    "a short grace": loaded("own", flow={"service_time": "5s"}, **ends(0, 9, 3)),
    "a short drain": loaded("own", flow=LASTING, **ends(0, 2, 9)),
    "clients that retry": loaded("kube-proxy", flow=RETRIED),
    "executions": loaded("own", flow=RESUMED, **ends(0, 2, 9)),
    "a crash": loaded("own", flow={**LASTING, **RETRIED}, app={"crash_after": "70s"}),
}


def turns(strategy: str, kind: str, **web: Any) -> Loaded:
    """A change of nothing, so that turns can be counted."""
    return loaded(kind, "nothing", 4, flow={"rate": {"constant": 12}},
                  routing={"strategy": strategy}, **web)  # fmt: skip


def everybody(strategy: str, most_apart: int) -> None:
    """Each gets its share, more or less, while hardly anything is in flight."""
    case = loaded("static", "nothing", 4, routing={"strategy": strategy},
                  flow={"rate": {"constant": 10}, "service_time": "5ms"})  # fmt: skip
    given = list(Play(case).run().taps["web"].s_given)[:4]
    assert max(given) - min(given) <= most_apart, given


def spreads_what_is_slow() -> None:
    """With least connections no one has all that is in flight."""
    case = loaded("static", "nothing", 4, routing={"strategy": "least_connections"},
                  flow={"rate": {"constant": 8}, "service_time": "3s"})  # fmt: skip
    kernel = Play(case).run().taps["web"]
    flying = [kernel.in_flight(slot) for slot in range(4)]
    assert max(flying) - min(flying) <= 1, flying


def refused_goes_on() -> None:
    """A request whose connection is refused is served by another instance."""
    made = loaded("static", "nothing", 3)
    crash = (Fault("crash", at_ns=3 * NS_PER_S),)
    lost = Play(Loaded(made.before, made.after, made.scenario, 1, crash)).run().dropped()["web"]
    assert not any(what.startswith(("refused", "no_server")) for what in lost), lost


def checks_on_time() -> None:
    """Out by `fall` failures in a row after a timeout, and in by `rise` passes, a check apart."""
    case = loaded("own", "nothing", 2, edge={"rise": 3, "fall": 3})
    faults = (Fault("hang", at_ns=2 * NS_PER_S), Fault("crash", at_ns=9 * NS_PER_S, amount=1))
    case = Loaded(case.before, case.after, case.scenario, 1, faults)
    play, out, back = Play(case), list[int](), list[int]()
    began: dict[str, int] = {}

    def hear(world: World, told: Transition) -> None:
        now = world.now_ns
        if told.what in ("hung", "up"):
            began[told.what] = now
        elif told.what == "put out" and "hung" in began:
            out.append(now - began.pop("hung"))
        elif told.what == "let in" and "up" in began:
            back.append(now - began.pop("up"))

    play.watch(hear)
    play.run()
    period, timeout = 500 * NS_PER_MS, NS_PER_S
    assert out and all(2 * period <= took - timeout < 3 * period for took in out), out
    assert back and all(2 * period <= took <= 3 * period for took in back), back


def first_check_decides() -> None:
    """One that is new and answers is let in by its first check, whatever `rise` says."""
    edge = {"rise": 3, "interval": "2s"}
    play = Play(loaded("own", edge=edge, app={"ready": "300ms"}))
    began, took = dict[str, int](), list[int]()

    def hear(world: World, told: Transition) -> None:
        if told.thing is not None and told.what == "started":
            began[told.thing.id] = world.now_ns
        elif told.thing is not None and told.what == "let in" and told.thing.id in began:
            took.append(world.now_ns - began[told.thing.id])

    play.watch(hear)
    play.run()
    assert took and all(each == 2 * NS_PER_S for each in took), took


def leaves_the_list() -> None:
    """A balancer has what ends in its list for as long as its lag, and no longer."""
    play = Play(
        loaded(
            "alb", "fewer", 3, edge={"lag": "2s", "interval": "10s"}, **ends(0, 6, 12), flow=SLOW
        )
    )
    ended = dict[str, int]()

    def hear(world: World, told: Transition) -> None:
        if told.what == "terminating":
            ended[told.subject] = world.now_ns - play.began_ns

    play.watch(hear)
    play.run()
    tap = play.taps["web"]
    assert len(ended) == 1
    (at_ns,) = ended.values()
    heard = [w.from_ns for w in tap.close() if len(w.ups) == 2]
    assert heard and heard[0] - at_ns <= 2 * NS_PER_S, (heard[:1], at_ns)


def counts_pods() -> None:
    """Neither what ends nor what only begins counts as if it worked."""
    old = {"started_ns": -3600 * NS_PER_S, "changed_ns": -3600 * NS_PER_S, "request": 100}
    busy = [Pod(f"p{n}", usage=200, **old) for n in range(2)]  # type: ignore[arg-type]
    idle = [Pod(f"i{n}", usage=20, **old) for n in range(2)]  # type: ignore[arg-type]
    ending = Pod("gone", deleted=True, **old)  # type: ignore[arg-type]
    assert scaling.by_resource([*idle, ending], 100, 2, 0, cpu=True) == 1
    young = Pod("new", ready=False, started_ns=0, changed_ns=0, usage=900, request=100)
    assert scaling.by_resource([*busy, young], 100, 3, NS_PER_S, cpu=True) == 4


DEMANDS: dict[str, Demand] = {
    "grows": Demand(1, 20, 50, (40, 900)),
    "shrinks slowly": Demand(1, 20, 50, (900, 900, 900, 30), down=10),
    "to the most": Demand(2, 5, 50, (3000,)),
    "within a tenth": Demand(1, 20, 100, (1050,), first=10),
    "two metrics": Demand(1, 30, 50, (500,), queue=(400, 20)),
}


def each(check: Callable[[Any], None], cases: dict[str, Any]) -> Examples:
    """A check on each of these."""
    return [(name, partial(check, case)) for name, case in cases.items()]


TIED = {
    "by cookie": loaded("own", routing={"affinity": {"by": "cookie", "name": "A"}}),
    "by address": loaded("static", "nothing", 4, routing={"strategy": "ip_hash"}),
    "by id": loaded("own", flow=RESUMED, routing={"affinity": {"by": "query", "name": "A"}}),
}
IN_TURN = {
    "in turn": turns("round_robin", "alb"),
    "smoothly": turns("weighted", "static", weights=[4, 2, 1, 1]),
}
DRAINED = {
    "with requests": loaded("own", flow=SLOW, routing={"drain": "6s"}),
    "with sessions": loaded("own", flow=LASTING, routing={"drain": "3s"}),
}

DRAINS = {
    "one machine": Drains(1, 4, Disruptions(max_unavailable=1), 2, ((0, 0, 300),), 8, "1.34"),
    "by number": Drains(1, 4, Disruptions(min_available=3), 2, ((0, 0, 90), (1, 0, 90)), 8, "1.34"),
    "by share": Drains(
        1, 3, Disruptions(min_available="50%"), 2, ((0, 0, 90), (1, 5, 90)), 8, "1.20"
    ),
}

LOADED_JUDGES: tuple[Judge, ...] = (
    Judge("a polite change drops nothing", each(traffic.check_grace, POLITE)),
    Judge("drains before it signals", each(traffic.check_drain, DRAINED)),
    Judge("what arrives is accounted for", each(traffic.check_conservation, RUDE)),
    Judge("ties hold", each(traffic.check_stickiness, TIED)),
    Judge("turns are fair", each(traffic.check_fairness, IN_TURN)),
    Judge("everybody gets some", [("least connections", partial(everybody, "least_connections", 1)),
                                  ("random", partial(everybody, "random", 80)),
                                  ("slow", spreads_what_is_slow)]),
    Judge("what is refused goes on", [("nginx", refused_goes_on)]),
    Judge("checks are on time", [("HAProxy", checks_on_time), ("new", first_check_decides)]),
    Judge("what ends leaves the list", [("balancer", leaves_the_list)]),
    Judge("evicts by the budget", each(evictions.check_evictions, DRAINS)),
    Judge("scales by the book", [*each(autoscaling.check_scaler, DEMANDS),
                                 ("pods", counts_pods)]),
)  # fmt: skip
