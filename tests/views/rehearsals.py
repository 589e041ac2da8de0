"""Reports as rehearsals of a rolling update make them, from a few lines of arithmetic.

`report()` loses what a grace that is too short would cut; `report(grace_s=45)` is mended.
"""

import random
from dataclasses import replace
from typing import Any

from reconciler.model.diagnostic import Position
from reconciler.model.rehearsal import (
    Assumption,
    Cause,
    CheckResult,
    Figure,
    Moment,
    Report,
    Run,
    ServiceRun,
    Slice,
    Span,
)  # fmt: skip
from reconciler.model.statistics import figure

S = 1_000_000_000
MS = 1_000_000
FILE = "state/shop.yaml"
LASTS_S = 300
DRAIN_S = 30
RATE = 200


class _Roll:
    """One service rolled from one revision to the next, one instance at a time."""

    def __init__(self, name: str, replicas: int, grace_s: int, draw: random.Random) -> None:
        self.name, self.replicas, self.grace_s, self.draw = name, replicas, grace_s, draw
        self.spans: list[Span] = []
        self.moments: list[Moment] = []
        self.killed: list[tuple[float, int, int]] = []  # when, requests, sessions
        self.done_s = 0.0

    def roll(self, begin_s: float) -> None:
        now_s = begin_s
        for ordinal in range(self.replicas):
            now_s += 0.4 + self.draw.random()
            old, new = (self._instance(ordinal, revision) for revision in ("4f1c9a", "b07e33"))
            ready_s = now_s + 1.2 + self.draw.uniform(6, 11)
            self._span(new, "waiting", now_s, now_s + 1.2)
            self._span(new, "starting", now_s + 1.2, ready_s)
            self._span(new, "ready", ready_s, LASTS_S)
            self._span(old, "ready", 0, ready_s + 0.3)
            ends_s = ready_s + 0.3 + min(DRAIN_S + 2, self.grace_s)
            self._span(old, "draining", ready_s + 0.3, ends_s)
            self._span(old, "down", ends_s, ends_s + 1)
            self.moments.append(Moment(int(ready_s * S), "rollout", f"{new} is ready", self.name))
            if self.grace_s < DRAIN_S + 15:
                lost, sessions = self.draw.randint(3, 14), self.draw.randint(1, 5)
                self.killed.append((ends_s, lost, sessions))
                text = f"{old} is killed with {lost} requests in flight"
                self.moments.append(Moment(int(ends_s * S), "drop", text, self.name))
            now_s, self.done_s = ready_s + 0.3, ends_s + 1

    def _instance(self, ordinal: int, revision: str) -> str:
        return f"shop-{self.name}-{ordinal}-{revision}-1"

    def _span(self, name: str, state: Any, from_s: float, to_s: float) -> None:
        if from_s >= LASTS_S:
            return
        revision, node = name.split("-")[3], f"node-{'ab'[int(name.split('-')[2]) % 2]}"
        end_ns = int(min(to_s, LASTS_S) * S)
        self.spans.append(Span(self.name, name, revision, state, int(from_s * S), end_ns, node))

    def service(self, begin_s: int) -> ServiceRun:
        slices, step_s, sessions = [], 2.5, 40
        for step in range(int(LASTS_S / step_s)):
            at_s = step * step_s
            ready = sum(s.state == "ready" and s.from_ns <= at_s * S < s.to_ns for s in self.spans)
            within = [k for k in self.killed if at_s <= k[0] < at_s + step_s]
            dropped, cut = sum(k[1] for k in within), sum(k[2] for k in within)
            sessions += self.draw.randint(-2, 2) - cut
            served = int(RATE * step_s + self.draw.gauss(0, 18)) - dropped
            slices.append(Slice(int(at_s * S), ready, served, dropped, max(sessions, 0), cut))
        served, dropped, cut = (
            sum(getattr(s, name) for s in slices) for name in ("served", "dropped", "sessions_cut")
        )
        p99 = int(self.draw.uniform(180, 260) * MS)
        return ServiceRun(
            self.name, served + dropped, served, 0, {"cut": dropped} if dropped else {}, 0,
            sessions + cut + 61, 61, cut, 0, sessions,
            {"p50": p99 // 9, "p99": p99, "max": 3 * p99},
            self.replicas, self.replicas, self.replicas, self.replicas + 2, self.replicas,
            cpu_peak_percent=self.draw.randint(61, 74), slices=tuple(slices),
        )  # fmt: skip


def run(seed: int = 0, *, replicas: int = 3, grace_s: int = 30, name: str = "web") -> Run:
    """One seed's run."""
    draw = random.Random(seed)
    roll = _Roll(name, replicas, grace_s, draw)
    roll.roll(60)
    service = roll.service(60)
    db = Span("db", "shop-db-0-11aa22-1", "11aa22", "ready", 0, LASTS_S * S, "node-a")
    requests, sessions = service.dropped_total, service.sessions_cut
    causes = (cause(name, requests, sessions, roll),) if requests or sessions else ()
    took_ns = int((roll.done_s - 60) * S)
    moments = [Moment(60 * S, "change", "the desired state changes")]
    moments += sorted(roll.moments, key=lambda m: m.at_ns)
    moments.append(Moment(60 * S + took_ns, "verdict", "converged"))
    checks = (
        CheckResult("dropped <= 0", requests == 0, str(requests)),
        CheckResult("sessions_cut <= 0", sessions == 0, str(sessions)),
        CheckResult(f"available({name}) >= {replicas}", True, str(replicas)),
        CheckResult("converged within 5m", True, f"after {took_ns // S}s"),
    )
    database = ServiceRun("db", wanted=1, floor=1, least_ready=1, most_instances=1, replicas_last=1)
    return Run(
        seed, f"{seed:016x}", "converged", LASTS_S * S, 60 * S, took_ns, (service, database),
        causes, (*roll.spans, db), tuple(moments), checks,
        budgets={"connections": (10.0 * (replicas + 1), 100.0)}, events=4 * service.arrivals,
    )  # fmt: skip


def cause(name: str, requests: int, sessions: int, roll: _Roll) -> Cause:
    instances = tuple(span.instance for span in roll.spans if span.state == "draining")
    return Cause(
        "R622", name,
        "requests in flight are cut by the kill after 30s of grace, while the app drains for up "
        "to 30s after pre_stop",
        "let grace be at least pre_stop + drain + 15s",
        requests, sessions, f"services.{name}.termination.grace", Position(FILE, 24, 33),
        int(roll.killed[0][0] * S), instances,
    )  # fmt: skip


ASSUMPTIONS = (
    Assumption("web: time until it answers", "8s", "assumed"),
    Assumption("web: on the stop signal it will", "refuse", "assumed"),
    Assumption("web: longest it finishes what is in flight", "30s", "given"),
    Assumption("web: requests", "poisson 200", "given"),
    Assumption("web: time of a request", "140 values", "measured"),
)
EDGES = (
    ("service/web", "service/db", "healthy"), ("service/web", "config/settings", "exists"),
    ("service/web", "network/default", "exists"), ("service/db", "network/default", "exists"),
    ("service/db", "volume/data", "exists"), ("route/shop", "service/web", "started"),
)  # fmt: skip


def figures(runs: list[Run]) -> tuple[Figure, ...]:
    """As the statistics of a rehearsal name them."""
    first = runs[0].services[0]

    def of(name: str, unit: str, value: Any) -> Figure:
        return figure(name, unit, {r.seed: value(r.services[0], r) for r in runs}, 0)

    return (
        of("requests dropped", "", lambda s, r: s.dropped_total),
        of("sessions cut", "", lambda s, r: s.sessions_cut),
        of("sessions moved", "", lambda s, r: s.sessions_moved),
        of("time to convergence", "s", lambda s, r: r.converged_ns / S),
        of(f"{first.service}: least ready", "", lambda s, r: s.least_ready),
        of(f"{first.service}: most instances", "", lambda s, r: s.most_instances),
        of(f"{first.service}: p50", "ms", lambda s, r: s.latency_ns["p50"] / MS),
        of(f"{first.service}: p99", "ms", lambda s, r: s.latency_ns["p99"] / MS),
        of(f"{first.service}: cpu peak", "%", lambda s, r: s.cpu_peak_percent),
    )


def report(seeds: int = 12, title: str = "shop since main~1", **given: Any) -> Report:
    """A rehearsal of `seeds` runs; `given` goes to each of them."""
    runs = [run(seed, **given) for seed in range(seeds)]
    worst = max(runs, key=lambda r: (r.services[0].dropped_total, -r.seed))
    found = [c for r in runs for c in r.causes]
    total = [
        replace(
            found[0],
            requests=sum(c.requests for c in found),
            sessions=sum(c.sessions for c in found),
        )
    ] if found else []  # fmt: skip
    edges = EDGES
    nodes = tuple(dict.fromkeys(name for a, b, _ in edges for name in (a, b)))
    return Report(
        title, ("-/+ service/web: image is web:2 and not web:1",), tuple(runs), figures(runs),
        tuple(total), ASSUMPTIONS, nodes, edges, worst.seed,
        f"reconciler rehearse state/shop.yaml --from main~1 --seed {worst.seed}",
    )  # fmt: skip


HOSTILE = "<script>alert('&\"')</script>\u2028]]>"


def hostile() -> Report:
    """Every text that can come from a user's file tries to be markup."""
    made = report(3)
    bad = [
        replace(
            each, verdict=HOSTILE,
            services=tuple(replace(s, service=HOSTILE) for s in each.services),
            spans=tuple(replace(s, service=HOSTILE, instance=HOSTILE + s.instance, node=HOSTILE,
                                revision=HOSTILE) for s in each.spans),
            moments=tuple(replace(m, text=HOSTILE) for m in each.moments),
            checks=tuple(replace(c, text=HOSTILE, value=HOSTILE) for c in each.checks),
            violations=(HOSTILE,), budgets={HOSTILE: (2.0, 1.0)},
        )
        for each in made.runs
    ]  # fmt: skip
    position = Position(HOSTILE, 1)
    return replace(
        made, title=HOSTILE, plan=(HOSTILE,), runs=tuple(bad), replay=HOSTILE, nodes=(HOSTILE, "b"),
        edges=((HOSTILE, "b", HOSTILE),), assumptions=(Assumption(HOSTILE, HOSTILE, "assumed"),),
        figures=tuple(replace(f, name=HOSTILE + f.name, unit=HOSTILE) for f in made.figures),
        causes=tuple(replace(c, code=HOSTILE, service=HOSTILE, text=HOSTILE, fix=HOSTILE,
                             path=HOSTILE, position=position) for c in made.causes),
    )  # fmt: skip
