"""The options that commands share, and what becomes of them."""

import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli import exits
from reconciler.cli.console import Console
from reconciler.cli.settings import (
    DEFAULT_LOCK_WAIT_NS,
    DEFAULT_PARALLELISM,
    DEFAULT_WORLD,
    TARGETS,
    Settings,
)
from reconciler.model.diagnostic import DiagnosticsError, TargetError
from reconciler.model.units import parse_duration_ns

if TYPE_CHECKING:
    _IntParam = click.ParamType[int]
    _PairParam = click.ParamType[tuple[str, str]]
else:  # older versions of click have no type parameters
    _IntParam = _PairParam = click.ParamType

Body = Callable[..., int]
Decorator = Callable[[Any], Any]


class Duration(_IntParam):
    """A duration such as ``90s``, in ns."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Parse it; a usage error where it is none."""
        if isinstance(value, int):
            return value
        try:
            return parse_duration_ns(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Variable(_PairParam):
    """``NAME=VALUE``."""

    name = "NAME=VALUE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Split it; a usage error where there is no ``=``."""
        if isinstance(value, tuple):
            return value
        name, mark, text = value.partition("=")
        if not mark or not name:
            # The value may be a secret, so it is not repeated.
            self.fail("write it like --var NAME=VALUE", param, ctx)
        return name, text


_OUTPUT: tuple[Decorator, ...] = (
    click.option(
        "-o", "--output", type=click.Choice(["text", "json", "yaml"]), default="text",
        show_default=True, help="Form of the result.",
    ),
    click.option("--no-color", "no_colour", is_flag=True, help="No colours, as with NO_COLOR."),
    click.option("-v", "--verbose", count=True, help="Say more; twice, still more."),
    click.option("-q", "--quiet", is_flag=True, help="Say only what is asked for, and errors."),
    click.option(
        "--debug", is_flag=True, expose_value=False, help="Show tracebacks of our mistakes."
    ),
)  # fmt: skip

_STATE: tuple[Decorator, ...] = (
    click.argument("state", nargs=-1, type=click.Path(path_type=str, allow_dash=True)),
    click.option(
        "-e", "--environment", default="", envvar="RECONCILER_ENVIRONMENT", metavar="NAME",
        help="Named environment of the desired state.",
    ),
    click.option(
        "--var", "variables", multiple=True, type=Variable(), help="Value of a variable."
    ),
    click.option(
        "--target", type=click.Choice(TARGETS), default="docker", envvar="RECONCILER_TARGET",
        show_default=True, show_envvar=True, help="Where the stack runs.",
    ),
)  # fmt: skip

_SERVICES = click.argument(
    "state", nargs=-1, type=click.Path(path_type=str, allow_dash=True),
    metavar="STATE... [SERVICE]...",
)  # fmt: skip

_LIVE: tuple[Decorator, ...] = (
    click.option(
        "--world", type=click.Path(path_type=Path, dir_okay=False), default=DEFAULT_WORLD,
        envvar="RECONCILER_WORLD", show_default=True, show_envvar=True, metavar="FILE",
        help="Simulator: the file that its world is kept in.",
    ),
    click.option(
        "--advance", type=Duration(), metavar="DURATION",
        help="Simulator: let this much time pass first.",
    ),
    click.option("--seed", type=int, help="Simulator: seed of a world that is not there yet."),
)  # fmt: skip

_CLUSTER: tuple[Decorator, ...] = (
    click.option(
        "-n", "--namespace", default="", envvar="RECONCILER_NAMESPACE", metavar="NAME",
        show_envvar=True, help="Kubernetes: the stack's namespace; its name if not said.",
    ),
    click.option(
        "--context", default="", metavar="NAME", help="Kubernetes: context of the kubeconfig."
    ),
    click.option(
        "--kubeconfig", default="", metavar="FILE",
        help="Kubernetes: this file and not those of KUBECONFIG.",
    ),
)  # fmt: skip

_RETRY: tuple[Decorator, ...] = (
    click.option(
        "--retry", multiple=True, metavar="SERVICE",
        help="Try a revision that has failed once more. May be repeated.",
    ),
)  # fmt: skip

_LOCK: tuple[Decorator, ...] = (
    click.option(
        "--lock-wait", type=Duration(), metavar="DURATION",
        help="Wait this long for another reconciler that holds the stack's lock; 30s if not said.",
    ),
)  # fmt: skip

_RUN: tuple[Decorator, ...] = (
    click.option(
        "--parallelism", type=click.IntRange(1, 64), default=DEFAULT_PARALLELISM,
        show_default=True, help="Most calls at once.",
    ),
    click.option(
        "--timeout", type=Duration(), metavar="DURATION", help="Stop after this long."
    ),
    *_LOCK,
)  # fmt: skip

_ACT: tuple[Decorator, ...] = (
    click.option("-y", "--yes", is_flag=True, help="Do not ask."),
    *_RUN,
)


def options(*groups: Sequence[Decorator], error: int = exits.ERROR) -> Callable[[Body], Body]:
    """Give a command these groups of options, gathered for it as one `Settings`.

    `error` is its exit code when the user or the target is at fault.
    """

    def decorate(body: Body) -> Body:
        @functools.wraps(body)
        def command(**given: Any) -> int:
            settings, own = _settings(given)
            return guarded(settings.console, lambda: body(settings, **own), error)

        wrapped: Any = command
        for decorator in reversed([d for group in groups for d in group]):
            wrapped = decorator(wrapped)
        made: Body = wrapped
        return made

    return decorate


OUTPUT = _OUTPUT
REHEARSED = (*_STATE, _LIVE[0], *_CLUSTER, *_OUTPUT)
VARIABLES = (_STATE[2],)
STATE = (*_STATE, *_OUTPUT)
LIVE = (*_STATE, *_LIVE, *_OUTPUT)
# What is named beside the STATE: `reconciler.cli.services` tells the two apart.
LIVE_SERVICES = (_SERVICES, *_STATE[1:], *_LIVE, *_OUTPUT)
CLUSTER = _CLUSTER
RETRY = _RETRY
ACT = _ACT
RUN = _RUN
LOCK = _LOCK


def guarded(console: Console, body: Callable[[], int], error: int = exits.ERROR) -> int:
    """Run `body`; mistakes and an unwilling world are told and become an exit code."""
    try:
        return body()
    except DiagnosticsError as mistakes:
        console.fail(mistakes.diagnostics)
    except TargetError as trouble:
        console.fail([trouble.diagnostic()])
    except exits.Stop as stop:
        console.fail(stop.diagnostics)
        return stop.code
    except BrokenPipeError:  # told by another name, or click would end the process with 1
        raise exits.ReaderGone from None
    return error


def _settings(given: dict[str, Any]) -> tuple[Settings, dict[str, Any]]:
    """The shared options as one value, and the command's own."""
    console = Console(
        env=os.environ,
        output=given.pop("output"),
        verbosity=-1 if given.pop("quiet") else given.pop("verbose"),
        no_colour=given.pop("no_colour"),
    )
    given.pop("verbose", None)
    advance_ns, timeout_ns = given.pop("advance", None), given.pop("timeout", None)
    lock_wait_ns = given.pop("lock_wait", None)
    settings = Settings(
        console=console,
        state=given.pop("state", ()),
        environment=given.pop("environment", ""),
        variables=dict(given.pop("variables", ())),
        target=given.pop("target", "docker"),
        world=given.pop("world", Path(DEFAULT_WORLD)),
        advance_ns=advance_ns or 0,
        seed=given.pop("seed", None),
        parallelism=given.pop("parallelism", DEFAULT_PARALLELISM),
        timeout_ns=timeout_ns,
        lock_wait_ns=DEFAULT_LOCK_WAIT_NS if lock_wait_ns is None else lock_wait_ns,
        retry=frozenset(given.pop("retry", ())),
        namespace=given.pop("namespace", ""),
        context=given.pop("context", ""),
        kubeconfig=given.pop("kubeconfig", ""),
    )
    if settings.target != "simulator" and (advance_ns is not None or settings.seed is not None):
        raise click.UsageError("--advance and --seed are for --target simulator")
    if settings.target != "kubernetes" and (settings.context or settings.kubeconfig):
        raise click.UsageError("--context and --kubeconfig are for --target kubernetes")
    return settings, given


def needs_state(settings: Settings) -> None:
    """A usage error where no desired state was named."""
    if not settings.state:
        raise click.UsageError("no STATE: name a YAML file, a directory, or - for standard input")


def plain(body: Body) -> Body:
    """Give a command without a desired state the few options that all have."""

    @functools.wraps(body)
    def command(**given: Any) -> int:
        return guarded(Console(env=os.environ), lambda: body(**given))

    wrapped: Any = command
    wrapped = click.option(
        "--debug", is_flag=True, expose_value=False, help="Show tracebacks of our mistakes."
    )(wrapped)
    made: Body = wrapped
    return made
