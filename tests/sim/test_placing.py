"""Where the next pod goes, kept as things change, against a look at all machines."""

import random
from collections import Counter

import pytest

from reconciler.model.resource import ResourceKey
from reconciler.sim import nodes
from reconciler.sim.machine import Asked, Machine
from reconciler.sim.placing import Owner, Placing
from reconciler.sim.site import Site

OWNERS: tuple[Owner, ...] = tuple(
    ("shop", ResourceKey("service", name)) for name in ("web", "api", "db")
)
ASKED: tuple[Asked, ...] = ((100, 2**20), (0, 0), (1000, 2**24), (250, 0))


def machines(chance: random.Random, count: int) -> dict[str, Machine]:
    """Some alike, some without a bound of one kind or of both."""
    cpu, memory = (None, 2000, 4000), (None, 2**25, 2**26)
    made = (
        Machine(f"n-{n}", chance.choice(cpu), chance.choice(memory), slow=chance.random() < 0.5)
        for n in range(count)
    )
    return {machine.name: machine for machine in made}


def counted(site: Site, owners: dict[str, Owner], owner: Owner) -> Counter[str]:
    return Counter(name for id, name in site.placed.items() if owners[id] == owner)


def followed(seed: int) -> int:
    """Put, release and turn at random, and compare before each; how many were put."""
    chance = random.Random(seed)
    site = Site(machines(chance, chance.choice([1, 2, 5, 40])))
    site.placing = Placing.of(site.machines.values(), nodes.least_allocated, ())
    owners: dict[str, Owner] = {}
    found = 0
    for number in range(400):
        owner, asked = chance.choice(OWNERS), chance.choice(ASKED)
        every = site.machines.values()
        best = site.placing.best(owner, asked)
        assert best is nodes.choose(every, asked, counted(site, owners, owner)), (seed, number)
        if best is None:
            said = site.placing.refusal(asked, nodes.refusal)
            assert said == nodes.refusal(every, asked), (seed, number)
        match chance.choice(("put", "put", "put", "release", "turn")):
            case "put" if best is not None:
                id = f"i-{number}"
                owners[id] = owner
                site.put(id, best, asked, owner)
                found += 1
            case "release" if site.placed:
                site.release(chance.choice(sorted(site.placed)))
            case "turn":
                machine = chance.choice(list(every))
                machine.cordoned = not machine.cordoned
                site.turned(machine)
            case _:
                pass
    return found


@pytest.mark.parametrize("seed", range(30))
def test_the_machine_that_is_kept_first_is_the_one_that_a_look_at_all_finds(seed: int) -> None:
    assert followed(seed) > 0, f"seed {seed} placed nothing"


def test_what_is_forgotten_of_the_changes_is_looked_at_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("reconciler.sim.placing.LOG_LEAST", 4)
    monkeypatch.setattr("reconciler.sim.placing.MOST_RANKINGS", 2)
    assert followed(7) > 0


def test_a_copy_of_a_site_counts_for_itself() -> None:
    site = Site({"a": Machine("a", 1000), "b": Machine("b", 1000)})
    site.placing = Placing.of(site.machines.values(), nodes.least_allocated, ())
    site.put("x", site.machines["a"], (100, 0), OWNERS[0])
    assert site.clone().placing is None
