"""Checks of images, of secrets in clear, and of what a container may reach.

A value that looks like a secret is never part of a finding.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from posixpath import normpath
from typing import Any

from reconciler.model.service import Workload
from reconciler.model.stack import Stack
from reconciler.spec.checks.base import Check, Finding, Path, called, workloads

SECRET_NAME = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|PWD|SECRET|TOKEN|CREDENTIALS?"
    r"|(?:API|ACCESS|SECRET|PRIVATE|SIGNING|ENCRYPTION)_?KEYS?)$",
    re.IGNORECASE,
)
# What a value may be and give nothing away: a switch, a path, a reference filled in later.
HARMLESS = re.compile(r"(?:true|false|yes|no|on|off|none|null|/.*|file:.*|\$.*)", re.IGNORECASE)
CREDENTIAL = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bsk-[A-Za-z0-9_-]{20,}"
    r"|\bgh[pousr]_[A-Za-z0-9]{36,}|\bgithub_pat_\w{22,}|\bglpat-[\w-]{20,}"
    r"|\bxox[abprs]-[\w-]{10,}|\bAIza[\w-]{35}"
    r"|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+"
    r"|://[^\s/:@]*:(?!\$)[^\s/@]+@"
    r"|--[\w-]*(?:password|passwd|secret|token|api-?key)=(?![\s$/\"']|$)\S"
)
# No credential is found in a text without one of these.
HINTS = re.compile(r"-|://|AKIA|ASIA|gh[pousr]_|github_pat|AIza|eyJ")
ENGINE_PATHS = frozenset(
    {
        "/var/run", "/run", "/var/lib/docker", "/var/run/docker.sock", "/run/docker.sock",
        "/run/containerd/containerd.sock", "/var/run/containerd/containerd.sock",
        "/run/podman/podman.sock", "/var/run/podman/podman.sock",
        "/run/crio/crio.sock", "/var/run/crio/crio.sock",
    }
)  # fmt: skip


# -------------------------------------------------------------------------------- images


def _latest(stack: Stack) -> Iterator[Finding]:
    for section, name, workload in workloads(stack):
        tag = workload.image.rpartition("/")[2].partition(":")[2]
        if tag in ("", "latest") and workload.image and not workload.pin_digest:
            said = "" if tag else ", since it names no tag"
            yield Finding(
                (section, name, "image"),
                f"{called(section, name)} runs the latest {workload.image}{said}",
            )


# ------------------------------------------------------------------------------- secrets


@lru_cache(maxsize=4096)
def _names_a_secret(variable: str) -> bool:
    return SECRET_NAME.search(variable) is not None


def _named_secret(stack: Stack) -> Iterator[Finding]:
    for section, name, workload in workloads(stack):
        for variable, value in workload.environment.items():
            if value.value and _names_a_secret(variable) and not HARMLESS.fullmatch(value.value):
                yield Finding(
                    (section, name, "environment", variable),
                    f"{called(section, name)} has the value of {variable} in clear",
                )


@lru_cache(maxsize=65536)
def _is_credential(text: str) -> bool:
    return HINTS.search(text) is not None and CREDENTIAL.search(text) is not None


def _credential(stack: Stack) -> Iterator[Finding]:
    for section, name, workload in workloads(stack):
        for path in _in_workload(workload):
            said = f"{called(section, name)} holds a credential in clear"
            yield Finding((section, name, *path), said)
    for name, config in stack.declared.configs.items():
        if config.content is not None and _is_credential(config.content):
            said = f"config/{name} holds a credential in clear"
            yield Finding(("configs", name, "content"), said)
    for name, external in stack.declared.external.items():
        if _is_credential(external.address):
            said = f"external/{name} holds a credential in clear"
            yield Finding(("external", name, "address"), said)
    for index, manifest in enumerate(stack.declared.manifests):
        for path in _in_manifest(manifest):
            said = f"manifest {index} holds a credential in clear"
            yield Finding(("manifests", index, *path), said)


def _in_workload(workload: Workload) -> Iterator[Path]:
    for variable, value in workload.environment.items():
        # A variable whose name already says it is R285's.
        if value.value and _is_credential(value.value) and not _names_a_secret(variable):
            yield "environment", variable
    for index, word in enumerate(workload.entrypoint):
        if _is_credential(word):
            yield "entrypoint", index
    for index, word in enumerate(workload.command):
        if _is_credential(word):
            yield "command", index
    for label, text in workload.labels.items():
        if _is_credential(text):
            yield "labels", label
    if workload.docker or workload.kubernetes:
        yield from _in_tree(workload.docker, ("docker",))
        yield from _in_tree(workload.kubernetes, ("kubernetes",))


def _in_manifest(manifest: Mapping[str, Any]) -> Iterator[Path]:
    if manifest.get("kind") != "Secret":
        yield from _in_tree(manifest, ())
        return
    for field in ("data", "stringData"):
        if manifest.get(field):
            yield (field,)


def _in_tree(tree: Any, path: Path) -> Iterator[Path]:
    return (at for at, text in _strings(tree, path) if _is_credential(text))


def _strings(node: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(node, str):
        yield path, node
    elif isinstance(node, Mapping):
        for key, value in node.items():
            yield from _strings(value, (*path, str(key)))
    elif isinstance(node, list | tuple):
        for index, value in enumerate(node):
            yield from _strings(value, (*path, index))


# --------------------------------------------------------------------------------- reach


def _host_opened(stack: Stack) -> Iterator[Finding]:
    for section, name, workload in workloads(stack):
        for index, mount in enumerate(workload.volumes):
            if not mount.is_host_path:
                continue
            source = normpath("/" + mount.source.lstrip("/"))
            if source == "/" or source in ENGINE_PATHS:
                what = "the host's root" if source == "/" else f"the engine's {source}"
                yield Finding(
                    (section, name, "volumes", index),
                    f"{called(section, name)} mounts {what}",
                )


def _granted_everything(stack: Stack) -> Iterator[Finding]:
    for section, name, workload in workloads(stack):
        grants = workload.grants
        for index, text in enumerate(grants.files):
            if normpath(text.rpartition(":")[2] or ".") in ("/", "//", "/*", "/**"):
                yield Finding(
                    (section, name, "grants", "files", index),
                    f"{called(section, name)} may use every file: {text}",
                )
        for index, text in enumerate(grants.outbound):
            if text.partition(":")[0] in ("*", "0.0.0.0", "0.0.0.0/0"):
                yield Finding(
                    (section, name, "grants", "outbound", index),
                    f"{called(section, name)} may call every host: {text}",
                )


CHECKS = (
    Check(
        code="R280",
        title="`latest` without a digest.",
        severity="warning",
        why="What runs depends on when it was pulled: two instances may differ, a change of the "
        "image is no change of the file, and a rollback brings nothing back.",
        fix="name a version or a digest, or set pin_digest",
        find=_latest,
    ),
    Check(
        code="R285",
        title="A secret is written in clear.",
        severity="error",
        why="Its name says that the value is a secret. In clear it is in git for good, in every "
        "plan and record, and in the engine's `inspect`.",
        fix="declare it under secrets with env or file, and say {secret: NAME} here",
        find=_named_secret,
    ),
    Check(
        code="R286",
        title="A credential is written in clear.",
        severity="error",
        why="It has the shape of a key, a token or a URL with a password. In clear it is in git "
        "for good, in every plan and record, and in the engine's `inspect`.",
        fix="declare it under secrets with env or file, refer to it by name, and replace the "
        "one that was written here",
        find=_credential,
    ),
    Check(
        code="R287",
        title="The engine's socket or the host's root is mounted.",
        severity="warning",
        why="Whoever holds either is root on the host, read-only or not. Some services exist for "
        "that, so this is a warning.",
        fix="mount the directory that is needed; give an orchestrator a socket proxy, or a waiver",
        source="Docker, “Docker daemon attack surface”",
        find=_host_opened,
    ),
    Check(
        code="R288",
        title="A grant that grants everything.",
        severity="warning",
        why="A component that may use every file or call every host is not confined at all.",
        fix="name the directories, and the hosts with their ports",
        find=_granted_everything,
    ),
)
