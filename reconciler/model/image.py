"""Image references.

Grammar: https://github.com/distribution/reference, ``reference.go``.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

DEFAULT_DOMAIN = "docker.io"
LEGACY_DOMAIN = "index.docker.io"

_PATH = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_DOMAIN = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAINS = rf"{_DOMAIN}(?:\.{_DOMAIN})*(?::\d+)?"
_REFERENCE = re.compile(
    rf"(?:(?P<domain>{_DOMAINS})/)?(?P<path>{_PATH}(?:/{_PATH})*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class ImageReference:
    """Where an image is and which one it is; `tag` is empty when only a digest was given."""

    domain: str
    path: str
    tag: str
    digest: str = ""

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.domain}/{self.path}{tag}{digest}"

    @property
    def familiar(self) -> str:
        """As people write it: without the default domain and ``library/``."""
        text = str(self)
        official, _, nested = self.path.removeprefix("library/").partition("/")
        if self.domain != DEFAULT_DOMAIN:
            return text
        if self.path == f"library/{official}" and not nested:
            return text.removeprefix(f"{DEFAULT_DOMAIN}/library/")
        return text.removeprefix(f"{DEFAULT_DOMAIN}/")


@lru_cache(maxsize=65536)
def parse_image(text: str) -> ImageReference:
    """The reference that `text` writes; ValueError with a sentence where it is none."""
    match = _REFERENCE.fullmatch(text)
    if match is None:
        lower = "; names are in lower case" if text != text.lower() else ""
        raise ValueError(f"not an image reference: {text!r}{lower}")
    domain, path = match["domain"], match["path"]
    if domain is not None and not _is_domain(domain):
        domain, path = None, f"{domain}/{path}"
    if domain in (None, LEGACY_DOMAIN, DEFAULT_DOMAIN):
        domain = DEFAULT_DOMAIN
        path = path if "/" in path else f"library/{path}"
    tag, digest = match["tag"] or "", match["digest"] or ""
    return ImageReference(domain, path, tag or ("" if digest else "latest"), digest)


def _is_domain(first: str) -> bool:
    """Whether the first part is one: names have no dot, no port and no capital letter."""
    return "." in first or ":" in first or first == "localhost" or first != first.lower()


@lru_cache(maxsize=65536)
def normalised(text: str) -> str:
    """The familiar form with its tag: ``docker.io/library/nginx`` → ``nginx:latest``.

    Text that is no reference is returned as it is: `validate` reports it.
    """
    try:
        return parse_image(text).familiar
    except ValueError:
        return text
