"""`reconciler schema`: the JSON Schemas of desired-state and scenario files, for editors."""

import json
from pathlib import Path

import click

from reconciler.cli import exits
from reconciler.cli.files import write_file
from reconciler.cli.options import plain


@click.command("schema")
@plain
@click.option("--scenario", is_flag=True, help="That of scenarios.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Write it to this file.",
)  # fmt: skip
def command(scenario: bool, out: Path | None) -> int:
    """Print the JSON Schema of desired-state files, or of scenarios.

    Editors find it by a first line like `# yaml-language-server: $schema=FILE`.
    """
    from reconciler.spec.schema import json_schema, scenario_schema

    schema = scenario_schema() if scenario else json_schema()
    text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    if out is None:
        click.echo(text, nl=False)
    else:
        write_file(out, text)
    return exits.OK
