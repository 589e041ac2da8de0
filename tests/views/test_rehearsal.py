"""A rehearsal as text and as a document."""

import json
from dataclasses import replace

import yaml
from inline_snapshot import snapshot

from reconciler.model.rehearsal import Assumption, CheckResult, Moment, Report, Run, Span
from reconciler.views.documents import written
from reconciler.views.lines import rendered
from reconciler.views.rehearsal import rehearsal_lines
from reconciler.views.rehearsal_document import rehearsal_document
from reconciler.views.rehearsal_facts import amount, checks_of, signed, verdict, when
from reconciler.views.rehearsal_runs import chosen, ready_steps, window
from reconciler.views.rehearsal_timeline import MOST_INSTANCES, timeline_lines
from tests.support import golden
from tests.views.rehearsals import FILE, HOSTILE, S, hostile, report, run


def text_of(made: Report, width: int | None = None) -> str:
    return rendered(rehearsal_lines(made, width=width), colour=False)


def test_a_report_tells_verdict_numbers_causes_assumptions_timeline_and_replay() -> None:
    golden.check("views/rehearsal.txt", text_of(report()))


def test_colour_changes_nothing_but_the_colour() -> None:
    from rich.text import Text

    coloured = rendered(rehearsal_lines(report()), colour=True)
    assert "\x1b[1;31mdoes not hold\x1b[0m" in coloured
    plain = text_of(report()).splitlines()
    assert [t.rstrip() for t in Text.from_ansi(coloured).plain.splitlines()] == plain


def test_the_verdict_comes_first_and_the_replay_last() -> None:
    lines = text_of(report(grace_s=45)).splitlines()
    assert lines[:2] == snapshot(
        [
            "holds: shop since main~1",
            "  all checks held in 12 runs; of all that could be, at most 22% would fail "
            "(95% confidence)",
        ]
    )
    assert lines[-1].startswith("replay the worst run: reconciler rehearse ")


def test_no_line_is_wider_than_the_terminal() -> None:
    for width in (80, 100, 140):
        assert max(map(len, text_of(report(), width).splitlines())) <= width


def test_no_line_is_wider_than_the_terminal_and_nothing_is_cut() -> None:
    made = report()
    long = Assumption("frontend: what runs drains for as long as the state says", "1m2s", "assumed")
    said = Moment(61 * S, "fault", "node_partition of node/a, lasting 2m, which nobody reaches "
                  "from then on, and whose processes live on")  # fmt: skip
    worst = replace(made.worst, moments=(*made.worst.moments, said), idle=("crash " * 30,))
    wide = [
        replace(each, arrivals=10**9, served=10**9 - each.dropped_total, sessions_begun=10**6)
        for each in worst.services
    ]
    runs = (replace(worst, services=tuple(wide)),)
    big = replace(made.figures[0], p90=1e9, most=1e9, mean=123456, low=1e5, high=2e5)
    made = replace(made, runs=runs, assumptions=(long,), replay="", figures=(big,))
    for width in (80, 100):
        lines = text_of(made, width).splitlines()
        assert max(map(len, lines)) <= width
        assert "…" not in "".join(lines)
    assert "P90" not in text_of(made, 80) and "P90" in text_of(made, 100)


def test_the_value_of_a_check_is_the_worst_of_all_runs() -> None:
    def of(seed: int, dropped: int, cut: int) -> Run:
        found = {"dropped <= 0": dropped, "sessions_cut <= 0": cut}
        checks = (CheckResult(text, not n, str(n), n) for text, n in found.items())
        return replace(run(seed), checks=tuple(checks))

    made = replace(report(1), runs=(of(1, 9, 3), of(2, 4, 5), of(3, 0, 0)), worst_seed=1)
    found = {check.text: (check.value, check.seed, check.failed) for check in checks_of(made)}
    assert found == {"dropped <= 0": ("9", 1, 2), "sessions_cut <= 0": ("5", 2, 2)}


def test_what_was_assumed_is_told_before_what_is_known() -> None:
    text = text_of(report())
    assert 0 < text.index("values assumed") < text.index("values given")
    assert text.index("values given") < text.index("values measured")


def test_a_cause_names_its_field_its_place_and_the_fix() -> None:
    text = text_of(report())
    assert f"--> {FILE}:24:33  services.web.termination.grace" in text
    assert "fix: let grace be at least pre_stop + drain + 15s" in text


def test_what_must_never_happen_fails_a_report_whose_checks_all_hold() -> None:
    good = report(2, grace_s=45)
    bad = replace(good.runs[0], violations=("two of a singleton at once",))
    made = replace(good, runs=(bad, good.runs[1]))
    assert verdict(made) == snapshot("1 that must never happen did, in 1 of 2 runs")
    assert "happened" in text_of(made)


