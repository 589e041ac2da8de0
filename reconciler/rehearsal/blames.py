"""The table of what is to blame for what was dropped: a row for each cause, first match wins.

What was lost and what the instance was doing at the time (`reconciler.sim.traffic.flow`) tell
the cause; the stack tells which of its fields would have to be another.
"""

from collections.abc import Callable
from dataclasses import dataclass

from reconciler.model.units import NS_PER_S, format_duration, format_size
from reconciler.rehearsal import fits
from reconciler.rehearsal.fits import Fits
from reconciler.rehearsal.scene import Scene


@dataclass(frozen=True, slots=True)
class Blame:
    """One row of the table: what it explains, and how it is told."""

    code: str
    fits: Fits
    text: Callable[[Scene], str]
    path: Callable[[Scene], str]
    fix: Callable[[Scene], str]


OF_STACK = "/"  # before a path that is the stack's own


# -- the table ------------------------------------------------------------------------------


def _grace(scene: Scene) -> str:
    return format_duration(scene.service.termination.grace)


def _drain(scene: Scene) -> str:
    return format_duration(scene.service.termination.drain)


def _edge_drain(scene: Scene) -> str:
    routing = scene.service.routing
    if scene.rules.membership != "announced" or routing is None or not routing.drain:
        return "no drain at the edge"
    return f"a drain of {format_duration(routing.drain)} at the edge"


def _longest(scene: Scene) -> str:
    routing = scene.service.routing
    longest = routing.session_longest if routing is not None else None
    return f"last up to {format_duration(longest)}" if longest else "last longer"


def _cut_fix(scene: Scene) -> str:
    """What helps connections that last: an edge of ours drains ahead, another does not."""
    routing = scene.service.routing
    longest = routing.session_longest if routing is not None else None
    cover = "let drain cover the longest connection, and grace 15s more"
    if longest:  # and one that begins before the edge has heard of the stop
        drain = longest + scene.hears_ns
        grace = scene.service.termination.pre_stop + drain + 15 * NS_PER_S
        cover += f" (drain: {format_duration(drain)}, grace: {format_duration(grace)})"
    if scene.rules.membership != "announced":
        return cover
    return f"drain at the edge before the stop signal (routing.drain), or {cover}"


def _path(path: str) -> Callable[[Scene], str]:
    return lambda scene: path


def _cpu(scene: Scene) -> str:
    limit_m = scene.service.resources.limits.cpu or 0
    cost_ns = scene.behaviour.cpu_per_request_ns
    return (
        f"requests cost {format_duration(cost_ns)} of processor time each, of which the limit of "
        f"{limit_m}m lets an instance serve {limit_m * NS_PER_S / 1000 / cost_ns:.3g} a second: "
        "queues were full or waits too long"
    )


def _slow_to_hear(scene: Scene) -> str:
    told = "as soon as they are told to stop"
    if scene.rules.membership == "registered":
        told = f"{format_duration(scene.service.termination.pre_stop)} after their stop is decided"
    if not scene.rules.active and not scene.rules.lag:
        heard = f"{scene.rules.kind} asks after nobody: it hears of a stop by failing requests"
    else:
        heard = f"{scene.rules.kind} hears of it up to {format_duration(scene.hears_ns)} later"
    return f"instances refuse work {told}, and {heard}"


def _hear_fix(scene: Scene) -> str:
    hears = format_duration(scene.hears_ns)
    if scene.rules.membership == "registered":
        return f"let pre_stop be at least {hears}, and grace longer by it"
    answer = "let the app answer on while its readiness fails"
    longer = f", for at least {hears}" if scene.hears_ns else ""
    told = "say so by on_stop: finish in a scenario's behaviour"
    return (
        f"{answer}{longer}; where it does, {told}. Or let an edge of the stack's own drain it "
        "ahead (edge.kind: own)"
    )


def _hear_path(scene: Scene) -> str:
    """A cluster tells its edges before the signal; a front door finds out by itself."""
    if scene.rules.membership == "registered":
        return "termination.pre_stop"
    return "/edge" if scene.stack.declared.edge is not None else "routing"


def _impatient(scene: Scene) -> str:
    routing = scene.service.routing
    waits = format_duration(routing.timeouts.request) if routing is not None else "no time"
    return f"the edge waits {waits} for an answer since the change, and did not time out before it"


def _zone_path(scene: Scene) -> str:
    routing = scene.service.routing
    zone = routing.zone if routing is not None else None
    return f"/zones.{zone}.rate_per_s" if zone else "routing"


