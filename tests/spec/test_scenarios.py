"""From a scenario's file to the states that it passes through."""

import pickle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.diagnostic import DiagnosticsError
from reconciler.model.scenario import Rate, Scenario, Spread
from reconciler.model.stack import Stack
from reconciler.model.units import NS_PER_MS, NS_PER_S
from reconciler.spec.scenario_codes import SCENARIO_CODES
from reconciler.spec.scenario_faults import CALLS
from reconciler.spec.scenarios import load_scenario
from tests.spec.helpers import at
from tests.spec.scenes import STATE, found_in, refused, scene

ROOT = Path(__file__).parents[2]
SIMS = sorted((ROOT / "sims").rglob("*.yaml"))


def image(stack: Stack | None, name: str = "web") -> str:
    assert stack is not None
    return stack.declared.services[name].image or ""


@pytest.mark.parametrize("path", SIMS, ids=lambda path: path.name)
def test_the_scenarios_of_this_repository_load_without_a_warning(path: Path) -> None:
    assert load_scenario(path, env={}).warnings == ()


# -- states --------------------------------------------------------------------------------------


def test_each_change_builds_on_those_before_it(tmp_path: Path) -> None:
    loaded = scene(tmp_path, """\
        set: {services.web.pull: never}
        changes:
          - {at: 10s, set: {services.web.image: "web:2"}}
          - {at: 20s, environment: big}
          - {at: 30s, set: {services.db: null}}
          - {at: 40s, destroy: true}
          - {at: 50s, state: ../other.yaml, environment: ""}
        """)  # fmt: skip
    assert [at_ns // NS_PER_S for at_ns, _ in loaded.after] == [10, 20, 30, 40, 50]
    first, second, third, fourth, fifth = (stack for _, stack in loaded.after)
    assert (image(loaded.start), image(first)) == ("web:1", "web:2")
    assert second is not None and second.declared.services["web"].replicas == 5
    assert image(second) == "web:2"
    assert third is not None and sorted(third.declared.services) == ["web"]
    assert fourth is None
    assert fifth is not None and sorted(fifth.declared.services) == ["new", "web"]
    assert image(fifth) == "web:2"
    pulls = {s.declared.services["web"].pull for s in (loaded.start, first, fifth) if s}
    assert pulls == {"never"}


def test_variables_choose_and_those_given_by_hand_go_first(tmp_path: Path) -> None:
    text = "variables: {TAG: 2}"
    assert image(scene(tmp_path, text).start) == "web:2"
    assert image(scene(tmp_path, text, variables={"TAG": "3"}).start) == "web:3"


def test_placeholders_in_what_is_set_are_filled_as_in_the_state(tmp_path: Path) -> None:
    text = "set: {services.web.image: 'other:${TAG}'}"
    assert image(scene(tmp_path, text, variables={"TAG": "7"}).start) == "other:7"


def test_secrets_stay_closed_and_nobody_is_told(tmp_path: Path) -> None:
    loaded = scene(tmp_path, "set: {services.web.secrets: [key]}")
    assert loaded.warnings == ()
    assert loaded.start.declared.secrets["key"].digest == ""


def test_files_that_a_scenario_names_count_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "sims").mkdir()
    (tmp_path / "sims" / "motd.txt").write_text("from the scenario")
    loaded = scene(tmp_path, "set: {configs.motd: {file: motd.txt}}")
    config = loaded.start.declared.configs["motd"]
    assert loaded.contents.read_config("motd", config) == b"from the scenario"


def test_what_is_set_is_blamed_on_the_scenario_and_the_rest_on_the_state(tmp_path: Path) -> None:
    loaded = scene(tmp_path, """\
        set:
          services.web.routing.affinity: {by: cookie}
          services.web.replicas: null
        changes: [{at: 1s, set: {services.web.image: x}}]
        """)  # fmt: skip
    positions = loaded.start.positions

    def where(*path: str, stack: Stack | None = None) -> tuple[str, int]:
        found = (stack.positions if stack else positions).find(("services", "web", *path))
        assert found is not None
        return Path(found.file).name, found.line

    assert where("routing", "affinity", "by") == ("s.yaml", 3)
    assert where("routing", "port") == ("state.yaml", 7)
    assert where("replicas") == ("s.yaml", 4)
    assert where("image") == ("state.yaml", 5)
    assert where("image", stack=loaded.after[0][1]) == ("s.yaml", 5)


