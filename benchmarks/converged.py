"""The large stack as a model, and an observation in which all of it runs as wanted."""

from benchmarks.stacks import name_of, upstreams_of
from reconciler.model.container import Amounts, EnvValue, Port, Resources
from reconciler.model.fields import DEFAULT_NETWORK, object_fields, revision_of, workload_fields
from reconciler.model.lifecycle import HttpProbe, Probe
from reconciler.model.observed import Instance, Observed, ObservedObject, Scope
from reconciler.model.record import Record, Revision, revision_body
from reconciler.model.resource import ResourceKey
from reconciler.model.service import Service
from reconciler.model.stack import Declared, Stack
from reconciler.model.units import NS_PER_S

MEBIBYTE = 2**20
NOW_NS = 1_000_000 * NS_PER_S


def service(number: int) -> Service:
    """The same service that `benchmarks.stacks` writes as text."""
    name, team, upstreams = name_of(number), f"team-{number % 40}", upstreams_of(number)
    environment = {
        "PORT": "8080",
        "LOG_LEVEL": "info",
        "UPSTREAM": f"http://{upstreams[0] if upstreams else name_of(0)}:8080",
    }
    live, ready = (HttpProbe(path=f"/health/{word}", port=8080) for word in ("live", "ready"))
    return Service(
        image=f"registry.example.com/{team}/{name}:1.{number % 7}",
        replicas=1 + number % 3,
        environment={key: EnvValue(value=text) for key, text in environment.items()},
        ports=(Port(container=8080),),
        resources=Resources(
            requests=Amounts(cpu=100, memory=128 * MEBIBYTE), limits=Amounts(memory=256 * MEBIBYTE)
        ),
        liveness=Probe(http=live, period=30 * NS_PER_S, timeout=5 * NS_PER_S),
        readiness=Probe(http=ready, period=5 * NS_PER_S, timeout=3 * NS_PER_S),
        depends_on={f"service/{upstream}": "healthy" for upstream in upstreams},
    )


def stack(services: int) -> Stack:
    """A stack with so many services."""
    declared = Declared(name="large", services={name_of(n): service(n) for n in range(services)})
    return Stack(declared, digest="0")


def observed(of: Stack) -> Observed:
    """Everything `of` declares runs at its revision, is ready, and is noted as good."""
    network = ResourceKey("network", DEFAULT_NETWORK)
    instances: list[Instance] = []
    records: list[Record] = []
    for name, declared in of.declared.services.items():
        key = ResourceKey("service", name)
        fields = workload_fields(of, key)
        revision = revision_of(fields, ())
        good = Revision(str(key), revision, "good", "", NOW_NS, 1, fields=fields)
        records.append(Record("revision", str(key), 1, revision_body(good)))
        for ordinal in range(declared.wanted):
            instance_name = f"large-{name}-{ordinal}-{revision}-0"
            instances.append(
                Instance(
                    id=f"id-{instance_name}", name=instance_name, key=key, ordinal=ordinal,
                    revision=revision, attempt=0, phase="running", ready=True, fields=fields,
                    started_at_ns=NOW_NS, ready_since_ns=NOW_NS,
                )
            )  # fmt: skip
    return Observed(
        scope=Scope("large"),
        began_at_ns=NOW_NS,
        target_now_ns=NOW_NS,
        objects={network: ObservedObject(network, "network-1", object_fields(of, network))},
        instances=tuple(instances),
        records=tuple(records),
    )
