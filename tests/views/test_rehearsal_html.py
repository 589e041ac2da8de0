"""The page of a rehearsal: alone, well formed, and with nothing of a user's file as markup."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from reconciler.model.rehearsal import Moment, Report, Run, Slice
from reconciler.views.rehearsal_comparison_html import comparison_html
from reconciler.views.rehearsal_embedded import MOST_RUNS, embedded
from reconciler.views.rehearsal_graph import graph_svg, layers
from reconciler.views.rehearsal_html import rehearsal_html
from reconciler.views.rehearsal_markup import el, page
from tests.views.rehearsals import EDGES, HOSTILE, hostile, report, run

VOID = {"meta", "input", "br"}
SVG = {"svg", "g", "line", "path", "rect", "circle", "text", "title", "desc"}


class Reader(HTMLParser):
    """Collects elements, and asserts that each is closed where it should be."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in SVG, f"<{tag}/> closes itself only in SVG"
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts[self.open[-1]] = self.texts.get(self.open[-1], "") + data


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


def compared() -> str:
    return comparison_html(report(3), report(3, grace_s=45))


PAGES: list[Callable[[], str]] = [
    lambda: rehearsal_html(report(3)),
    lambda: rehearsal_html(report(1, grace_s=45)),
    lambda: rehearsal_html(hostile()),
    compared,
    lambda: comparison_html(hostile(), hostile()),
]


