"""From paths to a stack: the one way in.

Read, put together, choose an environment, expand, fill, validate, resolve. Each part adds
what it finds to one report; a load stops where going on would only repeat a mistake.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path as FilePath

from reconciler.model.diagnostic import Diagnostic, Position
from reconciler.model.digest import config_digest, secret_digest
from reconciler.model.service import Job, Service
from reconciler.model.stack import Config, Declared, Secret, Stack
from reconciler.spec.contents import FileContents, Unreadable
from reconciler.spec.environments import (
    check_chosen,
    lay_over,
    read_vocabulary,
    stack_part,
    with_defaults,
)
from reconciler.spec.files import STDIN_NAME, default_name, read_state
from reconciler.spec.host import Forwarding, check_required
from reconciler.spec.patches import NO_PATCHES, Patches
from reconciler.spec.references import check_references, resolve_dependencies
from reconciler.spec.report import Report
from reconciler.spec.rest import check_rest
from reconciler.spec.templates import Templates
from reconciler.spec.tree import NOWHERE, Map, Path, entries, file_of, locate, position
from reconciler.spec.validation import validate_declared
from reconciler.spec.variables import Filler, Variables, check_given, check_variables
from reconciler.spec.vocabulary import Vocabulary
from reconciler.spec.wellformed import check_well_formed, is_stack_name
from reconciler.spec.yaml import bulk

_NO_VARIABLES: Mapping[str, str] = {}


@dataclass(frozen=True)
class Located:
    """Positions in a merged tree; `places` are those of what no file writes itself."""

    root: Map
    files: tuple[str, ...]
    places: Mapping[Path, int] = field(default_factory=dict)

    def find(self, path: tuple[str | int, ...]) -> Position | None:
        """The position of `path`, or of the nearest thing that holds it."""
        if self.places:
            for length in range(len(path), 0, -1):
                if path[:length] in self.places:
                    return position(self.places[path[:length]], self.files)
        return position(locate(self.root, path, key=True), self.files)


@dataclass(frozen=True)
class Loaded:
    """A stack, what was noticed on the way, and what is needed to apply it.

    `root` is the tree after all merging and filling, `files` the names of what was read.
    """

    stack: Stack
    warnings: list[Diagnostic]
    contents: FileContents
    root: Map
    files: tuple[str, ...]


def load(
    paths: Sequence[str],
    *,
    environment: str = "",
    variables: Mapping[str, str] = _NO_VARIABLES,
    env: Mapping[str, str],
    resolve: bool = True,
    stdin: str | None = None,
    patches: Patches = NO_PATCHES,
) -> Loaded:
    """Read the state in `paths` (files, directories, ``-`` for `stdin`).

    `variables` are given by hand, `env` is the process environment. Without `resolve`
    secrets need not be there: their digests stay empty, and a warning says so. `patches` are
    laid over the state once its environment is. Raises DiagnosticsError with everything that
    was found.
    """
    report = Report(patches.files())
    with bulk():
        root = read_state(paths, stdin, report)
        report.stop()
        vocabulary = read_vocabulary(root, report)
        if vocabulary is None or not check_chosen(environment, vocabulary, report):
            report.stop()
            raise AssertionError("a refused vocabulary without a finding")
        tree, filler = _stack_tree(
            root, vocabulary, environment, variables, env, paths, patches, report
        )
        tree = resolve_dependencies(tree, report)
        declared = validate_declared(tree, report, filler.written, filled=filler.is_complete)
        if declared is None or not filler.is_complete:
            if filler.is_complete:
                check_rest(tree, Located(tree, tuple(report.files)), report)
            report.stop()
            raise AssertionError("a refused tree without a finding")
        check_well_formed(declared, tree, report)
        check_references(declared, tree, report)
        report.stop()
        return _finished(declared, tree, environment, env, resolve, patches.removed(), report)


def find_environments(paths: Sequence[str], *, stdin: str | None = None) -> Mapping[str, str]:
    """The environments of a state, by name, and what they are for."""
    report = Report()
    with bulk():
        root = read_state(paths, stdin, report)
        report.stop()
        vocabulary = read_vocabulary(root, report)
    report.stop()
    assert vocabulary is not None
    return {name: found.description for name, found in vocabulary.environments.items()}


def _stack_tree(
    root: Map, vocabulary: Vocabulary, environment: str, given: Mapping[str, str],
    env: Mapping[str, str], paths: Sequence[str], patches: Patches, report: Report,
) -> tuple[Map, Filler]:  # fmt: skip
    """The stack as one plain tree: expanded, overlaid, filled, and with a name."""
    templates = Templates(vocabulary, root, report)
    tree = templates.expand(root)
    if environment:
        tree = lay_over(tree, environment, vocabulary, report)
        # Only services that the overlay brought can still name a template.
        tree = dataclasses.replace(templates, vocabulary=_no_apps(vocabulary)).expand(tree)
    tree = patches.lay(stack_part(with_defaults(tree)), report)
    chosen = vocabulary.environments.get(environment)
    values = Variables(
        vocabulary.variables, given, chosen.variables if chosen else _NO_VARIABLES, env
    )
    check_variables(values, vocabulary.environments, root, report)
    filler = Filler(values.value, report, frozenset({*vocabulary.variables, *given}))
    tree = filler.tree(tree) if report.has_placeholders else tree
    check_given(values, report)
    _name(tree, paths, report)
    return tree, filler


def _no_apps(vocabulary: Vocabulary) -> Vocabulary:
    return dataclasses.replace(vocabulary, apps={})


def _name(tree: Map, paths: Sequence[str], report: Report) -> None:
    """Give the stack its default name, and refuse one that cannot begin other names."""
    if "name" not in tree:
        tree.put("name", default_name(paths), NOWHERE)
    name = tree["name"]
    if isinstance(name, str) and not is_stack_name(name):
        said = f"{name!r} is no name for a stack" if name else "the stack has no name"
        report.add("R110", said, locate(tree, ("name",)))


def _finished(
    declared: Declared, tree: Map, environment: str, env: Mapping[str, str], resolve: bool,
    removed: Mapping[Path, int], report: Report,
) -> Loaded:  # fmt: skip
    forwarding = Forwarding(declared, env, tree, report)
    forwarding.forward()
    declared = forwarding.declared
    check_required(declared, tree, report, resolve=resolve)
    files = tuple(report.files)
    contents = FileContents(declared, env, _directories(tree, files))
    declared = _with_digests(contents, tree, forwarding.places, resolve, report)
    report.stop()
    located = Located(tree, files, {**removed, **forwarding.places})
    stack = Stack(declared, located, environment, _digest(declared, tree))
    contents = dataclasses.replace(contents, declared=declared)
    return Loaded(stack, report.warnings, contents, tree, files)


def _directories(tree: Map, files: Sequence[str]) -> dict[tuple[str, str], FilePath]:
    """The directory that each `file:` counts from: that of the state file which writes it."""
    made = {}
    for section in ("configs", "secrets"):
        for name, entry in entries(tree, section):
            if isinstance(entry, Map) and "file" in entry:
                at = entry.value_at("file")
                file = files[file_of(at)] if at >= 0 else STDIN_NAME
                made[section, name] = FilePath() if file == STDIN_NAME else FilePath(file).parent
    return made


def _with_digests(
    contents: FileContents, tree: Map, places: Mapping[Path, int], resolve: bool, report: Report
) -> Declared:
    """The stack with the digest of every config and secret."""
    declared = contents.declared
    configs: dict[str, Config] = {}
    for name, config in declared.configs.items():
        try:
            digest = config_digest(contents.read_config(name, config))
            configs[name] = dataclasses.replace(config, digest=digest)
        except Unreadable as error:
            at = locate(tree, ("configs", name, "file"))
            report.add("R161", f"config {name}: {error}", at)
    secrets: dict[str, Secret] = {}
    for name, secret in declared.secrets.items():
        at = places.get(("secrets", name)) or locate(tree, ("secrets", name))
        try:
            content = contents.read_secret(name, secret).reveal() if resolve else None
        except Unreadable as error:
            report.add("R160", f"secret {name}: {error}", at)
            continue
        digest = "" if content is None else secret_digest(content, declared.name, name)
        secrets[name] = dataclasses.replace(secret, digest=digest)
    if secrets and not resolve:
        said = f"{len(secrets)} secrets were not looked up" if len(secrets) > 1 else (
            f"the secret {next(iter(secrets))} was not looked up"
        )  # fmt: skip
        report.add("R162", said, locate(tree, ("secrets",)), severity="warning")
    return dataclasses.replace(declared, configs=configs, secrets=secrets)


def _digest(declared: Declared, tree: Map) -> str:
    """Names the content of the state: what is written, and digests of what is not."""
    workloads: list[tuple[str, Service | Job]] = [
        *declared.services.items(), *declared.jobs.items()
    ]  # fmt: skip
    made = [
        (name, sorted(
            (variable, value.config or value.secret or "", value.value or "")
            for variable, value in workload.environment.items()
        ))
        for name, workload in workloads
        if workload.host_environment is not None
    ]  # fmt: skip
    digests = [
        sorted((name, entry.digest) for name, entry in section.items())
        for section in (declared.configs, declared.secrets)
    ]
    # No alias stands inside of what it stands for, so the tree has no circle to look for.
    text = json.dumps(
        [tree, made, digests], sort_keys=True, separators=(",", ":"), check_circular=False
    )
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
