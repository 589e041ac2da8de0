"""Checks of names and addresses."""

from collections.abc import Iterator

from reconciler.model.fields import networks_of
from reconciler.model.peak import most_of
from reconciler.model.stack import Stack
from reconciler.spec.checks.base import Check, Finding, Path, called, workloads


def _name_twice(stack: Stack) -> Iterator[Finding]:
    services = stack.declared.services
    owners: dict[tuple[str, str], str] = {}
    for name, service in services.items():
        if not service.aliases and not service.hostname:
            continue
        networks = networks_of(stack.declared, service)
        given: list[tuple[Path, str]] = [(("hostname",), service.hostname)]
        given += [(("aliases", index), alias) for index, alias in enumerate(service.aliases)]
        for field, text in given:
            if not text:
                continue
            owner = next(
                (o for n in networks if (o := owners.setdefault((text, n), name)) != name), None
            )
            if owner is None and text != name and text in services:
                other = networks_of(stack.declared, services[text])
                owner = text if not set(networks).isdisjoint(other) else None
            if owner is not None:
                yield Finding(
                    ("services", name, *field),
                    f"service/{name} is called {text!r}, and so is service/{owner}",
                )


def _container_name_twice(stack: Stack) -> Iterator[Finding]:
    owners: dict[str, str] = {}
    for section, name, workload in workloads(stack):
        if not workload.docker:
            continue
        given = workload.docker.get("container_name")
        if given is None:
            continue
        subject = called(section, name)
        path = (section, name, "docker", "container_name")
        owner = owners.setdefault(str(given), subject)
        if owner != subject:
            yield Finding(path, f"{subject} is named {given!r}, and so is {owner}")
            continue
        service = stack.declared.services.get(name) if section == "services" else None
        if service is not None and most_of(service) > 1:
            yield Finding(path, f"{most_of(service)} instances of {subject} are named {given!r}")


def _no_address(stack: Stack) -> Iterator[Finding]:
    for name, external in stack.declared.external.items():
        if not external.address:
            yield Finding(("external", name), f"external/{name} has no address")


CHECKS = (
    Check(
        code="R272",
        title="Two services have one name on a network.",
        severity="error",
        why="The engine answers a name with the addresses of all that have it, so that requests "
        "for one service reach the other.",
        fix="give one of them another alias or hostname, or put them on separate networks",
        source="Docker, embedded DNS of user-defined networks",
        find=_name_twice,
    ),
    Check(
        code="R273",
        title="A container name is given twice.",
        severity="error",
        why="A name belongs to one container of an engine; the second is refused.",
        fix="take container_name out: the instances' own names are unique, and a service is "
        "reached by its name or an alias",
        find=_container_name_twice,
    ),
    Check(
        code="R274",
        title="An external has no address.",
        severity="warning",
        why="Without one nobody can see whether it is there, and what depends on it waits for "
        "nothing.",
        fix="set address to its host and port",
        find=_no_address,
    ),
)
