"""Whether an instance is ready and live: its probes' verdicts together, from what it answers.

A container keeps what it does with questions since its start, as turns: those of its liveness
(and startup), and those of its readiness. Whenever they turn, every entry of the heap that was
computed from the older ones is void, and when the verdicts turn is computed anew.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from reconciler.model.units import NS_PER_S
from reconciler.sim.probes import ANSWERS, REFUSES, asks_the_same
from reconciler.sim.reading import Reading, read
from reconciler.sim.things import Container
from reconciler.sim.world import PROBE, World

RELIST_NS = NS_PER_S  # how often the kubelet looks at its containers: PLEG

Probe = Literal["liveness", "readiness"]
Kind = Literal["ready", "unready", "dead", "alive"]

PROBES: tuple[Probe, ...] = ("liveness", "readiness")


class Verdict(NamedTuple):
    """One that turns at a time (ns), and why."""

    at_ns: int
    kind: Kind
    why: str = ""


def seen_ns(at_ns: int) -> int:
    """When the kubelet has seen what a container did at `at_ns`: at its next look, up to 1 s."""
    return -(-at_ns // RELIST_NS) * RELIST_NS


# -- what it answers ------------------------------------------------------------------------


def begin(world: World, container: Container, up_ns: int) -> None:
    """It starts now, and answers from `up_ns` on."""
    now, behaviour, reading = world.now_ns, container.behaviour, read(container)
    helpless = behaviour.never_ready or (behaviour.needs and world.externals_away)
    if helpless or not reading.is_simple or up_ns <= now:
        container.answers = container.answers_ready = ((now, REFUSES),)
        resume(world, container, up_ns)
        return
    # The usual case, by one sum: `judge` would come to the same.
    container.answers = container.answers_ready = ((now, REFUSES), (up_ns, ANSWERS))
    container.turns += 1
    asking = reading.readiness
    at_ns = seen_ns(now) if asking is None else asking.passes_ns(now, up_ns)
    payload = (container.id, container.epoch, container.turns, "ready", "")
    world.push(at_ns, PROBE, "verdict", payload)


def turn(world: World, container: Container, does: int, *probes: Probe, at_ns: int = 0) -> None:
    """From `at_ns`, or from now on, it does this with the questions of these probes, or of all."""
    at_ns = max(at_ns, world.now_ns)
    for probe in probes or PROBES:
        _turn(container, probe, at_ns, does)
    asking = read(container).readiness
    if does == REFUSES and container.ready and asking is not None and _is_all(container, probes):
        # The usual end, by one sum as in `begin`.
        container.turns += 1
        payload = (container.id, container.epoch, container.turns, "unready", "")
        world.push(asking.fails_ns(_began_ns(container), at_ns), PROBE, "verdict", payload)
        return
    judge(world, container)


def _is_all(container: Container, probes: tuple[Probe, ...]) -> bool:
    """Whether the readiness that turns is all that anybody asks for."""
    return probes == ("readiness",) and read(container).is_simple


def resume(world: World, container: Container, at_ns: int = 0) -> None:
    """From `at_ns`, or from now on, it answers as well as it can."""
    at_ns = max(at_ns, world.now_ns)
    for probe in PROBES:
        _turn(container, probe, at_ns, ANSWERS if _can(world, container, probe) else REFUSES)
    judge(world, container)


def _can(world: World, container: Container, probe: Probe) -> bool:
    """Whether it would answer well, if it answers at all."""
    behaviour = container.behaviour
    useless = bool(container.error)
    if probe == "liveness":
        return not useless
    return not (
        behaviour.never_ready
        or (useless and asks_the_same(container.fields, "readiness", "liveness"))
        or (behaviour.unready_on_stop and container.signalled_at_ns is not None)
        or (behaviour.needs and behaviour.unready_without(world.externals_away))
    )


def _turn(container: Container, probe: Probe, at_ns: int, does: int) -> None:
    """What was to come at that time or after it does not."""
    turns = container.answers if probe == "liveness" else container.answers_ready
    if not turns:  # it ran before anybody looked
        turns = ((_began_ns(container), ANSWERS if container.ready else REFUSES),)
    turns = (*(each for each in turns if each[0] < at_ns), (at_ns, does))
    if probe == "liveness":
        container.answers = turns
    else:
        container.answers_ready = turns


def _began_ns(container: Container) -> int:
    began = container.started_at_ns
    return container.created_at_ns if began is None else began


# -- what that comes to ---------------------------------------------------------------------


def judge(world: World, container: Container) -> None:
    """Let the verdicts turn in their time, from now on."""
    now, reading = world.now_ns, read(container)
    container.turns += 1
    for at_ns, kind, why in verdicts(container, reading):
        if at_ns >= now:
            payload = (container.id, container.epoch, container.turns, kind, why)
            world.push(at_ns, PROBE, "verdict", payload)


def verdicts(container: Container, reading: Reading) -> Iterator[Verdict]:
    """All of this life, those that are over included; those of one kind in order of time."""
    began, never = _began_ns(container), container.behaviour.never_ready
    live, ready = container.answers, container.answers_ready
    gate = began
    if reading.startup is not None:  # it is over with the first verdict
        first = next(reading.startup.verdicts(began, ready if never else live), None)
        if first is None or not first[1]:
            if first is not None:
                yield Verdict(first[0], "dead", "startup probe failed")
            return
        gate = first[0]
    dead_ns = None
    if reading.liveness is not None:
        fails = (at for at, ok in reading.liveness.verdicts(began, live, gate) if not ok)
        dead_ns = next(fails, None)
        if dead_ns is not None:
            yield Verdict(dead_ns, "dead", "liveness probe failed")
    courses = [[(gate, True)]]
    if reading.readiness is not None:
        found = reading.readiness.verdicts(began, ready, gate)
        stops_ns = None if container.kubelet else dead_ns  # then our prober asks no more
        courses.append([each for each in found if stops_ns is None or each[0] <= stops_ns])
    if reading.check is not None:
        asked = ready if never or reading.check_of == "readiness" else live
        checked = list(reading.check.verdicts(began, asked))
        courses.append(checked)
        if reading.is_about_life:
            yield from _lives(checked, dead_ns)
    if container.kubelet and reading.startup is None and reading.readiness is None:
        courses = [[(seen_ns(gate), True)]]
    for at_ns, ok in _all_of(courses):
        yield Verdict(at_ns, "ready" if ok else "unready")


def _lives(checked: list[tuple[int, bool]], dead_ns: int | None) -> Iterator[Verdict]:
    """What the engine's check says of life: unlike a failed probe it may pass again."""
    for at_ns, ok in checked:
        if not ok:
            yield Verdict(at_ns, "dead", "health check failed")
        elif dead_ns is None or at_ns < dead_ns:
            yield Verdict(at_ns, "alive")


def _all_of(courses: list[list[tuple[int, bool]]]) -> Iterator[tuple[int, bool]]:
    """When all of them hold, and when not all of them do any more."""
    holds, said = [False] * len(courses), False
    flips = [(at, n, ok) for n, course in enumerate(courses) for at, ok in course]
    for at_ns, number, ok in sorted(flips):
        holds[number] = ok
        if all(holds) is not said:
            said = not said
            yield at_ns, said