def _zone(scene: Scene) -> str:
    routing = scene.service.routing
    name = routing.zone if routing is not None else None
    zone = scene.stack.declared.zones.get(name) if name else None
    if zone is None:
        return "requests were above a rate limit"
    who = "each client" if zone.by == "client_ip" else "all clients together"
    return (
        f"requests were above what zone {name} lets pass: {zone.rate_per_s:g} a second and a "
        f"burst of {zone.burst} for {who}"
    )


def _node_path(scene: Scene) -> str:
    if scene.service.wanted < 2:
        return "autoscale.min" if scene.service.autoscale is not None else "replicas"
    return "/nodes" if scene.stack.declared.nodes else ""


def _away(scene: Scene) -> str:
    return ", ".join(scene.needed) or "something outside the stack"


def _needs_path(scene: Scene) -> str:
    return f"depends_on.external/{scene.needed[0]}" if scene.needed else "depends_on"


def _needs(scene: Scene) -> str:
    does = {"exit": "end", "error": "are of no use until they are started again",
            "unready": "are not ready"}  # fmt: skip
    kinds = dict.fromkeys(how for _, how in scene.behaviour.needs)
    then = " or ".join(does[how] for how in kinds) or "do not serve"
    return f"{_away(scene)} was away, and without it instances {then}"


def _needs_fix(scene: Scene) -> str:
    if "error" in dict(scene.behaviour.needs).values():
        return (
            "let the app find back by itself once it is there; where it cannot, liveness restarts "
            "it, and is to see the error state soon"
        )
    return (
        "let the app wait for it and answer what it can, and let readiness fail where it cannot; "
        "liveness must not ask for it"
    )


def _memory(scene: Scene) -> str:
    limit = scene.service.resources.limits.memory
    above = f"above their limit of {format_size(limit)}" if limit else "out of memory"
    return (
        f"instances were killed {above} with requests in flight, and were away until they "
        "answered again"
    )


def cold_text(scene: Scene) -> str:
    """What cold instances cost."""
    factor = scene.behaviour.cold_permille / 1000
    return (
        f"instances were cold: for {format_duration(scene.behaviour.cold_ns)} after their start "
        f"requests take {factor:g} times as long, and the rollout did not wait for that"
    )


def cold_fix(scene: Scene) -> str:
    """What helps against cold instances."""
    return (
        "warm up before readiness passes, or let rollout.min_ready be at least "
        f"{format_duration(scene.behaviour.cold_ns)}, so that one after the other is cold"
    )


