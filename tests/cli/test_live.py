"""The command line against a real engine."""

import os
from pathlib import Path

import pytest

from reconciler.cli import exits
from tests.cli.conftest import Cli
from tests.services import BASE_IMAGE

STATE = f"""\
name: cli-{os.getpid()}
defaults:
  image: {BASE_IMAGE}
  pull: never
  command: [sh, -c, "echo begun; trap 'exit 0' TERM; sleep 300 & wait"]
services:
  db: {{}}
  web: {{depends_on: {{db: started}}}}
"""


@pytest.mark.live("image")
def test_a_stack_is_made_shown_changed_and_removed_on_a_real_engine(cli: Cli, shop: Path) -> None:
    shop.write_text(STATE)
    live = ("shop.yaml", "--target", "docker")
    try:
        assert cli("plan", *live, "--detailed-exitcode").code == exits.CHANGES
        made = cli("apply", *live, "--yes")
        assert (made.code, "3 created" in made.out) == (exits.OK, True)
        assert "all 3 resources are ready" in cli("status", *live).out
        assert cli("diff", *live).code == exits.OK
        shop.write_text(STATE.replace("trap 'exit 0' TERM; sleep 300 & wait", "exit 7"))
        failed = cli("apply", *live, "--yes", "--timeout", "5s")
        assert failed.code == exits.ERROR
        assert "| begun" in cli("status", *live).out + failed.out
    finally:
        gone = cli("destroy", *live, "--yes", "--volumes")
    assert (gone.code, cli("destroy", *live, "--yes").code) == (exits.OK, exits.OK)
