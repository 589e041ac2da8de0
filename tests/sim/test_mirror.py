"""A world in which runs what was observed in another."""

from reconciler.model.observed import Scope
from reconciler.model.resource import ResourceKey
from reconciler.sim.mirror import mirror
from reconciler.sim.world import World
from tests.sim.making import Bench


def test_what_is_made_later_takes_no_id_of_what_was_seen():
    """Also where that was a simulated world of the same seed."""
    bench = Bench()
    seen = [bench.up(0).id, bench.up(1).id]
    copy = World.fresh(bench.world.seed)
    mirror(copy, bench.engine.observe(Scope("shop")))
    assert list(copy.containers) == seen
    after = Bench(copy)
    fresh = [after.create(2).id, after.create(3).id]
    assert len({*seen, *fresh}) == 4
    assert [c.id for c in copy.of("shop", ResourceKey("service", "web"))] == [*seen, *fresh]