def test_a_run_that_does_not_converge_is_counted() -> None:
    made = report(2, grace_s=45)
    late = replace(made.runs[0], converged_ns=None, verdict="not converged")
    text = text_of(replace(made, runs=(late, made.runs[1])))
    assert "time to convergence  1      of 2 runs did not converge" in text
    assert "not converged in 1 run\n" in text


def test_what_is_short_does_not_vanish_from_the_timeline() -> None:
    made = run(grace_s=45)
    blink = Span("db", "shop-db-0-11aa22-1", "11aa22", "unready", 80 * S, 80 * S + 1)
    text = rendered(timeline_lines(replace(made, spans=(*made.spans, blink))), colour=False)
    row = next(line for line in text.splitlines() if "shop-db-0" in line)
    assert row.count("!") == 1


def test_capacity_below_the_floor_is_marked_where_it_is() -> None:
    made = run(grace_s=45)
    web = replace(made.services[0], floor=4)
    text = rendered(timeline_lines(replace(made, services=(web,))), colour=False)
    below = next(line for line in text.splitlines() if "below floor" in line)
    ready = next(line for line in text.splitlines() if line.startswith("  ready "))
    assert {ready[i] for i, mark in enumerate(below) if mark == "^"} == {"3"}


def test_a_timeline_of_a_hundred_instances_shows_some_and_says_so() -> None:
    made = run(replicas=100)
    text = rendered(timeline_lines(made), colour=False)
    web = {span.instance for span in made.spans if span.service == "web"}
    assert text.count("\n  shop-web-") == MOST_INSTANCES
    assert f"and {len(web) - MOST_INSTANCES} more instances" in text


def test_the_ready_count_follows_from_the_instances() -> None:
    made = run(grace_s=45)
    steps = ready_steps(made, made.services[0])
    assert steps[0] == (0, 3)
    assert {count for _, count in steps} == {3, 4}


def test_the_picture_leaves_out_the_time_in_which_nothing_happens() -> None:
    from_ns, to_ns = window(run(grace_s=45))
    assert 50 * S < from_ns < 60 * S
    assert to_ns < 200 * S


def test_of_many_runs_the_worst_the_median_and_the_best_are_chosen() -> None:
    made = report(30)
    for most in (3, 4, 9, 30, 40):
        picked = chosen(made, most)
        names = [name for _, name in picked if name]
        assert names == ["worst", "median", "best"]
        assert len(picked) == min(most, 30)
        assert picked[0][0].seed == made.worst_seed


def test_of_one_run_there_is_only_the_worst() -> None:
    assert [name for _, name in chosen(report(1), 9)] == ["worst"]


def test_numbers_are_told_in_their_units() -> None:
    told = [amount(1284, ""), amount(23.5, ""), amount(9.24, "s"), amount(112, "s"),
            amount(312.4, "ms"), amount(1250, "ms"), amount(73, "%"), signed(3, ""),
            signed(-2.5, "s"), signed(0, "")]  # fmt: skip
    assert told == snapshot(
        ["1,284", "23.5", "9.2s", "1m52s", "312ms", "1.25s", "73%", "+3", "−2.5s", "0"]
    )
    assert [when(0), when(12_300_000_000), when(65 * S), when(3725 * S)] == snapshot(
        ["0s", "12.3s", "1m05s", "1h02m05s"]
    )


# -- for machines -----------------------------------------------------------------------------


def test_the_document_names_its_version_and_is_the_same_in_both_forms() -> None:
    made = rehearsal_document(report(3))
    assert made["format"] == "reconciler.rehearsal/1"
    assert json.loads(written(made, "json")) == yaml.safe_load(written(made, "yaml"))


def test_the_document_has_every_run_and_the_timeline_of_the_worst() -> None:
    source = report(3)
    made = json.loads(written(rehearsal_document(source), "json"))
    assert [each["seed"] for each in made["by_seed"]] == [0, 1, 2]
    assert made["timeline"]["seed"] == made["worst_seed"] == source.worst_seed
    assert len(made["timeline"]["spans"]) == len(source.worst.spans)
    cause = made["causes"][0]
    assert cause["position"] == {"file": FILE, "line": 24, "column": 33}
    assert (cause["runs"], cause["path"]) == (3, "services.web.termination.grace")
    services = [run["services"][0] for run in made["by_seed"]]
    assert all(s["arrivals"] == s["served"] + sum(s["dropped"].values()) for s in services)


def test_control_characters_of_a_users_file_reach_no_terminal() -> None:
    nasty = replace(report(1), title="a\x1b[2Jb")
    assert "\x1b[2J" not in rendered(rehearsal_lines(nasty), colour=True)
    assert HOSTILE.splitlines()[0] in text_of(hostile())
