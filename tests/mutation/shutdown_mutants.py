"""Wrong shutdowns: bounds that bind nothing, and orders that are none."""

from dataclasses import replace
from typing import Any

from reconciler.controller import desk, removals, shutdown, users
from reconciler.plan.shutdown import Ending
from tests.mutation.mutants import Put, mutant


def _bound_by(put: Put, **wrong: Any) -> None:
    """Stops are bound by all but this."""
    right = Ending.limits
    put(Ending, "limits", lambda self, began_ns: replace(right(self, began_ns), **wrong))


@mutant
def stop_bound_ignored(put: Put) -> None:
    _bound_by(put, stop_ns=None)


@mutant
def total_ignored(put: Put) -> None:
    put(Ending, "end_ns", lambda self, began_ns: None)


@mutant
def total_instead_of_each_grace(put: Put) -> None:
    right = Ending.limits

    def wrong(self: Any, began_ns: int) -> Any:
        return replace(right(self, began_ns), end_ns=began_ns + self.bounds.stop)

    put(Ending, "limits", wrong)


@mutant
def drain_of_a_shutdown_skipped(put: Put) -> None:
    put(shutdown, "drains", lambda *given: None)


@mutant
def flush_skipped(put: Put) -> None:
    put(shutdown, "flush_end_ns", lambda ctx: 0)


@mutant
def what_is_kept_for_its_logs_holds_the_next_wave(put: Put) -> None:
    put(users, "holds_others", lambda ctx, instance: True)


@mutant
def workloads_of_a_cluster_deleted_in_no_order(put: Put) -> None:
    put(shutdown, "awaited_users", lambda ctx: [])


@mutant
def workloads_of_a_cluster_deleted_before_what_uses_them(put: Put) -> None:
    def wrong(ctx: Any) -> Any:
        there = ctx.underway.ending.users if ctx.underway else {}
        return [k for k, of in there.items() if ctx.key in of and k in ctx.view.objects]

    put(shutdown, "awaited_users", wrong)


@mutant
def deletion_in_a_cluster_given_its_own_grace(put: Put) -> None:
    put(Ending, "grace_ns", lambda self, began_ns, now_ns: None)


@mutant
def shutdown_begun_again_at_every_event(put: Put) -> None:
    right = desk.Desk._shutdown

    def wrong(self: Any) -> Any:
        self._underway = None
        return right(self)

    put(desk.Desk, "_shutdown", wrong)


@mutant
def pods_of_a_cluster_told_to_end_one_by_one(put: Put) -> None:
    right = removals.decide_removed

    def wrong(ctx: Any) -> Any:
        able = replace(ctx.capabilities, workloads="instances")
        return right(replace(ctx, capabilities=able))

    put(desk, "decide_removed", wrong)
