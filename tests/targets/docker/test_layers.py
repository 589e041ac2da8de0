"""How far a pull has come, and how long a registry asks to be left alone."""

from typing import Any

import pytest

from reconciler.model.units import NS_PER_S
from reconciler.targets.docker.layers import Layers
from reconciler.targets.docker.pull import LONGEST_PAUSE_NS, USUAL_PAUSE_NS, retry_after_ns


def told(*messages: dict[str, Any]) -> str:
    layers = Layers()
    for message in messages:
        layers.add(message)
    return layers.text()


def layer(name: str, status: str, current: int = 0, total: int = 0) -> dict[str, Any]:
    detail = {"current": current, "total": total} if total else {}
    return {"id": name, "status": status, "progressDetail": detail}


def test_what_is_about_no_layer_is_passed_over() -> None:
    assert told({"status": "Pulling from app", "id": "1"}, {"status": "Digest: sha256:0"}) == ""


def test_layers_and_bytes_are_counted() -> None:
    begun = [
        {"status": "Pulling from app", "id": "1"}, layer("a", "Already exists"),
        layer("b", "Pulling fs layer"), layer("c", "Pulling fs layer"), layer("c", "Waiting"),
    ]  # fmt: skip
    assert told(*begun) == "1 of 3 layers"
    begun.append(layer("b", "Downloading", 12_400_000, 80_100_000))
    assert told(*begun) == "1 of 3 layers, 12.4 of 80.1 MB"
    begun += [layer("c", "Downloading", 100_000, 900_000), layer("b", "Download complete")]
    assert told(*begun) == "1 of 3 layers, 80.2 of 81.0 MB"
    begun += [layer("c", "Verifying Checksum"), layer("b", "Extracting", 1, 80_100_000)]
    assert told(*begun) == "1 of 3 layers, 81.0 of 81.0 MB, unpacking"
    begun += [layer("b", "Pull complete"), layer("c", "Pull complete")]
    assert told(*begun) == "3 of 3 layers, 81.0 of 81.0 MB"


def test_a_layer_that_is_begun_again_counts_from_nothing() -> None:
    begun = [layer("b", "Downloading", 5_000_000, 8_000_000), layer("b", "Retrying in 5 seconds")]
    assert told(*begun) == "0 of 1 layers"


@pytest.mark.parametrize(
    ("said", "headers", "seconds"),
    [
        ("toomanyrequests: retry after 3 seconds", {}, 3),
        ("toomanyrequests: retry-after: 985.86µs, allowed: 44000/minute", {}, 985.86e-6),
        ("toomanyrequests: retry-after: 250ms", {}, 0.25),
        ("toomanyrequests: retry-after: 1.5s", {}, 1.5),
        ("toomanyrequests: please try again in 2 minutes", {}, 120),
        ("You have reached your pull rate limit, try again in 1 hour", {}, 3600),
        ("429 Too Many Requests", {}, None),
        ("429 Too Many Requests", {"Retry-After": "7"}, 7),
        ("retry after 3 seconds", {"Retry-After": "7"}, 7),
        (
            "429 Too Many Requests",
            {
                "Retry-After": "Sat, 21 Nov 2026 10:00:30 GMT",
                "Date": "Sat, 21 Nov 2026 10:00:00 GMT",
            },
            30,
        ),
        ("429 Too Many Requests", {"Retry-After": "soon"}, None),
    ],
)
def test_the_time_that_a_registry_asks_for_is_found_where_it_is_told(
    said: str, headers: dict[str, str], seconds: float | None
) -> None:
    wanted_ns = USUAL_PAUSE_NS if seconds is None else round(seconds * NS_PER_S)
    assert retry_after_ns(said, headers) == min(wanted_ns, LONGEST_PAUSE_NS)
