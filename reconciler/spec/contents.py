"""What is behind configs and secrets: read when it is needed, never kept, never shown.

A secret's digest names the revision of what uses it before anything is written, so it has to
follow from the content alone; no key is kept anywhere. It is a slow hash salted with the
stack's and the secret's name (scrypt, RFC 7914, N = 8192, r = 8, p = 1), so that a digest in
a label or a plan does not make guessing a weak secret cheap, and equal secrets of two stacks
look unlike. A config's digest is SHA-256. Both are cut to sixteen hexadecimal digits.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, TypeVar

from reconciler.model.diagnostic import TargetError
from reconciler.model.digest import config_digest, secret_digest
from reconciler.model.stack import Config, Declared, Secret
from reconciler.spec.codes import CODES
from reconciler.targets.port import Account

T = TypeVar("T")


class SecretValue:
    """The content of a secret. However it is printed, what comes out is ``<secret>``."""

    __slots__ = ("_content",)

    def __init__(self, content: bytes) -> None:
        self._content = content

    def reveal(self) -> bytes:
        """The content, for the one call that needs it."""
        return self._content

    def __repr__(self) -> str:
        return "<secret>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format("<secret>", spec)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere")


class Unreadable(Exception):
    """A reference that leads nowhere; the text names the reference and never the content."""


@dataclass(frozen=True)
class FileContents:
    """The contents that targets ask for, by the name of the config or secret.

    `directories` holds the directory that a relative `file:` counts from, by section and
    name: that of the state file which wrote it. `env` is the process environment. Content
    that is no longer what the plan was made from is refused: the names of objects follow
    from it.
    """

    declared: Declared
    env: Mapping[str, str] = field(repr=False)
    directories: Mapping[tuple[str, str], Path] = field(default_factory=dict)

    def config(self, name: str) -> bytes:
        """The content of a config."""
        name = name.partition("@")[0]
        config = self.declared.configs[name]
        content = _or_refused(lambda: self.read_config(name, config))
        if config.digest and config_digest(content) != config.digest:
            _changed("config", name)
        return content

    def secret(self, name: str) -> bytes:
        """The content of a secret."""
        name = name.partition("@")[0]
        secret = self.declared.secrets[name]
        value = _or_refused(lambda: self.read_secret(name, secret))
        content = value.reveal()
        if secret.digest and secret_digest(content, self.declared.name, name) != secret.digest:
            _changed("secret", name)
        return content

    def files(self) -> tuple[str, ...]:
        """The files that hold contents, sorted."""
        declared = self.declared
        named = [("configs", name, config.file) for name, config in declared.configs.items()]
        named += [("secrets", name, secret.file) for name, secret in declared.secrets.items()]
        found = {
            str(self.directories.get((section, name), Path()) / file)
            for section, name, file in named
            if file is not None
        }
        return tuple(sorted(found))

    def account(self, host: str) -> Account | None:
        """The stack's account at an image registry, without a line's end after the password."""
        found = self.declared.registries.get(host)
        if found is None:
            return None
        password = self.secret(found.password).decode("utf-8", "surrogateescape")
        return Account(found.username, password.removesuffix("\n").removesuffix("\r"))

    def read_config(self, name: str, config: Config) -> bytes:
        """The content of a config, whether or not it is declared; raises Unreadable."""
        if config.content is not None:
            return config.content.encode()
        return self._file("configs", name, config.file or "")

    def read_secret(self, name: str, secret: Secret) -> SecretValue:
        """The content of a secret, whether or not it is declared; raises Unreadable."""
        if secret.env is not None:
            if secret.env not in self.env:
                raise Unreadable(f"the environment variable {secret.env} is not set")
            return SecretValue(self.env[secret.env].encode("utf-8", "surrogateescape"))
        return SecretValue(self._file("secrets", name, secret.file or ""))

    def _file(self, section: str, name: str, file: str) -> bytes:
        path = self.directories.get((section, name), Path()) / file
        try:
            return path.read_bytes()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a path"
            raise Unreadable(f"cannot read {path}: {reason}") from None


def _or_refused(read: Callable[[], T]) -> T:
    try:
        return read()
    except Unreadable as error:
        raise TargetError("terminal", "R160", str(error), CODES["R160"].fix) from None


def _changed(kind: str, name: str) -> NoReturn:
    raise TargetError(
        "conflict", "R163", f"the content of {kind} {name} changed since it was read",
        "plan and apply again",
    )  # fmt: skip
