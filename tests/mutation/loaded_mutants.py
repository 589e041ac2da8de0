"""Wrong drains, edges, balancers and autoscalers: mistakes that only requests show.

Balancers are the plain kernel's, so that a method of it can be another.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from reconciler.model.step import RouteInstance
from reconciler.model.units import amount_of
from reconciler.plan import stopping
from reconciler.rehearsal import routes, setting
from reconciler.sim import clock, deployment, kubelet, life, outage, scaling
from reconciler.sim.traffic.belief import Belief
from reconciler.sim.traffic.core.kernel import Kernel
from reconciler.sim.traffic.kernel import DRAIN, HANGS, UP
from reconciler.sim.world import LIFE
from tests.mutation.mutants import MUTANTS, Mutant, Put


def mutant(make: Callable[[Put], None]) -> Callable[[Put], None]:
    """Add a mistake; its name is the function's."""
    MUTANTS.append(Mutant(make.__name__.replace("_", " "), make, loaded=True))
    return make


def _kernel(put: Put, **methods: Any) -> None:
    put(setting, "Kernel", type("Wrong", (Kernel,), methods))


# -- the edge's checks ----------------------------------------------------------------------------


@mutant
def first_check_counted_as_any_other(put: Put) -> None:
    def wrong(self: Any, endpoint: Any) -> None:
        endpoint.asked = True
        self._ask(endpoint)

    put(Belief, "_answered_first", wrong)


# -- the reconciler at the edge ---------------------------------------------------------------


@mutant
def drain_ignored(put: Put) -> None:
    put(stopping, "_drained", lambda one, fields, now_ns: None)


@mutant
def signal_before_the_drain_is_over(put: Put) -> None:
    right = stopping._drained

    def wrong(*args: Any) -> Any:
        found = right(*args)
        return found if found is not None and isinstance(found.step, RouteInstance) else None

    put(stopping, "_drained", wrong)


@mutant
def pre_stop_skipped_by_the_kubelet(put: Put) -> None:
    right = kubelet.stop_process

    def wrong(world: Any, pod: Any) -> None:
        fields = pod.fields
        pod.fields = {**fields, "stop.pre_stop": 0}
        right(world, pod)
        pod.fields = fields

    put(kubelet, "stop_process", wrong)


@mutant
def rollout_of_a_cluster_by_its_defaults(put: Put) -> None:
    def wrong(world: Any, thing: Any) -> dict[str, Any]:
        said = {p: v for p, v in thing.fields.items() if not p.startswith("rollout.")}
        return {**thing.defaults, **said}

    put(deployment, "settings", wrong)


# -- apps -------------------------------------------------------------------------------------


def _handler(put: Put, name: str, wrong: Any) -> None:
    handlers: Mapping[str, Any] = {**clock.HANDLERS, name: wrong}
    put(clock, "HANDLERS", handlers)


@mutant
def app_ends_with_requests_in_flight(put: Put) -> None:
    def wrong(world: Any, payload: Any) -> None:
        if life._current(world, payload):
            world.push(world.now_ns + payload[3], LIFE, "exit", (*payload[:2], 0, False))

    _handler(put, "drain", wrong)


@mutant
def what_is_in_flight_forgotten_at_the_end(put: Put) -> None:
    _kernel(put, cut=lambda self, *args: None)


# -- edges ------------------------------------------------------------------------------------


@mutant
def edge_never_hears_of_an_end(put: Put) -> None:
    right = Belief._register

    def wrong(self: Any, endpoint: Any, *, wanted: bool) -> None:
        if wanted:
            right(self, endpoint, wanted=wanted)

    put(Belief, "_register", wrong)


@mutant
def news_of_an_end_put_off_by_the_same_news(put: Put) -> None:
    right = Belief._register

    def wrong(self: Any, endpoint: Any, *, wanted: bool) -> None:
        endpoint.wanted = None
        right(self, endpoint, wanted=wanted)

    put(Belief, "_register", wrong)


