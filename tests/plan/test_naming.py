"""Names of instances."""

import pytest

from reconciler.plan.naming import instance_name
from tests.support.making import WEB


def name(ordinal: int = 0, revision: str = "r1", attempt: int = 1, **more: bool) -> str:
    return instance_name("shop", WEB, ordinal, revision, attempt, **{"singleton": False, **more})


def test_a_name_says_stack_service_ordinal_revision_and_attempt() -> None:
    assert name(2, "0123456789", 3) == "shop-web-2-0123456789-3"


@pytest.mark.parametrize("other", [{"ordinal": 1}, {"revision": "r2"}, {"attempt": 2}])
def test_two_that_may_stand_beside_one_another_have_two_names(other: dict[str, int]) -> None:
    assert name(**other) != name()  # type: ignore[arg-type]


@pytest.mark.parametrize("other", [{"revision": "r2"}, {"attempt": 2}])
def test_a_singletons_name_is_always_the_same(other: dict[str, int]) -> None:
    assert name(**other, singleton=True) == name(singleton=True) == "shop-web"  # type: ignore[arg-type]
