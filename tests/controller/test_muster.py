"""Instances mustered by stretches: what was kept is what would be found anew."""

from dataclasses import replace
from random import Random

from reconciler.controller.muster import Stretch, mustered
from reconciler.diff.fit import Fit, Template, fit
from reconciler.model.observed import Instance
from reconciler.model.resource import ResourceKey
from reconciler.plan.roster import roster_of

WEB = ResourceKey("service", "web")
S = 10**9
TEMPLATES = [Template(WEB, {"image": f"web:{n}"}, f"r{n}", in_place=("labels",)) for n in range(2)]


def made(random: Random, number: int) -> Instance:
    """An instance of either template, perhaps with something to change in place."""
    phase = random.choice(["running"] * 6 + ["created", "exited"])
    ready = phase == "running" and random.random() < 0.8
    return Instance(
        f"c{number}", f"web-{number}", WEB, random.randrange(150), "r", random.randrange(1, 4),
        phase, ready=ready, live=random.random() < 0.9, armed=random.random() < 0.7,
        streak=random.randrange(2), created_at_ns=number * S,
        ready_since_ns=random.randrange(100) * S if ready else None,
        fields=dict(TEMPLATES[random.random() < 0.3].fields),
    )  # fmt: skip


def in_order(instances: dict[str, Instance]) -> tuple[Instance, ...]:
    return tuple(sorted(instances.values(), key=lambda i: (i.ordinal, i.attempt, i.id)))


def test_what_is_kept_of_stretches_is_what_would_be_found_anew() -> None:
    for seed in range(20):
        random = Random(seed)
        instances = {each.id: each for each in (made(random, n) for n in range(200))}
        known: dict[int, Stretch] = {}
        for number in range(200, 230):
            for full_id in random.sample(sorted(instances), 3):
                del instances[full_id]
            other = random.choice(sorted(instances))
            instances[other] = replace(instances[other], live=not instances[other].live)
            instances[f"c{number}"] = made(random, number)
            given = in_order(instances)
            template, replicas = TEMPLATES[number > 220], 100 if number < 215 else 60
            leaving = set(random.sample(sorted(instances), 5)) | {"gone"}
            found = mustered(template, given, replicas, leaving, fit, known)
            known = dict(found.stretches)
            roster = roster_of(template, given, replicas, leaving)
            assert found.roster == roster, f"seed {seed}, {number}"
            current, old = roster.current, roster.old
            assert found.loose == tuple(f for f in current if f.in_place)
            stirs = [f for f in current if f.instance.phase != "running" or not f.instance.live]
            assert list(found.stirring) == stirs
            assert found.current_ready == roster.ready
            assert found.current_running == sum(f.instance.is_running for f in current)
            assert found.old_ready == sum(f.instance.ready for f in old)
            assert found.is_replacing == any(f.replacing for f in old)
            since = {
                i.id: i.ready_since_ns + 7 * S
                for i in (f.instance for f in (*current, *old))
                if i.ready_since_ns is not None
            }
            available, wake_ns = found.available(7 * S, 50 * S)
            assert available == {full_id for full_id, at_ns in since.items() if at_ns <= 50 * S}
            assert wake_ns == min((at for at in since.values() if at > 50 * S), default=None)


def test_only_stretches_in_which_something_has_changed_are_looked_at() -> None:
    fields = TEMPLATES[0].fields
    given = tuple(
        Instance(f"c{n}", f"web-{n}", WEB, n, "r0", 1, "running", ready=True, ready_since_ns=0,
                 fields=fields)
        for n in range(1000)
    )  # fmt: skip
    compared: list[str] = []

    def fitting(template: Template, instance: Instance) -> Fit:
        compared.append(instance.id)
        return fit(template, instance)

    first = mustered(TEMPLATES[0], given, 1000, (), fitting, {})
    assert len(compared) == 1000
    compared.clear()
    changed = (*given[:500], replace(given[500], ready=False), *given[501:])
    again = mustered(TEMPLATES[0], changed, 1000, (), fitting, first.stretches)
    assert "c500" in compared
    assert len(compared) < 100
    assert again.current_ready == 999
