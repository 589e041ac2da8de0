"""How well an instance fits its template."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.diff.fields import Delta
from reconciler.diff.fit import Fit, fit
from tests.support.making import IN_PLACE, asked, instance, live, template, web


def test_what_is_as_wanted_fits() -> None:
    made = web(replicas=2, ports=["80-81:80"])
    for ordinal in (0, 1):
        one = live(made, ordinal)
        assert fit(asked(made).template({}), one) == Fit(one)


@pytest.mark.parametrize(
    ("path", "value", "replaces"),
    [
        ("image", "web:2", True), ("environment.A", "1", True), ("command", ("x",), True),
        ("labels.a", "b", True), ("readiness.period", 5, True), ("stop.grace", 1, True),
        ("restart.policy", "never", False), ("resources.memory_limit", 5, False),
        ("resources.cpu_shares", 5, False), ("restartx", 1, True),
    ],
)  # fmt: skip
def test_each_field_counts_and_some_change_in_place(path: str, value: Any, replaces: bool) -> None:
    found = fit(template({"image": "web:1", path: value}), instance())
    delta = (Delta(path, {"image": "web:1"}.get(path), value),)
    assert found.replacing == (delta if replaces else ())
    assert found.in_place == (() if replaces else delta)
    assert found.is_current is not replaces


def test_without_anything_in_place_every_difference_replaces() -> None:
    strict = replace(template({"image": "web:1", "resources.cpu_shares": 1}), in_place=())
    assert not fit(strict, instance()).is_current


def test_the_hash_it_was_made_with_does_not_count_what_is_live_does() -> None:
    assert fit(template(revision="r2"), instance(revision="r1")).is_current
    edited = instance(revision="r1", fields={"image": "web:1", "environment.A": "edited"})
    assert not fit(template(revision="r1"), edited).is_current


def test_what_the_image_brings_along_is_no_difference() -> None:
    fields = {"image": "web:1", "environment.PATH": "/bin", "command": ("serve",)}
    defaults = {"environment.PATH": "/bin", "command": ("serve",)}
    assert fit(template(), instance(fields=fields, defaults=defaults)).is_current
    assert not fit(template(), instance(fields=fields, defaults={})).is_current


def test_a_port_is_compared_with_the_ordinals_own() -> None:
    wanted = template({"image": "web:1", "ports.80/tcp": ":80-81"})
    right = instance(1, fields={"image": "web:1", "ports.80/tcp": ":81"})
    wrong = instance(0, fields={"image": "web:1", "ports.80/tcp": ":81"})
    assert fit(wanted, right).is_current
    assert fit(wanted, wrong).replacing == (Delta("ports.80/tcp", ":81", ":80"),)


@pytest.mark.parametrize(
    ("wanted_id", "live_id", "current"),
    [(None, "a", True), ("a", "", True), ("a", "a", True), ("b", "a", False), ("", "a", True)],
)
def test_an_image_that_its_tag_has_left_is_a_difference(
    wanted_id: str | None, live_id: str, current: bool
) -> None:
    found = fit(template(image_id=wanted_id), instance(image_id=live_id))
    assert found.is_current is current
    if not current:
        assert found.replacing == (Delta("image.id", "a", "b"),)


@pytest.mark.parametrize(
    ("held", "current"), [(("default",), False), (("other",), True), ((), True), (None, True)]
)
def test_what_is_on_a_network_that_is_made_anew_has_to_leave_it(held: Any, current: bool) -> None:
    fields = {"image": "web:1"} | ({} if held is None else {"networks": held})
    found = fit(template(fields, evicting=("default",)), instance(fields=fields))
    assert found.is_current is current


def test_a_template_says_its_image_and_splits_ports_only_where_there_are_some() -> None:
    plain = template()
    assert plain.image == "web:1"
    assert plain.for_ordinal(3) is plain.fields
    assert plain.in_place == IN_PLACE