def test_a_scenario_knows_where_its_own_fields_stand(tmp_path: Path) -> None:
    loaded = scene(tmp_path, "traffic:\n- service: web\n  rate: {poisson: 1}\n")
    found = loaded.positions.find(("traffic", 0, "rate", "poisson"))
    assert found is not None and (found.line, found.column) == (4, 10)


def test_a_time_alone_is_a_constant_one(tmp_path: Path) -> None:
    loaded = scene(
        tmp_path, "traffic: [{service: web, rate: {poisson: 2}, service_time: 20ms}]"
    ).scenario
    assert loaded.traffic[0].service_time == Spread(constant=20 * NS_PER_MS)
    assert loaded.traffic[0].rate == Rate(poisson=2)


def test_a_loaded_scenario_travels_to_another_process(tmp_path: Path) -> None:
    loaded = scene(tmp_path, "changes: [{at: 1s, set: {services.web.image: x}}]")
    again = pickle.loads(pickle.dumps(loaded))
    assert again.scenario == loaded.scenario
    assert again.after[0][1].declared == loaded.after[0][1].declared  # type: ignore[union-attr]
    path = ("services", "web", "image")
    assert again.after[0][1].positions.find(path).line == 2


# -- findings ------------------------------------------------------------------------------------

SHOWN = {
    "R606": "traffic: [{service: web, rate: {poisson: 1, constant: 1}}]",
    "R607": "traffic: [{service: wbe, rate: {poisson: 1}}]",
    "R608": "checks: [dropped]",
    "R609": "checks: [sessions_cut <= 0]",
    "R610": "changes: [{at: 1s}]",
    "R611": "changes: [{at: 2s, set: {services.web.image: x}}, {at: 1s, destroy: true}]",
    "R612": "set: {services.wbe.image: x}",
    "R613": "set: {services.web.hostname: null}",
    "R614": "changes: [{at: 1h, destroy: true}]",
    "R615": "faults: [{kind: crash, at: 1s}]",
    "R616": "traffic: [{service: web, rate: {log: nowhere}}]",
    "R619": "traffic: [{service: db, rate: {poisson: 1}}]",
    "R648": "kubernetes_version: '9.99'",
    "R649": "edge: {kind: kube-proxy, retries: 3}",
    "R620": "nodes: {n: {count: 20000}}",
}  # fmt: skip
WARNINGS = {"R609", "R613", "R619"}
# No file at all, and what only reading a log shows: below, and with the logs.
ELSEWHERE = {"R605", "R617", "R618"}


@pytest.mark.parametrize("code", SHOWN)
def test_the_code_is_shown_by_its_smallest_scenario(code: str, tmp_path: Path) -> None:
    found = found_in(tmp_path, SHOWN[code])
    assert [each.code for each in found] == [code]
    assert (found[0].severity == "warning") == (code in WARNINGS)
    assert found[0].hint and found[0].position is not None
    assert found[0].position.line == 2


