"""Validation: mistakes in plain words, at their place, with what to write instead."""

import pytest

from tests.spec.helpers import at, finding, findings, web


def service(line: str) -> str:
    return f"services:\n  web:\n    image: a\n    {line}\n"


@pytest.mark.parametrize(
    ("line", "code", "place", "says", "hint"),
    [
        ("imagee: b", "R111", (4, 5), "web: unknown key 'imagee'", "did you mean 'image'?"),
        ("readines: {}", "R111", (4, 5), "unknown key", "did you mean 'readiness'?"),
        ("zzz: 1", "R111", (4, 5), "unknown key", "known here: image, pull"),
        ("replicas: '3'", "R113", (4, 15), "not the text '3'", "leave the quotes"),
        ("replicas: two", "R113", (4, 15), "expected a whole number", "write it like replicas: 2"),
        ("replicas: 1.5", "R113", (4, 15), "not the number 1.5", "replicas: 2"),
        ("replicas: true", "R113", (4, 15), "not true", "replicas: 2"),
        ("singleton: no", "R113", (4, 16), "expected true or false", "write true or false"),
        ("hostname: 12", "R113", (4, 15), "expected text, not the number 12", 'quote it: "12"'),
        ("hostname: true", "R113", (4, 15), "expected text, not true", "quote it"),
        ("weights: 3", "R113", (4, 14), "expected a list", "weights: [3, 1]"),
        ("weights: [3, x]", "R113", (4, 18), "services.web.weights[1]", "weights: [3]"),
        ("resources: []", "R113", (4, 5), "expected a mapping, not a list", "limits"),
        ("networks: {a: b}", "R113", (4, 5), "not a mapping with a", "networks: [backend]"),
        ("environment: {A: [1]}", "R113", (4, 19), "environment.A", ""),
        ("environment: {A: {valu: 1}}", "R111", (4, 23), "unknown key 'valu'", "'value'"),
        ("environment: [A=1, B]", "R115", (4, 5), "'B' has no value", ""),
        ("pull: sometimes", "R114", (4, 11), "none of missing, always and never", "write one of"),
        ("pull: alway", "R114", (4, 11), "the text 'alway'", "did you mean 'always'?"),
        ("depends_on: {web: helthy}", "R114", (4, 23), "'helthy'", "'healthy'"),
        ("termination: {grace: 30}", "R115", (4, 26), "not a duration: 30", "grace: 45s"),
        ("resources: {limits: {memory: 1X}}", "R115", (4, 34), "not a size", "memory: 512Mi"),
        ("rollout: {max_surge: some}", "R115", (4, 26), "not an amount", "25%"),
        ("ports: ['80', 'a:b']", "R115", (4, 19), "web.ports[1]: not a port: 'a:b'", "8080:80"),
        ("ports: ['80/pup']", "R114", (4, 13), "ports[0].protocol", "'udp'"),
        ("volumes: [data]", "R115", (4, 15), "not a volume", "data:/data"),
        ("command: 'a \"b'", "R115", (4, 14), "No closing quotation", ""),
        ("readiness: {http: {path: /}}", "R112", (4, 17), "'port' is missing", "add port: 8080"),
        ("autoscale: {cpu: 70}", "R112", (4, 5), "'max' is missing", "add max: 10"),
        ("monitors: [{metric: a, above: x}]", "R113", (4, 35), "expected a number", "above: 8"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_in_plain_words(
    line: str, code: str, place: tuple[int, int], says: str, hint: str
) -> None:
    found = findings(service(line))
    mine = [d for d in found if d.code == code]
    assert [(d.code, at(d)) for d in mine] == [(code, place)]
    assert says in mine[0].summary
    assert hint in mine[0].hint


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        ("servces: {}", "R111", "did you mean 'services'?"),
        ("enviroments: {}", "R111", "did you mean 'environments'?"),
        ("services: []", "R113", "write it like services: {web: {image: web:1}}"),
        ("services: {web: }", "R113", "write it like web: {image: web:1}"),
        ("variables: {A: {valuess: [a]}}", "R111", "did you mean 'values'?"),
        ("variables: {A: 5}", "R113", "write it like A: {default: testing}"),
        ("environments: {a: 5}", "R113", ""),
        ("templates: []", "R113", ""),
        ("defaults: []", "R113", ""),
        ("manifests: {}", "R113", "write it like manifests: [{kind: ConfigMap}]"),
    ],
)
def test_so_are_mistakes_in_the_document(text: str, code: str, hint: str) -> None:
    found = finding(text)
    assert found.code == code
    assert hint in found.hint


def test_all_mistakes_are_collected() -> None:
    found = findings("""\
        services:
          a: {image: ${A}, replicas: x}
          b: {image: "${B}", replicas: x, depends_on: [c]}
        zones: 5
        """.replace("${A}", "'${A}'"))  # fmt: skip
    assert [d.code for d in found] == ["R130", "R113", "R130", "R113", "R150", "R113"]


def test_shorthand_and_long_forms_are_the_same() -> None:
    short = web(service("ports: ['127.0.0.1:8080-8081:80/h2', 9090]"))
    long = web(service(
        "ports: [{container: 80, host: 8080, last: 8081, ip: 127.0.0.1, protocol: h2}, "
        "{container: 9090}]"
    ))  # fmt: skip
    assert short == long


def test_a_command_is_a_list_or_a_line() -> None:
    assert web(service("command: serve --name 'a b'")).command == ("serve", "--name", "a b")
    assert web(service("command: [serve, 8080, true]")).command == ("serve", "8080", "true")


def test_numbers_are_text_where_text_is_wanted() -> None:
    made = web(service("environment: {A: 1.10, B: 0444, C: true, D: , E: 1e3}"))
    assert {name: value.value for name, value in made.environment.items()} == {
        "A": "1.10", "B": "0444", "C": "true", "D": "", "E": "1e3",
    }  # fmt: skip