TABLE: tuple[Blame, ...] = (
    Blame(
        "R644", fits.of("its own limit"),
        lambda s: "requests were above the rate limit that each instance keeps by itself",
        lambda s: "autoscale.max" if s.service.autoscale is not None else "replicas",
        lambda s: "raise the app's own limit, or run more instances: n of them let n times as "
                  "many through",
    ),
    Blame("R628", fits.because("limited"), _zone, _zone_path,
          lambda s: "raise the zone's rate or burst, if these are clients to be served"),
    Blame(
        "R646", fits.of("node"),
        lambda s: "machines were lost, cut off or drained with instances on them, which were away "
                  "until they, or others in their place, answered again",
        _node_path,
        lambda s: "run replicas on more machines; in a cluster a PodDisruptionBudget lets a drain "
                  "go only as fast as they are replaced",
    ),
    Blame(
        "R631", fits.useless,
        lambda s: f"instances were in an error state since {_away(s)} was away, and stayed in it: "
                  "nobody asks whether they are live, and starts them again",
        _path("liveness"),
        lambda s: "a liveness probe that sees the error state has the instance restarted, "
                  "readiness takes it out before",
    ),
    Blame("R636", fits.of("needs"), _needs, _needs_path, _needs_fix),
    Blame("R630", fits.of("out of memory"), _memory, _path("resources.limits.memory"),
          lambda s: "raise the limit, or find what grows; with more replicas others serve on"),
    Blame(
        "R635", fits.one_for_both,
        lambda s: "liveness asks what readiness asks: an instance that is only not ready, or slow "
                  "to start, is restarted",
        _path("liveness"),
        lambda s: "let liveness ask only whether the process hangs, and let a startup probe cover "
                  "the start",
    ),
    Blame(
        "R637", fits.of("crash"),
        lambda s: "instances ended by themselves: what was in flight there is lost, and what came "
                  "until they answered again",
        lambda s: "" if s.service.wanted > 1 else "replicas",
        lambda s: "find why it ends; more replicas serve on meanwhile" if s.service.wanted < 2
                  else "find why it ends; an edge that asks often takes it out sooner",
    ),
    Blame("R641", fits.too_slow, cold_text, _path("rollout.min_ready"), cold_fix),
    Blame(
        "R629", fits.of("edge"),
        lambda s: "the edge itself was replaced behind its published port",
        _path(""),
        lambda s: "run the edge on the host's network, where a new one takes over without a gap",
    ),
    Blame(
        "R633", fits.no_readiness,
        lambda s: "without a readiness probe an instance gets requests before it can answer them",
        _path("readiness"),
        lambda s: "add a readiness probe that fails until the app can answer",
    ),
    Blame(
        "R621", fits.starting,
        lambda s: "instances get requests before they can answer them: the edge has them in its "
                  "list from the start",
        _path("readiness"),
        lambda s: "let the edge ask for readiness before it sends requests",
    ),
    Blame(
        "R645", fits.of("state gone"),
        lambda s: "sessions have their state in the instance, which was stopped before they were "
                  f"over, after {_edge_drain(s)}",
        _path("routing.drain"),
        lambda s: "let routing.drain cover the longest session, tied by an affinity with a timeout "
                  "shorter than that, or keep their state outside of the instances",
    ),
    Blame(
        "R624", fits.killed_session,
        lambda s: f"connections {_longest(s)}, and are cut by the kill after {_grace(s)} of grace",
        _path("termination.grace"),
        _cut_fix,
    ),
    Blame(
        "R625", fits.ended_session,
        lambda s: f"connections {_longest(s)}, and the app ends them after a drain of {_drain(s)}",
        _path("termination.drain"),
        _cut_fix,
    ),
    Blame(
        "R622", fits.killed,
        lambda s: f"requests in flight are cut by the kill after {_grace(s)} of grace, while the "
                  f"app drains for up to {_drain(s)} after pre_stop",
        _path("termination.grace"),
        lambda s: "let grace be at least pre_stop + drain + 15s",
    ),
    Blame(
        "R623", fits.drained,
        lambda s: f"requests take longer than the app's drain of {_drain(s)}",
        _path("termination.drain"),
        lambda s: "let drain be as long as the longest request, and grace 15s more than both",
    ),
    Blame("R626", fits.late, _slow_to_hear, _hear_path, _hear_fix),
    Blame(
        "R631", fits.of("hung", "error", "not live"),
        lambda s: "instances hung or were in an error state, and went on getting requests until "
                  "that was noticed, or were away until they answered again",
        lambda s: "liveness" if s.service.liveness is None else "liveness.period",
        lambda s: "a liveness probe has a hung instance restarted, readiness takes it out before",
    ),
    Blame(
        "R643", fits.nobody_beside,
        lambda s: "nobody stands in for an instance that goes: it is away until its successor "
                  "answers and the edge has let it in",
        lambda s: "singleton" if s.service.singleton else "rollout.strategy",
        lambda s: "shorten the start and the stop, let clients try again; or, if two at once do no "
                  "harm, roll with a surge",
    ),
    Blame(
        "R634", fits.at("nobody: not let in"),
        lambda s: f"new instances count as available before {s.rules.kind} has let them in: it "
                  f"asks up to {format_duration(s.lets_in_ns)} for that",
        _path("rollout.min_ready"),
        lambda s: f"let rollout.min_ready be at least {format_duration(s.lets_in_ns)}",
    ),
    Blame("R627", fits.nobody, lambda s: "at times no instance could be given a request",
          _path("rollout"),
          lambda s: "let max_unavailable be 0 and max_surge at least 1, or run more replicas"),
    Blame(
        "R651", fits.too_short, _impatient, _path("routing.timeouts.request"),
        lambda s: "let the edge wait as long as the longest request takes, or make it shorter",
    ),
    Blame("R647", fits.too_little_cpu, _cpu, _path("resources.limits.cpu"),
          lambda s: "raise the limit, or run more instances"),
    Blame(
        "R632", fits.because("full", "timeout", "no_server"),
        lambda s: "instances had more to do than they can: queues were full or waits too long",
        lambda s: "autoscale.max" if s.service.autoscale is not None else "replicas",
        lambda s: "run more instances, or let fewer be away at once during the change",
    ),
    Blame("R639", fits.always, lambda s: "requests or connections were lost for another reason",
          _path(""), lambda s: "replay the seed, and look at its timeline"),
)  # fmt: skip