def test_every_code_is_shown_and_says_what_to_do() -> None:
    assert {*SHOWN, *ELSEWHERE} == set(SCENARIO_CODES)
    for entry in SCENARIO_CODES.values():
        assert entry.explanation.endswith(".") and not entry.fix.endswith(".")


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("traffic: [{service: web, rate: {}}]", "R606", "nothing is said"),
        ("traffic: [{service: web, rate: {low: 1}}]", "R606", "low without high"),
        ("traffic: [{service: web, rate: {low: 1, burst: 2}}]", "R606", "do not go together"),
        ("traffic: [{service: web}]", "R606", "sends nothing"),
        ("traffic: [{service: web, rate: {poisson: 1}, clients: {think: 1s}}]", "R606", "no rate"),
        ("traffic: [{service: web, rate: {poisson: 1}, service_time: {median: 1s}}]",
         "R606", "median without p99"),
        ("traffic: [{service: web, rate: {poisson: 0}}]", "R116", "0 a second"),
        ("traffic: [{service: web, rate: {poisson: .nan}}]", "R116", "nan a second"),
        ("traffic: [{service: web, rate: {constant: -1}}]", "R116", "-1 a second"),
        ("traffic: [{service: web, rate: {low: 3, high: 2}}]", "R116", "low is above high"),
        ("traffic: [{service: web, rate: {base: 0, burst: 2, every: 1s}}]", "R116", "next one"),
        ("traffic: [{service: web, rate: {poisson: 1}, service_time: {exponential: 0}}]",
         "R116", "longer than nothing"),
        ("traffic: [{service: web, rate: {poisson: 1}, service_time: {median: 2s, p99: 1s}}]",
         "R116", "below the median"),
        ("traffic: [{service: web, rate: {poisson: 1}, clients: {count: 0}}]", "R116", "below 1"),
        ("traffic: [{service: web, rate: {poisson: 1}, clients: {network: '::/0'}}]",
         "R115", "not a network"),
        ("traffic: [{service: web, rate: {poisson: 1}}, {service: web, rate: {poisson: 1}}]",
         "R119", "listed twice"),
        ("traffic: [{service: web, rate: {log: .}}]", "R616", "a directory"),
        ("work: [{service: web, rate: {poisson: 1}, service_time: 1s, metric: qeued}]",
         "R607", "no metric of web"),
        ("work: [{service: web, rate: {poisson: 1}, service_time: 1s, most: 0}]",
         "R116", "below 1"),
        ("edge: {kind: haproxy, fall: 0}", "R116", "edge.fall: 0 is below 1"),
        ("edge: {kind: caddy}", "R114", "none of nginx"),
        ("behaviour: {webb: {ready: 1s}}", "R607", "no service 'webb'"),
        ("behaviour: {web: {concurrency: 0}}", "R116", "below 1"),
        ("behaviour: {web: {needs: {kafak: exit}}}", "R607", "no external 'kafak'"),
        ("behaviour: {web: {speeds: [3, 0]}}", "R116", "speeds[1]: 0 is not from 0.01 to 100"),
        ("behaviour: {web: {speeds: [.nan]}}", "R116", "speeds[0]: nan is not from"),
        ("behaviour: {web: {limit: {requests: 0}}}", "R116", "limit.requests: 0 is below 1"),
        ("behaviour: {web: {limit: {requests: 9, per: 0s}}}", "R116", "longer than nothing"),
        ("behaviour: {web: {limit: {requests: 9, burst: 0}}}", "R116", "limit.burst: 0 is below 1"),
        ("behaviour: {web: {limit: {requests: 2000, per: 1us}}}", "R116", "a nanosecond"),
        ("behaviour: {web: {limit: {burst: 4}}}", "R112", "requests"),
        ("traffic: [{service: web, sessions: {rate: {poisson: 1}, length: 1s, every: 0s}}]",
         "R116", "longer than nothing"),
        ("nodes: {b: {cpu: much}}", "R115", "not a CPU amount"),
        ("changes: [{at: 1s, destroy: true, environment: big}]", "R610", "does not go with"),
        ("changes: [{at: 1s, environment: bgi}]", "R120", "no environment 'bgi'"),
        ("environment: bgi", "R120", "no environment 'bgi'"),
        ("variables: {TGA: 1}", "R133", "no variable 'TGA'"),
        ("changes: [{at: 1s, state: ../nowhere.yaml}]", "R100", "No such file"),
        ("set: {services.web.replcas: 3}", "R111", "unknown key 'replcas'"),
        ("set: {services.web.replicas: many}", "R113", "a whole number"),
        ("set: {services.web.replicas: -1}", "R116", ""),
        ("changes: [{at: 1s, set: {services.web.depends_on: [x]}}]", "R150", ""),
        ("faults: [{kind: crash, at: 1s}]", "R615", "does not say"),
        ("faults: [{kind: crash, on: web}]", "R615", "strikes at a time"),
        ("faults: [{kind: registry_outage, at: 1s}]", "R615", "lasts no time"),
        ("faults: [{kind: hang, at: 1s, on: web, call: start}]", "R615", "not at both"),
        ("faults: [{kind: event_lost, call: start}]", "R615", "strikes no calls"),
        ("faults: [{kind: edit, at: 1s, on: web}]", "R615", "which field"),
        ("faults: [{kind: crash, at: 1s, on: web, field: image}]", "R615", "takes no field"),
        ("faults: [{kind: crash, at: 1s, on: web, amount: 2}]", "R615", "takes no amount"),
        ("faults: [{kind: crash, at: 1s, on: web, lasting: 2s}]", "R615", "takes no lasting"),
        ("faults: [{kind: fail_after, call: start, every: 2s}]", "R615", "takes no every"),
        ("faults: [{kind: unreachable, at: 1s, on: web, lasting: 2s}]", "R615", "whatever there"),
        ("faults: [{kind: look_fails, lasting: 2s}]", "R615", "from when"),
        ("faults: [{kind: port_taken, at: 1s}]", "R615", "which port"),
        ("faults: [{kind: throttled, at: 1s}]", "R615", "lasts no time"),
        ("faults: [{kind: unobservable}]", "R615", "does not say"),
        ("faults: [{kind: crash, on: web, call: start, every: 2s}]", "R615", "every so often"),
        ("faults: [{kind: crash, on: web, call: start, nth: 0}]", "R615", "at each call"),
        ("faults: [{kind: kill_reconciler, nth: 0}]", "R615", "at each call"),
        ("faults: [{kind: stale_view, amount: -1}]", "R116", "below 0"),
        ("faults: [{kind: fail_after, count: 0}]", "R116", "below 1"),
        ("faults: [{kind: image_missing, at: 1s, on: nothing/such}]", "R607", "no image"),
        ("faults: [{kind: node_partition, at: 1s, on: b}]", "R607", "no node 'b'"),
        ("target: kubernetes\nfaults: [{kind: fail_after, call: start}]", "R615", "to a cluster"),
        ("faults: [{kind: fail_after, call: strat}]", "R607", "no call is 'strat'"),
        ("faults: [{kind: crash, at: 1s, on: service/wbe}]", "R607", "no resource"),
        ("faults: [{kind: crash, at: 1s, on: wbe}]", "R607", "no service"),
        ("faults: [{kind: fail_after, on: 'service/x*'}]", "R607", "fits no resource"),
        ("faults: [{kind: node_loss, at: 1s, on: b}]", "R607", "no node 'b'"),
        ("faults: [{kind: external_away, at: 1s, on: kafak, lasting: 1s}]", "R607", "no external"),
        ("faults: [{kind: crash, at: 1h, on: web}]", "R614", "never comes"),
        ("faults: [{kind: unreachable, at: 9m, lasting: 2m}]", "R614", "lasts until 11m"),
        ("checks: [converged within 1h]", "R614", "only 10m are simulated"),
        ("checks: [dropped(wbe) <= 0]", "R607", "no service 'wbe'"),
        ("checks: [budget(gp) <= 90%]", "R607", "no budget 'gp'"),
        ("checks: [p99 <= 1s]", "R609", "no traffic"),
        ("checks: [queue(web) <= 1]", "R609", "no queue of work of web"),
        ("changes: [{at: 1s, set: {services.web.replicas: 2}}]", "R613", "changes nothing"),
        ("seeds: 0", "R116", "from 1 to"),
        ("lasts: 0", "R116", "longer than nothing"),
        ("kubernetes_version: v1.20", "R115", "not a version"),
        ("kubernetes_version: '9.99'", "R648", "9.99 is not from 1.20 to 1.36"),
        ("kubernetes_version: '0.3'", "R648", "0.3 is not from"),
        ("kubernetes_version: '1.5'", "R648", "1.5 is not from"),
        ("edge: {kind: kube-proxy, active: true}", "R649", "edge.active: kube-proxy has none"),
        ("edge: {kind: alb, queue: 5}", "R649", "edge.queue: alb has none"),
        ("edge: {kind: nginx, rise: 2}", "R649", "nginx asks after nobody"),
        ("traffik: []", "R111", "unknown key 'traffik'"),
        ("traffic: {}", "R113", "a list"),
        ("changes: [{at: soon}]", "R115", "not a duration"),
        ("changes: [{at: 1s, set: []}]", "R113", "a mapping"),
        ("state: x", "R105", "written twice"),
        ("---\na: 1", "R605", "2 documents"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_at_its_place(
    text: str, code: str, says: str, tmp_path: Path
) -> None:
    found = found_in(tmp_path, text)
    assert [each.code for each in found] == [code], [each.summary for each in found]
    assert says in found[0].summary
    assert found[0].hint and found[0].position is not None
    assert found[0].position.line >= 2


@pytest.mark.parametrize(
    "text",
    [
        "faults: [{kind: node_drain, at: 1s, on: a-0}, {kind: crash, at: 1s, on: service/web}]",
        "faults: [{kind: crash, at: 1s, on: web}, {kind: fail_before, call: start, on: 'shop-*'}]",
        "nodes: {z: {cpu: '4'}}\nfaults: [{kind: node_loss, at: 1s, on: z}]",
        "checks: [budget(pg) <= 100%, available(db) >= 1, not converged, restarts <= 3]",
        "traffic: [{service: new, rate: {poisson: 1}}]\nset: {services.new: {image: x}}",
        "behaviour: {new: {ready: 1s}}\nchanges: [{at: 1s, state: ../other.yaml}]",
        "traffic: [{service: web, clients: {think: 1s}}]\nchecks: [p99 <= 1s]",
        "kubernetes_version: '1.20'\nedge: {kind: nginx, active: true, rise: 2}",
        "kubernetes_version: '1.36'\nedge: {kind: kube-proxy, lag: 2s}",
    ],
)
def test_what_can_be_is_not_complained_of(text: str, tmp_path: Path) -> None:
    assert [each for each in found_in(tmp_path, text) if each.code != "R619"] == []


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    found = refused(tmp_path, """\
        seeds: 0
        checks: [dopped <= 0]
        set: {services.web.replcas: 1}
        changes: [{at: 1s, set: {services.web.imag: x}}]
        """)  # fmt: skip
    assert [(each.code, at(each)[0]) for each in found] == [
        ("R116", 2), ("R608", 3), ("R111", 4), ("R111", 5),
    ]  # fmt: skip
    hints = [each.hint for each in found[1:]]
    assert [hint.partition("'")[2] for hint in hints] == ["dropped'?", "replicas'?", "image'?"]


def test_a_scenario_that_is_not_there_is_no_traceback(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.yaml", tmp_path, Path("a\0b")):
        with pytest.raises(DiagnosticsError) as refusal:
            load_scenario(path, env={})
        assert [each.code for each in refusal.value.diagnostics] == ["R605"]


@pytest.mark.parametrize(("text", "says"), [("", "nothing"), ("[a]", "a list"), ("5", "number 5")])
def test_a_scenario_is_one_mapping(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(text)
    with pytest.raises(DiagnosticsError) as refusal:
        load_scenario(path, env={})
    [found] = refusal.value.diagnostics
    assert found.code == "R605" and says in found.summary


def test_the_calls_of_faults_are_the_steps_there_are() -> None:
    from typing import get_args

    from reconciler.model.step import StepKind

    assert sorted(CALLS) == sorted(get_args(StepKind))


# -- any file ------------------------------------------------------------------------------------

_WORDS = st.sampled_from(
    [*Scenario.__dataclass_fields__, *Rate.__dataclass_fields__, "service", "kind", "at", "on",
     "web", "services.web.image", "services.web.ports[0]", "crash", "think", "clients"]
)  # fmt: skip
_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 2**70), st.floats(), st.text(max_size=6), _WORDS,
    st.sampled_from(["5s", "0", "1h", "web", "service/web", "${TAG}", "dropped <= 0", "\0", "."]),
)  # fmt: skip
_TREES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(tree=st.dictionaries(_WORDS, _TREES, max_size=6))
def test_any_scenario_is_loaded_or_refused_with_diagnostics(
    tree: dict[str, object], tmp_path_factory: pytest.TempPathFactory
) -> None:
    import json

    folder = tmp_path_factory.getbasetemp() / "any"
    folder.mkdir(exist_ok=True)
    text = json.dumps({**tree, "state": "state.yaml"})
    check(folder, text.encode("utf-8", "surrogatepass"))


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_any_file_is_loaded_or_refused_with_diagnostics(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp() / "any"
    folder.mkdir(exist_ok=True)
    text = (ROOT / "sims" / "hello-rolling.yaml").read_bytes().replace(b"../state/hello", b"state")
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 30)))
        text = text[:start] + data.draw(st.binary(max_size=8)) + text[end:]
    check(folder, text)


def check(folder: Path, text: bytes) -> None:
    """A load of `text` ends in a scenario or in diagnostics, each with a code and words."""
    (folder / "state.yaml").write_text(STATE)
    (folder / "s.yaml").write_bytes(text)
    try:
        load_scenario(folder / "s.yaml", env={})
    except DiagnosticsError as error:
        assert error.diagnostics
        assert all(each.code and each.summary for each in error.diagnostics)
