"""Scripts that do the least that could do: the same imports and calls, and nothing decided.

``python -m benchmarks.floor plan FILE`` reads a stack and what runs of it, and prints how
much that was. ``python -m benchmarks.floor create NAME COUNT IMAGE`` makes so many containers.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import click
import docker
import yaml
from docker.utils import kwargs_from_env
from pydantic_core import SchemaValidator, ValidationError, core_schema

AT_ONCE = 8  # as ours
# Imported as ours imports them, and not used.
IMPORTED = (click, SchemaValidator, ValidationError, core_schema)


def plan(file: str) -> None:
    """Read the file; list containers, networks and volumes; inspect what is the stack's."""
    with open(file) as stream:
        wanted: Any = yaml.load(stream, yaml.CSafeLoader)
    client = docker.APIClient(version="auto", max_pool_size=32, **kwargs_from_env())
    client.info()
    label = "reconciler.stack"
    filters = {"label": f"{label}={wanted['name']}"}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        listed = pool.submit(client.containers, all=True)
        networks = pool.submit(client.networks)
        volumes = pool.submit(client.volumes, filters=filters)
        ours = [c["Id"] for c in listed.result() if c["Labels"].get(label) == wanted["name"]]
        images = {service["image"] for service in wanted["services"].values()}
        found = list(pool.map(client.inspect_container, ours))
        list(pool.map(client.inspect_image, sorted({*images, *(raw["Image"] for raw in found)})))
    print(len(found), len(networks.result()), len(volumes.result()["Volumes"]))


def create(name: str, count: str, image: str) -> None:
    """One network, then so many containers, each created and started."""
    client = docker.APIClient(version="auto", timeout=60, max_pool_size=32, **kwargs_from_env())
    label = {"benchmark.floor": name}
    client.create_network(f"{name}_floor", labels=label)
    host = client.create_host_config(
        network_mode=f"{name}_floor", init=True, restart_policy={"Name": "always"}
    )

    def one(number: int) -> None:
        made = client.create_container(
            image, ["sleep", "36000"], name=f"{name}-floor-{number}", labels=label,
            host_config=host,
        )  # fmt: skip
        client.start(made["Id"])

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(one, range(int(count))))


if __name__ == "__main__":
    if sys.argv[1] == "plan":
        plan(sys.argv[2])
    else:
        create(*sys.argv[2:])
