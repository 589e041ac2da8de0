"""Every wrong controller is killed; the right one survives the same examples."""

import pytest

from reconciler.controller import core, decision, facts, removals, services
from reconciler.plan import exchange, planner
from tests.mutation.hunt import MUTANTS, hunt
from tests.mutation.mutants import Mutant, at_work

EXAMPLES_MOST = 150


def test_the_product_survives_every_example() -> None:
    found = hunt(None)
    assert not found.killed, f"{found.judge}: {found.example}"
    assert found.examples <= EXAMPLES_MOST


def test_there_are_many_mutants_and_no_two_of_one_name() -> None:
    names = [mutant.name for mutant in MUTANTS]
    assert len(names) >= 64
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_a_mutant_is_killed(mutant: Mutant) -> None:
    found = hunt(mutant)
    assert found.killed, f"{mutant.name} survives {found.examples} examples"
    assert found.examples <= EXAMPLES_MOST


def test_nothing_of_a_mutant_stays() -> None:
    modules = (core, decision, exchange, facts, planner, removals, services)
    before = [dict(vars(module)) for module in modules]
    methods = dict(vars(core.Controller))
    for mutant in MUTANTS:
        with at_work(mutant):
            pass
    assert [dict(vars(module)) for module in modules] == before
    assert dict(vars(core.Controller)) == methods
