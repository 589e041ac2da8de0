"""Rules that types cannot say: names, ranges, and which of several keys go together."""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from reconciler.model.image import parse_image
from reconciler.model.lifecycle import Autoscale, Probe
from reconciler.model.noun import listed
from reconciler.model.service import Job, Service, Workload
from reconciler.model.stack import Declared
from reconciler.spec.report import Report
from reconciler.spec.tree import Map, Path, locate

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NAME = re.compile(r"(?=.{1,63}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_CONTENT_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_MODE = re.compile(r"0?[0-7]{3}")
_HIGHEST_PORT = 65535
_DEFAULT = Service()  # its parts are every service's that does not give them

# A finding: the code, what it says, and the path it is about.
Finding = tuple[str, str, Path]


def check_well_formed(declared: Declared, root: Map, report: Report) -> None:
    """Report what is well typed and still cannot be."""
    for code, summary, path in _findings(declared):
        report.add(code, summary, locate(root, path))
    for path in _misnamed(declared):
        section, name = path
        report.add(
            "R118", f"{name!r} is no name for {_article(str(section))}",
            locate(root, path, key=True), hint=_name_hint(str(section)),
        )  # fmt: skip


def is_stack_name(name: str) -> bool:
    """Whether `name` is a DNS label, and so fits as the first part of every other name."""
    return _LABEL.fullmatch(name) is not None


def _findings(declared: Declared) -> Iterator[Finding]:
    for name, service in declared.services.items():
        yield from _workload(service, ("services", name))
        yield from _service(service, ("services", name))
    for name, job in declared.jobs.items():
        yield from _workload(job, ("jobs", name))
        yield from _job(job, ("jobs", name))
    for name, config in declared.configs.items():
        yield from _one_of({"content": config.content, "file": config.file}, ("configs", name))
    for name, secret in declared.secrets.items():
        yield from _one_of({"env": secret.env, "file": secret.file}, ("secrets", name))
    for name, external in declared.external.items():
        if external.probe is not None:
            yield from _probe(external.probe, ("external", name, "probe"))
    for name, network in declared.networks.items():
        if network.subnet and not _is_subnet(network.subnet):
            yield "R115", f"not a subnet: {network.subnet!r}", ("networks", name, "subnet")
    for name, node in declared.nodes.items():
        yield from _within(node.max_utilisation, 1, 100, ("nodes", name, "max_utilisation"))
        yield from _at_least(node.count, 0, ("nodes", name, "count"))
    for name, zone in declared.zones.items():
        if zone.rate_per_s <= 0:
            yield "R116", "a rate must be above 0", ("zones", name, "rate_per_s")
        yield from _at_least(zone.burst, 0, ("zones", name, "burst"))
        yield from _within(zone.status, 400, 599, ("zones", name, "status"))
    for name, budget in declared.budgets.items():
        outside = budget.external or None
        yield from _one_of({"limit": budget.limit, "external": outside}, ("budgets", name))
    for protocol, port in (declared.edge.ports if declared.edge else {}).items():
        yield from _within(port, 1, _HIGHEST_PORT, ("edge", "ports", protocol))
    yield from _at_least(declared.deletions.confirm_above, 0, ("deletions", "confirm_above"))


def _workload(workload: Workload, path: Path) -> Iterator[Finding]:
    if not workload.image:
        yield "R112", f"{path[1]}: 'image' is missing", path
    else:
        try:
            parse_image(workload.image)
        except ValueError as error:
            yield "R115", str(error), (*path, "image")
    for name, value in workload.environment.items():
        if not name or "=" in name or "\0" in name:
            at = (*path, "environment", name)
            yield "R118", f"{name!r} is no name for an environment variable", at
        if value.config is not None or value.secret is not None:
            given = {"value": value.value, "config": value.config, "secret": value.secret}
            yield from _one_of(given, (*path, "environment", name))
    if workload.volumes or workload.configs or workload.secrets:
        for key in ("volumes", "configs", "secrets"):
            yield from _mounts(getattr(workload, key), (*path, key))


def _mounts(mounts: Sequence[Any], path: Path) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for index, mount in enumerate(mounts):
        at = (*path, index)
        if not mount.target.startswith("/"):
            yield "R115", f"the target must be an absolute path, not {mount.target!r}", at
        if mount.target in seen:
            yield "R119", f"two mounts have the target {mount.target}", at
        seen[mount.target] = index
        mode = getattr(mount, "mode", None)
        if mode is not None and not _MODE.fullmatch(mode):
            yield "R115", f"not permissions: {mode!r}; write them like 0444", (*at, "mode")


def _service(service: Service, path: Path) -> Iterator[Finding]:
    seen: set[tuple[int, str]] = set()
    for index, port in enumerate(service.ports):
        at = (*path, "ports", index)
        for name, number in (
            ("container", port.container),
            ("host", port.host),
            ("last", port.last),
        ):
            if number is not None and not 1 <= number <= _HIGHEST_PORT:
                yield from _within(number, 1, _HIGHEST_PORT, (*at, name))
        if port.last is not None and (port.host is None or port.last < port.host):
            yield "R116", "a range of host ports goes from a lower to a higher one", at
        if (port.container, port.transport) in seen:
            yield "R119", f"the port {port.container}/{port.transport} is listed twice", at
        seen.add((port.container, port.transport))
    probes = (("startup", service.startup), ("liveness", service.liveness))
    for name, probe in (*probes, ("readiness", service.readiness)):
        if probe is not None:
            yield from _probe(probe, (*path, name))
    if service.replicas is not None:
        yield from _at_least(service.replicas, 0, (*path, "replicas"))
    for index, weight in enumerate(service.weights):
        yield from _within(weight, 0, 256, (*path, "weights", index))
    if service.autoscale is not None:
        yield from _autoscale(service.autoscale, (*path, "autoscale"))
    if service.rollout is not _DEFAULT.rollout or service.restart is not _DEFAULT.restart:
        yield from _rollout(service, path)
    for index, monitor in enumerate(service.monitors):
        if monitor.above is None and monitor.below is None and not monitor.rising:
            yield "R117", "a monitor has `above`, `below` or `rising`", (*path, "monitors", index)


def _rollout(service: Service, path: Path) -> Iterator[Finding]:
    steps = service.rollout.canary.steps
    rising = all(low < high for low, high in itertools.pairwise(steps))
    if not steps or not rising or not 0 < steps[0] <= steps[-1] <= 100:
        at = (*path, "rollout", "canary", "steps")
        yield "R116", "the steps of a canary are percentages that rise, at most 100", at
    yield from _at_least(service.restart.most, 0, (*path, "restart", "most"))


def _autoscale(autoscale: Autoscale, path: Path) -> Iterator[Finding]:
    yield from _at_least(autoscale.min, 0, (*path, "min"))
    if autoscale.max < max(autoscale.min, 1):
        yield "R116", f"max is {autoscale.max} and must be at least min", (*path, "max")
    if autoscale.cpu is None and autoscale.memory is None and not autoscale.metrics:
        yield "R117", "autoscale has `cpu`, `memory` or `metrics`", path


def _probe(probe: Probe, path: Path) -> Iterator[Finding]:
    if len(probe.ways) != 1:
        given = f", not {listed(probe.ways)}" if probe.ways else ""
        yield "R117", f"a probe has one of http, tcp, grpc, exec and heartbeat{given}", path
    for name, way in (("http", probe.http), ("tcp", probe.tcp), ("grpc", probe.grpc)):
        if way is not None and not 1 <= way.port <= _HIGHEST_PORT:
            yield from _within(way.port, 1, _HIGHEST_PORT, (*path, name, "port"))
    for name, time_ns in (("period", probe.period), ("timeout", probe.timeout)):
        if time_ns <= 0:
            yield "R116", f"{name} must be longer than 0", (*path, name)
    for name, count in (("successes", probe.successes), ("failures", probe.failures)):
        if count < 1:
            yield from _at_least(count, 1, (*path, name))


def _job(job: Job, path: Path) -> Iterator[Finding]:
    yield from _at_least(job.retries, 0, (*path, "retries"))
    if job.deadline <= 0:
        yield "R116", "deadline must be longer than 0", (*path, "deadline")


def _one_of(given: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    there = [name for name, value in given.items() if value is not None]
    if len(there) != 1:
        names, said = listed([f"`{name}`" for name in given]), listed(there) or "none"
        yield "R117", f"{path[-1]}: exactly one of {names} is given, not {said}", path


def _within(value: int, low: int, high: int, path: Path) -> Iterator[Finding]:
    if not low <= value <= high:
        name = next(str(step) for step in reversed(path) if isinstance(step, str))
        yield "R116", f"{name} is {value} and must be {low} to {high}", path


def _at_least(value: int, low: int, path: Path) -> Iterator[Finding]:
    if value < low:
        yield "R116", f"{path[-1]} is {value} and must be at least {low}", path


def _is_subnet(text: str) -> bool:
    import ipaddress

    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def _misnamed(declared: Declared) -> Iterator[tuple[str, str]]:
    """The entries whose names cannot be names of what they are, in the order of the sections."""
    named = ("services", "jobs", "networks", "volumes", "external", "nodes", "budgets", "zones")
    for section in named:
        for name in _unfit(getattr(declared, section), _NAME):
            yield section, name
    for section in ("configs", "secrets"):
        for name in _unfit(getattr(declared, section), _CONTENT_NAME):
            yield section, name
    yield from (("registries", host) for host in declared.registries if not _is_registry(host))


def _is_registry(host: str) -> bool:
    try:
        return parse_image(f"{host}/image").domain == host
    except ValueError:
        return False


def _unfit(names: Iterable[str], pattern: re.Pattern[str]) -> Iterator[str]:
    return (name for name in names if pattern.fullmatch(name) is None)


def _article(section: str) -> str:
    kind = "registry" if section == "registries" else section.removesuffix("s")
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def _name_hint(section: str) -> str:
    if section in ("configs", "secrets"):
        return "use at most 63 letters, digits, dots, hyphens and underscores"
    if section == "registries":
        return "write its host as images do, like registry.example.com:5000 or docker.io"
    return "use at most 63 lower-case letters, digits, hyphens and dots, as in a host name"