@pytest.mark.parametrize("made", PAGES)
def test_a_page_is_well_formed_and_asks_for_nothing(made: Callable[[], str]) -> None:
    text = made()
    reader = read(text)
    assert text.startswith("<!doctype html>")
    assert not [tag for tag, _ in reader.seen if tag in ("link", "img", "iframe", "object")]
    assert not [a for _, a in reader.seen if a.keys() & {"src", "href", "style", "onclick"}]
    addresses = set(re.findall(r"https?://[^\s\"'<]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}
    assert "@import" not in text
    assert all(address.startswith("#") for address in re.findall(r"url\(([^)]*)\)", text))


def test_texts_of_a_users_file_are_never_markup() -> None:
    reader = read(rehearsal_html(hostile()))
    scripts = [attributes for tag, attributes in reader.seen if tag == "script"]
    assert [attributes.get("type") for attributes in scripts] == ["application/json", None]
    assert HOSTILE in reader.texts["h1"]
    assert HOSTILE in reader.texts["code"]


def test_the_policy_lets_only_the_pages_own_script_and_style_run() -> None:
    reader = read(rehearsal_html(report(1)))
    policy = next(a["content"] for _, a in reader.seen if "http-equiv" in a)
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    import base64
    import hashlib

    digest = hashlib.sha256(reader.texts["style"].encode()).digest()
    assert base64.b64encode(digest).decode() in policy


def test_the_embedded_runs_are_json_whatever_their_texts_are() -> None:
    text = rehearsal_html(hostile())
    raw = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert raw is not None
    assert not set("<>&\u2028") & set(raw[1])
    data = json.loads(raw[1])
    assert data["reports"][0]["runs"][0]["services"][0]["name"] == HOSTILE


def test_a_large_report_keeps_a_few_runs_and_says_so() -> None:
    made = report(40)
    assert len(embedded([made])["seeds"]) == MOST_RUNS
    assert f"{MOST_RUNS} of 40 runs are in this page" in rehearsal_html(made)
    assert "runs are in this page" not in rehearsal_html(report(3))


def test_runs_of_thousands_of_spans_keep_the_page_small() -> None:
    big = [replace(each, spans=each.spans * 200) for each in report(20).runs]
    made = replace(report(20), runs=tuple(big))
    assert len(embedded([made])["seeds"]) < MOST_RUNS


def test_a_page_of_a_hundred_instances_services_and_faults_all_day_stays_small() -> None:
    """A run has at most so many spans, and 240 slices of each service; moments have no end."""
    one = report(12).runs[0]
    span = one.spans[0]
    spans = tuple(
        replace(span, instance=f"web-{n % 100}", from_ns=n * 10**9, to_ns=(n + 1) * 10**9)
        for n in range(4_000)
    )
    slices = tuple(Slice(n * 360 * 10**9, 100, 36_000, n % 2, 50, 1) for n in range(240))
    services = tuple(replace(one.services[0], service=f"web-{n}", slices=slices) for n in range(30))
    moments = tuple(Moment(n * 10**9, "fault", f"web-{n} crashes") for n in range(20_000))
    end = Moment(86_400 * 10**9, "verdict", "all is as wanted")
    runs = tuple(
        replace(each, spans=spans, moments=(*moments, end), services=services)
        for each in report(12).runs
    )
    made = replace(report(12), runs=runs)
    text = rehearsal_html(made)
    assert len(text.encode()) < 2_000_000
    first = embedded([made])["reports"][0]["runs"][0]
    assert first["moments"][-1][2] == "all is as wanted"


@pytest.mark.parametrize("made", [rehearsal_html, lambda one: comparison_html(one, report(2))])
def test_the_faults_that_matter_are_told(made: Callable[[Report], str]) -> None:
    failing = replace(report(2), faults=("crash of service/web at 40s", HOSTILE))
    text = made(failing)
    assert "<li>crash of service/web at 40s</li>" in text and HOSTILE not in text
    assert "none: it fails without them" in made(replace(failing, faults=()))
    assert "fails by" not in made(report(2))


def test_two_reports_are_shown_by_the_same_seeds() -> None:
    data = embedded([report(5), report(5, grace_s=45)])
    seeds = [[each["seed"] for each in made["runs"]] for made in data["reports"]]
    assert seeds[0] == seeds[1] == [seed for seed, _ in data["seeds"]]


def test_a_report_without_spans_traffic_or_graph_has_a_page_too() -> None:
    bare = Report("bare", (), (Run(0, "", "converged", 10**9, 0, 0),), (), (), (), (), ())
    for text in (rehearsal_html(bare), comparison_html(bare, bare)):
        assert "bare" in read(text).texts["h1"]


def test_every_state_has_a_colour_and_a_pattern_of_its_own() -> None:
    import reconciler.views

    folder = Path(reconciler.views.__file__).parent / "page"
    style = (folder / "page.css").read_text()
    for state in ("waiting", "starting", "unready", "draining", "down"):
        assert f".s-{state} {{ fill: url(#p-{state})" in style
    assert ".s-ready { fill: var(--ready)" in style
    assert "prefers-color-scheme: dark" in style
    assert "@media print" in style


def test_what_is_filled_in_is_not_looked_at_for_more_to_fill_in() -> None:
    assert "{{style}}" in page("t", el("p", "{{style}}"), {})


# -- the graph ---------------------------------------------------------------------------------


def test_a_node_stands_right_of_all_that_it_needs() -> None:
    columns, ways = layers((), EDGES)
    level = {spot: number for number, column in enumerate(columns) for spot in column}
    assert all(level[need] < level[name] for name, need, _ in EDGES)
    assert all([level[spot] for spot in way] == list(range(level[way[0]], level[way[-1]] + 1))
               for way, _ in ways)  # fmt: skip


def test_a_ring_which_no_plan_has_is_drawn_all_the_same() -> None:
    ring = (("a", "b", "exists"), ("b", "a", "exists"))
    assert "<svg" in graph_svg(("a", "b"), ring, ())


def test_a_service_that_is_blamed_is_outlined() -> None:
    made = graph_svg(("service/web",), (), ("service/web",))
    assert 'class="node bad"' in made
    assert 'class="node bad"' not in graph_svg(("service/web",), (), ())


def test_a_run_is_embedded_with_its_instances_in_order() -> None:
    made = replace(report(1), runs=(run(replicas=12),))
    rows = embedded([made])["reports"][0]["runs"][0]["services"][0]["instances"]
    old = [int(name.split("-")[2]) for name, revision, *_ in rows if revision == "4f1c9a"]
    assert old == list(range(12))