def _asked(more_falls: int, more_rises: int) -> Any:
    right = Belief._ask

    def wrong(self: Any, endpoint: Any) -> None:
        rules = self.rules
        self.rules = replace(rules, fall=rules.fall + more_falls, rise=rules.rise + more_rises)
        right(self, endpoint)
        self.rules = rules

    return wrong


@mutant
def fall_off_by_one(put: Put) -> None:
    put(Belief, "_ask", _asked(1, 0))


@mutant
def rise_off_by_one(put: Put) -> None:
    put(Belief, "_ask", _asked(0, 1))


@mutant
def hanging_one_noticed_as_fast_as_a_refusing_one(put: Put) -> None:
    right = Belief._ask

    def wrong(self: Any, endpoint: Any) -> None:
        rules = self.rules
        self.rules = replace(rules, timeout=0) if endpoint.app == HANGS else rules
        right(self, endpoint)
        self.rules = rules

    put(Belief, "_ask", wrong)


@mutant
def new_one_counts_as_up(put: Put) -> None:
    right = routes.edge_of
    put(routes, "edge_of", lambda *args: replace(right(*args), new_is_up=True))


@mutant
def draining_one_still_given_requests(put: Put) -> None:
    right = Kernel.set_slot

    def wrong(self: Any, slot: int, edge: int, *rest: int) -> None:
        right(self, slot, UP if edge == DRAIN else edge, *rest)

    _kernel(put, set_slot=wrong)


@mutant
def refused_request_given_to_no_other(put: Put) -> None:
    right = Kernel.set_edge
    _kernel(put, set_edge=lambda self, tries, *rest, **more: right(self, 0, *rest, **more))


@mutant
def tie_to_an_instance_forgotten(put: Put) -> None:
    _kernel(put, stuck_to=lambda self, client, now_ns: -1)


# -- balancers --------------------------------------------------------------------------------


@mutant
def round_robin_skips_one(put: Put) -> None:
    right = Kernel.in_turn

    def wrong(self: Any, now_ns: int) -> int:
        right(self, now_ns)
        return right(self, now_ns)

    _kernel(put, in_turn=wrong)


@mutant
def round_robin_begins_anew_each_time(put: Put) -> None:
    def wrong(self: Any, now_ns: int) -> int:
        return next((s for s in list(self.ups)[: self.up_count] if self.may(s, now_ns)), -1)

    _kernel(put, in_turn=wrong)


@mutant
def weights_ignored(put: Put) -> None:
    _kernel(put, smooth_pick=Kernel.in_turn)


@mutant
def ip_hash_with_four_octets(put: Put) -> None:
    right = Kernel.ip_hash

    def wrong(self: Any, address: int, now_ns: int) -> int:
        return right(self, address ^ (address & 255) << 8, now_ns)

    _kernel(put, ip_hash=wrong)


def _by_connections(best: Any) -> Any:
    def wrong(self: Any, now_ns: int) -> int:
        ups = [s for s in list(self.ups)[: self.up_count] if self.may(s, now_ns)]
        return best(ups, key=lambda s: self.s_conns[s], default=-1)  # type: ignore[no-any-return]

    return wrong


@mutant
def least_connections_with_ties_to_the_first(put: Put) -> None:
    _kernel(put, least_connected=_by_connections(min))


@mutant
def most_connections_instead_of_least(put: Put) -> None:
    _kernel(put, least_connected=_by_connections(max))


@mutant
def random_choice_without_the_last(put: Put) -> None:
    def wrong(self: Any, now_ns: int) -> int:
        return self.ups[(self.draw() * max(self.up_count - 1, 1)) >> 32]  # type: ignore[no-any-return]

    _kernel(put, at_random=wrong)


# -- counting ---------------------------------------------------------------------------------


@mutant
def cut_not_counted(put: Put) -> None:
    def wrong(self: Any, record: int, now_ns: int) -> None:
        self.s_failed[self.r_slot[record]] += 1
        self.in_flight_total -= 1
        self.answer(record, now_ns)

    _kernel(put, lose=wrong)


