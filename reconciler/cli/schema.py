"""`reconciler schema`: the JSON Schema of desired-state files, for editors."""

import json
from pathlib import Path

import click

from reconciler.cli import exits
from reconciler.cli.files import write_file
from reconciler.cli.options import plain


@click.command("schema")
@plain
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Write it to this file.",
)  # fmt: skip
def command(out: Path | None) -> int:
    """Print the JSON Schema of desired-state files.

    Editors find it by a first line like `# yaml-language-server: $schema=FILE`.
    """
    from reconciler.spec.schema import json_schema

    text = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    if out is None:
        click.echo(text, nl=False)
    else:
        write_file(out, text)
    return exits.OK
