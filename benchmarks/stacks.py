"""Large stacks to measure with: the same services as text and as a model."""

from collections.abc import Iterator
from pathlib import Path

SERVICE = """\
  {name}:
    image: registry.example.com/team-{team}/{name}:1.{minor}
    replicas: {replicas}
    environment:
      PORT: "8080"
      LOG_LEVEL: info
      UPSTREAM: http://{upstream}:8080
    ports: [8080]
    resources: {{requests: {{cpu: 100m, memory: 128Mi}}, limits: {{memory: 256Mi}}}}
    liveness: {{http: {{path: /health/live, port: 8080}}, period: 30s, timeout: 5s}}
    readiness: {{http: {{path: /health/ready, port: 8080}}, period: 5s, timeout: 3s}}
"""


def name_of(number: int) -> str:
    """The name of a service by its number."""
    return f"service-{number:05d}"


def upstreams_of(number: int) -> tuple[str, ...]:
    """What it depends on: two of three depend on one or two earlier services."""
    if number < 3 or number % 3 == 0:
        return ()
    return tuple(name_of(n) for n in sorted({number // 2, number // 3})[: number % 3])


def lines(services: int) -> Iterator[str]:
    """The text of a stack with so many services."""
    yield "name: large\nservices:\n"
    for number in range(services):
        upstreams = upstreams_of(number)
        yield SERVICE.format(
            name=name_of(number),
            team=number % 40,
            minor=number % 7,
            replicas=1 + number % 3,
            upstream=upstreams[0] if upstreams else name_of(0),
        )
        if upstreams:
            waits = ", ".join(f"{name}: healthy" for name in upstreams)
            yield f"    depends_on: {{{waits}}}\n"


def write(path: Path, services: int) -> Path:
    """Write a stack with so many services to a file."""
    with path.open("w") as stream:
        stream.writelines(lines(services))
    return path