@mutant
def retries_counted_twice(put: Put) -> None:
    right = Kernel.send

    def wrong(self: Any, record: int, now_ns: int) -> None:
        self.arrivals += 1 if self.r_tries[record] else 0
        right(self, record, now_ns)

    _kernel(put, send=wrong)


@mutant
def cut_sessions_not_counted(put: Put) -> None:
    right = Kernel.cut_session

    def wrong(self: Any, record: int, now_ns: int) -> None:
        slot, before = self.r_slot[record], self.sessions_cut
        right(self, record, now_ns)
        self.sessions_cut = before
        self.s_cut[slot] -= 1

    _kernel(put, cut_session=wrong)


@mutant
def state_that_outlives_its_instance(put: Put) -> None:
    _kernel(put, lose_states=lambda self, slot, now_ns: None)


@mutant
def sessions_tied_by_nothing(put: Put) -> None:
    right = Kernel.stuck_to

    def wrong(self: Any, client: int, now_ns: int) -> int:
        return right(self, client, now_ns) if client < self.everybody else -1

    _kernel(put, stuck_to=wrong)


@mutant
def moves_of_sessions_uncounted(put: Put) -> None:
    right = Kernel.keep

    def wrong(self: Any, session: int, slot: int, now_ns: int) -> None:
        before = self.s_moved[slot]
        right(self, session, slot, now_ns)
        self.s_moved[slot] = before

    _kernel(put, keep=wrong)


# -- autoscalers ------------------------------------------------------------------------------


@mutant
def replicas_rounded_down(put: Put) -> None:
    put(scaling, "_ceil", lambda value: value.numerator // value.denominator)


@mutant
def tolerance_ignored(put: Put) -> None:
    put(scaling, "within", lambda ratio: ratio == Fraction(1))


@mutant
def stabilisation_ignored(put: Put) -> None:
    put(scaling.Scaler, "_stabilised", lambda self, wish, replicas, now_ns: wish)


@mutant
def least_of_several_metrics(put: Put) -> None:
    def wrong(wishes: Any, replicas: int) -> int | None:
        return min((wish for wish in wishes if wish is not None), default=None)

    put(scaling, "most_of", wrong)


@mutant
def one_more_than_the_most(put: Put) -> None:
    right = scaling.Scaler._moved

    def wrong(self: Any, wanted: int, replicas: int, now_ns: int) -> int:
        return right(self, wanted + (wanted == self.most), replicas, now_ns)

    put(scaling.Scaler, "_moved", wrong)


@mutant
def terminating_pods_counted(put: Put) -> None:
    right = scaling.counting

    def wrong(pod: Any, now_ns: int, *, cpu: bool) -> Any:
        return right(replace(pod, deleted=False), now_ns, cpu=cpu)

    put(scaling, "counting", wrong)


@mutant
def cpu_of_pods_that_start_counted(put: Put) -> None:
    put(scaling, "_cpu_unready", lambda pod, now_ns: False)


# -- evictions ----------------------------------------------------------------------------------


@mutant
def evictions_without_asking_the_budget(put: Put) -> None:
    put(outage, "disruptions_allowed", lambda world, stack, key: None)


@mutant
def ending_pods_counted_as_healthy(put: Put) -> None:
    def wrong(world: Any, stack: str, key: Any) -> int | None:
        allowed = right(world, stack, key)
        ending = sum(pod.ready and pod.terminating for pod in world.of(stack, key))
        return None if allowed is None else allowed + ending

    right = outage.disruptions_allowed
    put(outage, "disruptions_allowed", wrong)


@mutant
def shares_of_a_budget_rounded_down(put: Put) -> None:
    put(outage, "amount_of", lambda value, total, *, up: amount_of(value, total, up=False))


@mutant
def refused_evictions_not_tried_again(put: Put) -> None:
    put(outage, "EVICT_AGAIN_NS", 10**18)
