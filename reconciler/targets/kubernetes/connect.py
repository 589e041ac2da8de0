"""Where the cluster is, and who asks: resolved as kubectl does.

``--kubeconfig``, else the files of ``KUBECONFIG`` (a list, merged), else ``~/.kube/config``, else
the service account of the pod that this runs in. Source:
https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/.
"""

import importlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.targets.kubernetes.errors import bad_connection

if TYPE_CHECKING:
    from kubernetes.client.api_client import ApiClient
    from kubernetes.client.configuration import Configuration

# What the SDK's reader of kubeconfigs raises where one is not as it should be.
_MALFORMED = (AttributeError, KeyError, TypeError, ValueError)
SERVICE_HOST = "KUBERNETES_SERVICE_HOST"


@dataclass(frozen=True, slots=True)
class Access:
    """Which kubeconfig and which of its contexts; empty where it was not said."""

    kubeconfig: str = ""
    context: str = ""


def open_client(access: Access, environ: Mapping[str, str] | None = None) -> "ApiClient":
    """The SDK's client, which knows the address, the credentials and TLS. Nothing is contacted.

    Raises TargetError (R422) where the configuration does not say how.
    """
    env = os.environ if environ is None else environ
    files = kubeconfigs(access, env)
    if not files:
        if access.context:
            bad_connection(
                f"there is no kubeconfig, so no context {access.context}",
                "name one with --kubeconfig, or in KUBECONFIG",
            )
        return _in_cluster(env)
    return _from_files(files, access.context)


def kubeconfigs(access: Access, env: Mapping[str, str]) -> tuple[str, ...]:
    """The files that are merged, those that are there; none where a pod's own account is used.

    Of `KUBECONFIG` missing ones are passed over, as kubectl does; R422 where none is left.
    """
    if access.kubeconfig:
        if not Path(access.kubeconfig).is_file():
            bad_connection(f"there is no kubeconfig {access.kubeconfig}", "name one that is there")
        return (access.kubeconfig,)
    listed = env.get("KUBECONFIG", "")
    if listed:
        named = [name for name in listed.split(os.pathsep) if name]
        there = tuple(name for name in named if Path(name).is_file())
        if not there:
            bad_connection(
                f"there is no kubeconfig {listed}", "mend KUBECONFIG, or name one by --kubeconfig"
            )
        return there
    default = Path(env.get("HOME") or Path.home()) / ".kube" / "config"
    return (str(default),) if default.is_file() else ()


def _in_cluster(env: Mapping[str, str]) -> "ApiClient":
    if not env.get(SERVICE_HOST):
        bad_connection(
            "there is no kubeconfig, and this is no pod of a cluster",
            "name one with --kubeconfig, or in KUBECONFIG",
        )
    from kubernetes.client.api_client import ApiClient
    from kubernetes.config.config_exception import ConfigException

    sdk: Any = importlib.import_module("kubernetes.config.incluster_config")
    made = _settings()
    try:
        sdk.load_incluster_config(client_configuration=made)
    except (ConfigException, OSError) as error:
        bad_connection(
            f"the pod's service account cannot be used: {error}",
            "let the pod mount its token: automountServiceAccountToken",
        )
    return ApiClient(configuration=made)


def _settings() -> "Configuration":
    """A configuration of its own, in which a call that comes to nothing is made once more."""
    from kubernetes.client.configuration import Configuration

    made = Configuration()
    made.retries = 1
    return made


def _from_files(files: tuple[str, ...], context: str) -> "ApiClient":
    from kubernetes.config.config_exception import ConfigException

    sdk: Any = importlib.import_module("kubernetes.config.kube_config")  # untyped
    listed = os.pathsep.join(files)
    try:
        merged = sdk.KubeConfigMerger(listed).config
        if merged is None:
            bad_connection(f"the kubeconfig {listed} is empty", "see `kubectl config view`")
        chosen = _context(merged, context or _current(sdk, files), listed)
        made: ApiClient = sdk.new_client_from_config(
            config_file=listed, context=chosen, persist_config=False,
            client_configuration=_settings(),
        )  # fmt: skip
        _impersonate(made, merged, chosen)
        return made
    except (ConfigException, OSError, sdk.yaml.YAMLError, *_MALFORMED) as error:
        said = " ".join(str(error).split())
        bad_connection(
            f"the kubeconfig {listed} cannot be used: {said}", "see `kubectl config view`"
        )


def _context(merged: Any, context: str, listed: str) -> str:
    """The context to use; R422 where it is not there, or none is named."""
    names = sorted(str(each["name"]) for each in merged.safe_get("contexts") or ())
    known = f"one of {', '.join(names)}" if names else "see `kubectl config get-contexts`"
    if not context:
        bad_connection(
            f"the kubeconfig {listed} names no current context",
            "name one with --context, or `kubectl config use-context`",
        )
    if context not in names:
        bad_connection(f"the kubeconfig {listed} has no context {context}", known)
    return context


def _current(sdk: Any, files: tuple[str, ...]) -> str:
    """The context of the first file that names one, as kubectl has it; the SDK has the last's."""
    for file in files:
        found = sdk.KubeConfigMerger(file).config
        if found is not None and found.safe_get("current-context"):
            return str(found.safe_get("current-context"))
    return ""


def _impersonate(client: "ApiClient", merged: Any, context: str) -> None:
    """Ask as whom the user says (``as``), which the SDK does not do by itself."""
    name = merged["contexts"].get_with_name(context)["context"].safe_get("user")
    found = merged["users"].get_with_name(name, safe=True) if name else None
    user = found.safe_get("user") if found is not None else None
    if not user:
        return
    if any(user.get(key) for key in ("as-groups", "as-uid", "as-user-extra")):
        bad_connection(
            f"the kubeconfig's user {name} asks as members of groups, which is not done here",
            "use a user that asks as itself, or by `as` alone",
        )
    if user.get("as"):
        client.default_headers["Impersonate-User"] = str(user["as"])
