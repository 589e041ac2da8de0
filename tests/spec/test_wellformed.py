"""Names, ranges, and keys that go together."""

import pytest

from tests.spec.helpers import findings, loaded


def service(line: str) -> str:
    return f"services:\n  web:\n    image: a\n    {line}\n"


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("ports: [70000]", "R116", "container is 70000 and must be 1 to 65535"),
        ("ports: ['0:80']", "R116", "host is 0"),
        ("ports: ['90-80:80']", "R116", "from a lower to a higher"),
        ("ports: [{container: 80, last: 90}]", "R116", "from a lower to a higher"),
        ("ports: [80, '8080:80']", "R119", "80/tcp is listed twice"),
        ("replicas: -1", "R116", "replicas is -1"),
        ("weights: [1, 300]", "R116", "weights is 300"),
        ("autoscale: {max: 2, min: 3, cpu: 5}", "R116", "max is 2"),
        ("autoscale: {max: 2}", "R117", "autoscale has"),
        ("readiness: {}", "R117", "a probe has one of"),
        ("readiness: {tcp: {port: 1}, exec: [a]}", "R117", "not tcp and exec"),
        ("liveness: {tcp: {port: 0}}", "R116", "port is 0"),
        ("startup: {tcp: {port: 1}, period: 0, failures: 0}", "R116", "failures is 0"),
        ("rollout: {canary: {steps: [50, 10]}}", "R116", "percentages that rise"),
        ("rollout: {canary: {steps: []}}", "R116", "percentages that rise"),
        ("restart: {most: -1}", "R116", "most is -1"),
        ("environment: {'': x}", "R118", "environment variable"),
        ("environment: {A: {value: b, secret: c}}", "R117", "not value and secret"),
        ("volumes: ['/a:b']", "R115", "absolute path"),
        ("volumes: ['/a:/x', '/b:/x']", "R119", "target /x"),
    ],
)
def test_what_cannot_be_is_refused(line: str, code: str, says: str) -> None:
    found = [d for d in findings(service(line)) if d.code == code]
    assert any(says in d.summary for d in found), [d.summary for d in found]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("services: {web: {}}", "R112"),
        ("services: {web: {image: 'A b'}}", "R115"),
        ("services: {Web: {image: a}}", "R118"),
        ("services: {a_b: {image: a}}", "R118"),
        ("services: {'-a': {image: a}}", "R118"),
        ("services: {a..b: {image: a}}", "R118"),
        (f"services: {{{'a' * 64}: {{image: a}}}}", "R118"),
        ("volumes: {Data: {}}", "R118"),
        ("configs: {'a/b': {content: x}}", "R118"),
        ("configs: {c: {}}", "R117"),
        ("configs: {c: {content: a, file: b}}", "R117"),
        ("secrets: {c: {env: A, file: b}}", "R117"),
        ("networks: {n: {subnet: nope}}", "R115"),
        ("nodes: {n: {max_utilisation: 0}}", "R116"),
        ("zones: {z: {rate_per_s: 0}}", "R116"),
        ("zones: {z: {rate_per_s: 1, status: 200}}", "R116"),
        ("budgets: {b: {terms: []}}", "R117"),
        ("external: {e: {probe: {}}}", "R117"),
        ("edge: {ports: {http: 0}}", "R116"),
        ("jobs: {j: {image: a, retries: -1}}", "R116"),
        ("jobs: {j: {image: a, deadline: 0}}", "R116"),
        ("deletions: {confirm_above: -1}", "R116"),
        ("name: Shop", "R110"),
        ("name: a.b", "R110"),
    ],
)
def test_so_is_what_cannot_be_in_a_stack(text: str, code: str) -> None:
    assert code in {d.code for d in findings(text)}


@pytest.mark.parametrize(
    "text",
    [
        "services: {de.easy-m.statistics: {image: a}}",
        f"services: {{{'a' * 63}: {{image: a}}}}",
        "configs: {App.conf_1: {content: ''}}",
        "networks: {n: {subnet: 10.0.0.0/24}}",
        "services: {web: {image: a, ports: [53, 53/udp]}}",
        "services: {web: {image: a, replicas: 0, autoscale: {max: 1, memory: 5}}}",
    ],
)
def test_what_can_be_is_taken(text: str) -> None:
    assert loaded(text).stack.name == "t"
