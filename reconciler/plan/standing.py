"""What the records say of a workload's revisions, and what follows from it.

Git may still ask for a revision that has failed; no instance of the good one need be left.
So: effective is what is wanted, unless a record says that this hash failed; then the last
good one. A rollback is never rolled back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from reconciler.diff.fit import Template
from reconciler.model.observed import Value
from reconciler.model.record import Outcome, Record, Revision, next_seq, revision_body, revisions_of
from reconciler.model.resource import ResourceKey

# Facts kept for a workload: two for each of the ten revisions that Kubernetes keeps
# (apps/v1 revisionHistoryLimit).
HISTORY_FACTS = 20


@dataclass(frozen=True, slots=True)
class Standing:
    """The facts about one workload, seen from the revision that is wanted.

    `effective` is what should run: the wanted template, the last good one when the wanted
    has failed and `on_failure` or a person says rollback, or None when it has failed and
    nothing is to be done about it.
    """

    wanted: Template
    effective: Template | None
    facts: tuple[Revision, ...] = ()
    failed: Revision | None = None

    @property
    def last(self) -> Revision | None:
        """The newest fact."""
        return self.facts[-1] if self.facts else None

    @property
    def is_rolled_back(self) -> bool:
        """Whether an older revision is wanted back."""
        return self.effective is not None and self.effective is not self.wanted

    @property
    def is_candidate_noted(self) -> bool:
        """Whether the newest fact is about the wanted revision, and not that it failed."""
        last = self.last
        return (
            last is not None and last.revision == self.wanted.revision and last.outcome != "failed"
        )

    @property
    def is_good_noted(self) -> bool:
        """Whether the newest fact says that the wanted revision is good."""
        return self.is_candidate_noted and self.last is not None and self.last.outcome == "good"

    @property
    def fallback(self) -> Mapping[str, Value]:
        """The fields of the last good revision, while the wanted one is not confirmed."""
        if self.is_good_noted:
            return {}
        good = [f for f in self.facts if f.outcome == "good"]
        return good[-1].fields if good else {}

    @property
    def began_ns(self) -> int:
        """When the newest turn began: the time of the newest fact, 0 without one."""
        return self.last.when_ns if self.last else 0


def standing_of(
    wanted: Template,
    records: Iterable[Record],
    images: Mapping[str, str | None],
    *,
    rolls_back: bool,
    retried_seq: int = 0,
) -> Standing:
    """Read the records. A failure up to fact number `retried_seq` is forgiven."""
    facts = revisions_of(str(wanted.key), records)
    own = [fact for fact in facts if fact.revision == wanted.revision]
    failed = own[-1] if own and own[-1].outcome == "failed" else None
    if failed is not None and failed.fields and not failed.by_hand:
        # Limits are no part of the revision, and may be just what it failed for.
        failed = failed if _limits(failed.fields) == _limits(wanted.fields) else None
    if failed is None or failed.seq <= retried_seq:
        return Standing(wanted, wanted, facts)
    good = [f for f in facts if f.outcome == "good" and f.revision != wanted.revision and f.fields]
    if not good or not (rolls_back or failed.by_hand):
        return Standing(wanted, None, facts, failed)
    return Standing(wanted, _rolled_back(wanted, good[-1], images), facts, failed)


def _limits(fields: Mapping[str, Value]) -> dict[str, Value]:
    return {path: value for path, value in fields.items() if path.startswith("resources.")}


def _rolled_back(wanted: Template, good: Revision, images: Mapping[str, str | None]) -> Template:
    image = str(good.fields.get("image", ""))
    moved = bool(good.image_id) and images.get(image) != good.image_id
    return replace(
        wanted,
        fields=good.fields,
        revision=good.revision,
        image_id=good.image_id or images.get(image),
        pinned=moved,
    )


def fact(
    standing: Standing, outcome: Outcome, now_ns: int, records: Iterable[Record],
    *, reason: str = "", commit: str = "", by_hand: bool = False,
) -> Record:  # fmt: skip
    """The next fact about the wanted revision."""
    wanted = standing.wanted
    seq = next_seq("revision", str(wanted.key), records)
    body = revision_body(
        Revision(
            service=str(wanted.key), revision=wanted.revision, outcome=outcome, reason=reason,
            when_ns=now_ns, seq=seq, image_id=wanted.image_id or "", commit=commit,
            fields=wanted.fields, by_hand=by_hand,
        )
    )  # fmt: skip
    return Record("revision", str(wanted.key), seq, body)


def newest_fact(key: ResourceKey, records: Iterable[Record]) -> int:
    """The number of the newest fact about a workload's revisions; 0 where there is none."""
    return next_seq("revision", str(key), records) - 1


def surplus_facts(key: ResourceKey, records: Iterable[Record]) -> tuple[Record, ...]:
    """The oldest facts beyond what is kept, never the newest good one."""
    facts = sorted(
        (r for r in records if r.kind == "revision" and r.name == str(key)), key=lambda r: r.seq
    )
    surplus = facts[: max(0, len(facts) - HISTORY_FACTS)]
    good = [r for r in facts if r.body.get("outcome") == "good"]
    return tuple(r for r in surplus if not good or r is not good[-1])
