"""Environments: which there are, and the chosen one laid over the stack."""

from reconciler.model.noun import listed
from reconciler.model.service import Service
from reconciler.model.stack import Declared
from reconciler.spec.merge import merge
from reconciler.spec.report import Report, nearest
from reconciler.spec.tree import Map, Path, entries, locate, path_text
from reconciler.spec.validation import check_part, validate_vocabulary
from reconciler.spec.vocabulary import ENVIRONMENT_OWN, SERVICE_EXTRA, VOCABULARY, Vocabulary


def read_vocabulary(root: Map, report: Report) -> Vocabulary | None:
    """The document-level sections, checked whole: environments that are not chosen as well."""
    part = Map(root.at)
    for key in root:
        if key in VOCABULARY:
            part.put(key, root[key], root.marks[key])
    if isinstance(part.get("environments"), Map):
        part.put("environments", _own_parts(part["environments"]), root.marks["environments"])
    _check_parts(root, report)
    if not part:
        return Vocabulary()  # without what making its validator takes
    return validate_vocabulary(root, part, report)


def _own_parts(environments: Map) -> Map:
    """Environments with only their own keys: the rest is an overlay, checked as a part."""
    made = Map(environments.at)
    for name, environment in environments.items():
        if isinstance(environment, Map):
            own = Map(environment.at)
            for key in environment:
                if key in ENVIRONMENT_OWN:
                    own.put(key, environment[key], environment.marks[key])
            environment = own
        elif environment is None:
            environment = Map(environments.at)
        made.put(name, environment, environments.marks[name])
    return made


def _check_parts(root: Map, report: Report) -> None:
    if isinstance(root.get("defaults"), Map):
        check_part(Service, root["defaults"], root, ("defaults",), report)
    for section in ("templates", "apps"):
        for name, entry in entries(root, section):
            if isinstance(entry, Map) and isinstance(entry.get("service"), Map):
                path = (section, name, "service")
                check_part(Service, entry["service"], root, path, report)
    for name, environment in entries(root, "environments"):
        if isinstance(environment, Map):
            _check_overlay(environment, root, ("environments", name), report)


def _check_overlay(environment: Map, root: Map, path: Path, report: Report) -> None:
    part = overlay_of(environment)
    if isinstance(part.get("defaults"), Map):
        check_part(Service, part["defaults"], root, (*path, "defaults"), report)
    part = part.without("defaults")
    if isinstance(part.get("services"), Map):
        services = part["services"].copy()
        for name, service in services.items():
            if isinstance(service, Map):
                services[name] = plain_service(service)
        part.put("services", services, part.marks["services"])
    check_part(Declared, part, root, path, report)


def plain_service(service: Map) -> Map:
    """A service without what only a file may say of it."""
    for key in SERVICE_EXTRA:
        service = service.without(key) if key in service else service
    return service


def overlay_of(environment: Map) -> Map:
    """The part of an environment that is laid over the stack."""
    made = Map(environment.at)
    for key in environment:
        if key not in ENVIRONMENT_OWN:
            made.put(key, environment[key], environment.marks[key])
    return made


def check_chosen(environment: str, vocabulary: Vocabulary, report: Report) -> bool:
    """Whether the environment that was asked for is there, or none was."""
    if not environment or environment in vocabulary.environments:
        return True
    known = sorted(vocabulary.environments)
    there = f"there are: {listed(known)}" if known else "the state has no environments"
    close = nearest(environment, known)
    report.add("R120", f"no environment {environment!r}", hint=f"{close} {there}".strip())
    return False


def lay_over(root: Map, name: str, vocabulary: Vocabulary, report: Report) -> Map:
    """The stack with environment `name` laid over it and without what it leaves out."""
    environment = root["environments"].get(name)
    if not isinstance(environment, Map):
        return root

    def dropped(path: Path, at: int) -> None:
        report.add(
            "R122", f"environment {name}: there is no {path_text(path)} to remove", at,
            severity="warning",
        )  # fmt: skip

    merged = merge(root, overlay_of(environment), dropped=dropped)
    assert isinstance(merged, Map)
    return _without(merged, root, name, vocabulary.environments[name].without, report)


def _without(merged: Map, root: Map, name: str, left_out: tuple[str, ...], report: Report) -> Map:
    made = merged
    for index, workload in enumerate(left_out):
        sections = [s for s in ("services", "jobs") if workload in dict(entries(made, s))]
        if not sections:
            known = [n for s in ("services", "jobs") for n, _ in entries(root, s)]
            at = locate(root, ("environments", name, "without", index))
            said = f"environment {name} leaves out {workload!r}, which is no service or job"
            report.add("R121", said, at, hint=nearest(workload, known))
        for section in sections:
            smaller = made[section].without(workload)
            made = made.copy()
            made[section] = smaller
    return made


def with_defaults(root: Map) -> Map:
    """`defaults` laid under every service."""
    defaults, services = root.get("defaults"), root.get("services")
    if not isinstance(defaults, Map) or not defaults or not isinstance(services, Map):
        return root
    made = services.copy()
    for name, service in services.items():
        if isinstance(service, Map):
            made[name] = merge(defaults, service, ("services", name))
    whole = root.copy()
    whole["services"] = made
    return whole


def stack_part(root: Map) -> Map:
    """The sections of the stack itself, unknown ones included for the validator to report."""
    made = Map(root.at)
    for key in root:
        if key not in VOCABULARY:
            made.put(key, root[key], root.marks[key])
    return made
