"""Keys of resources."""

import pytest

from reconciler.model.resource import KIND_ORDER, ResourceKey


@pytest.mark.parametrize("kind", sorted(KIND_ORDER))
def test_a_key_reads_back_as_it_was_written(kind: str) -> None:
    key = ResourceKey.parse(f"{kind}/name@12/3")
    assert (key.kind, key.name) == (kind, "name@12/3")
    assert ResourceKey.parse(str(key)) == key


@pytest.mark.parametrize("text", ["", "web", "service/", "/web", "pod/web", "Service/web"])
def test_what_is_no_key_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write it like service/web"):
        ResourceKey.parse(text)


def test_the_order_is_by_kind_as_things_are_needed_and_then_by_name() -> None:
    keys = [ResourceKey.parse(t) for t in ("service/a", "job/z", "network/b", "network/a")]
    assert [str(key) for key in sorted(keys, key=lambda key: key.order)] == [
        "network/a", "network/b", "job/z", "service/a",
    ]  # fmt: skip


def test_the_digest_of_a_config_is_no_part_of_where_it_is_declared() -> None:
    key = ResourceKey("config", "motd@1f3a")
    assert key.base_name == "motd"
    assert key.path == ("configs", "motd")
