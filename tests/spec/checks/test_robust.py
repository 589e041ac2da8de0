"""Checks take any stack that is well typed, however odd."""

from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.lifecycle import Rollout
from reconciler.model.stack import Stack
from reconciler.model.traffic import Affinity, Routing
from reconciler.spec.checks import check, unsupported
from reconciler.targets.port import Capabilities
from tests.spec.checks.stacks import ADAPTER, Spelled

NAMES = st.sampled_from(["a", "b", "c"])
COUNTS = st.integers(0, 5)
TIMES = st.integers(0, 120).map(lambda seconds: f"{seconds}s")
AMOUNTS = st.one_of(COUNTS, st.sampled_from(["0%", "25%", "200%"]))
STRATEGIES = get_args(Rollout.__annotations__["strategy"])
BALANCINGS = get_args(Routing.__annotations__["strategy"])
TIES = get_args(Affinity.__annotations__["by"])


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Any subset of the fields."""
    return st.fixed_dictionaries({}, optional=fields)


PROBES = st.fixed_dictionaries(
    {"http": st.fixed_dictionaries({"path": st.text(max_size=8), "port": st.integers()})},
    optional={"delay": TIMES, "period": TIMES, "timeout": TIMES, "failures": COUNTS},
)
AMOUNTS_OF = some(cpu=st.integers(0, 8), memory=st.integers(0, 2**40))
PORTS = st.fixed_dictionaries(
    {"container": st.integers(0, 90)},
    optional={"host": st.integers(0, 99), "last": st.integers(0, 99), "ip": st.text(max_size=3)},
)
SERVICES = some(
    image=st.text(max_size=6),
    environment=st.dictionaries(st.text(max_size=8), st.text(max_size=12), max_size=3),
    command=st.lists(st.text(max_size=8), max_size=2),
    ports=st.lists(PORTS, max_size=3),
    aliases=st.lists(NAMES, max_size=2),
    volumes=st.lists(
        st.fixed_dictionaries({"source": st.text(max_size=4), "target": st.text(max_size=4)}),
        max_size=2,
    ),
    depends_on=st.dictionaries(
        NAMES.map("service/{}".format), st.sampled_from(["started", "healthy"]), max_size=2
    ),
    replicas=COUNTS,
    weights=st.lists(COUNTS, max_size=3),
    autoscale=st.fixed_dictionaries({"max": COUNTS}, optional={"min": COUNTS, "cpu": COUNTS}),
    singleton=st.booleans(),
    startup=PROBES,
    liveness=PROBES,
    readiness=PROBES,
    resources=some(requests=AMOUNTS_OF, limits=AMOUNTS_OF),
    grants=some(files=st.lists(st.text(max_size=4), max_size=2)),
    termination=some(pre_stop=TIMES, drain=TIMES, grace=TIMES),
    rollout=some(strategy=st.sampled_from(STRATEGIES), max_surge=AMOUNTS, max_unavailable=AMOUNTS),
    routing=some(
        strategy=st.sampled_from(BALANCINGS),
        affinity=st.fixed_dictionaries({"by": st.sampled_from(TIES)}),
        websocket=st.booleans(),
        session_longest=TIMES,
        drain=TIMES,
    ),
)
STACKS = st.fixed_dictionaries(
    {"name": st.just("shop"), "services": st.dictionaries(NAMES, SERVICES, max_size=3)},
    optional={
        "nodes": st.dictionaries(
            NAMES, some(cpu=st.text(max_size=3), memory=st.integers(0, 2**40), count=COUNTS)
        ),
        "budgets": st.dictionaries(
            NAMES,
            st.fixed_dictionaries(
                {
                    "terms": st.lists(st.fixed_dictionaries({"service": NAMES}), max_size=2),
                    "limit": st.integers(-1, 9),
                }
            ),
            max_size=1,
        ),
        "shutdown": some(stop=TIMES, drain=TIMES, total=TIMES),
        "manifests": st.lists(
            st.dictionaries(NAMES, st.recursive(st.text(max_size=3), st.lists), max_size=2)
        ),
        "checks": st.dictionaries(
            st.text(max_size=6), st.fixed_dictionaries({"allow": st.text(max_size=3)}), max_size=2
        ),
    },
)


@given(STACKS)
def test_every_well_typed_stack_can_be_checked_twice_alike(sections: dict[str, Any]) -> None:
    asked = Stack(ADAPTER.validate_python(sections), Spelled())
    found = check(asked)
    assert found == check(asked)
    assert all(f.summary and f.detail and f.hint and f.position for f in found)
    missing = unsupported(asked, Capabilities("instances"), "docker")
    assert missing == sorted(missing, key=lambda diagnostic: diagnostic.sort_key)
