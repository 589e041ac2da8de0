"""The image of a revision that is gone back to: it must be there before anything is written."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.model.diagnostic import Diagnostic, DiagnosticsError

if TYPE_CHECKING:
    from reconciler.cli.session import Session
    from reconciler.model.resource import ResourceKey
    from reconciler.plan.rollback import Rollback

NO_FORMER_IMAGE = "R444"


@dataclass(frozen=True, slots=True)
class Image:
    """What a revision was made of. `is_here`: the very image, not only one of its name."""

    reference: str
    is_here: bool


def image_of(session: "Session", key: "ResourceKey", found: "Rollback") -> Image:
    """Whether the image is there; DiagnosticsError (R444) where it is not and is never pulled."""
    image = Image(found.image, _is_here(session, found))
    workload = session.stack.workload(key)
    if not image.is_here and workload is not None and workload.pull == "never":
        why = "is not there any more, and is never pulled"
        raise DiagnosticsError([_gone(session, key, found, why, "load the image first")])
    return image


def bring_image(session: "Session", key: "ResourceKey", found: "Rollback") -> None:
    """See to it that the image is there; DiagnosticsError (R444) where it cannot be had."""
    from reconciler.model.step import PullImage

    if image_of(session, key, found).is_here:
        return
    console, workload = session.settings.console, session.stack.workload(key)
    assert workload is not None
    if console.verbosity >= 0:
        console.tell([(f"pulling {found.image}",)])
    step = PullImage(key, found.image)
    outcome = session.opened.target.perform(step, workload.pull_timeout)
    if outcome.kind != "done":
        why = f"is not there any more and cannot be pulled: {outcome.message} ({outcome.code})"
        raise DiagnosticsError([_gone(session, key, found, why, outcome.hint)])
    if not _is_here(session, found):
        why = "is no longer the one that was good: another one has its name now"
        raise DiagnosticsError([_gone(session, key, found, why, "push the former image again")])


def _is_here(session: "Session", found: "Rollback") -> bool:
    from reconciler.model.observed import Scope

    needed = found.image_id or found.image
    scope = Scope(session.stack.name, keys=frozenset(), images=(needed,))
    return session.opened.target.observe(scope).images[needed] is not None


def _gone(
    session: "Session", key: "ResourceKey", found: "Rollback", why: str, hint: str
) -> Diagnostic:
    return Diagnostic(
        NO_FORMER_IMAGE, f"{key}: the image {found.image} of revision {found.revision} {why}",
        "A revision is gone back to with the very image that was good. Nothing was written.",
        f"{hint}, or go back to another revision" if hint else "go back to another revision",
        session.stack.position(key, "image"),
    )  # fmt: skip
