"""`reconciler graph`: what waits for what."""

import click

from reconciler.cli import exits
from reconciler.cli.loading import load, refuse_errors
from reconciler.cli.options import STATE, needs_state, options
from reconciler.cli.settings import Settings


@click.command("graph")
@options(STATE)
@click.option(
    "--format", "form", type=click.Choice(["text", "dot", "mermaid"]), default="text",
    show_default=True, help="Waves as text, Graphviz' language, or Mermaid's.",
)  # fmt: skip
def command(settings: Settings, form: str) -> int:
    """Show what waits for what, wave by wave; nothing is contacted."""
    from reconciler.graph import build
    from reconciler.views.graph import graph_document, graph_lines

    needs_state(settings)
    console = settings.console
    stack = load(settings, resolve=False).stack
    graph = build(stack)
    refuse_errors(graph.cycles())
    if form != "text" and console.output != "text":
        raise click.UsageError("--format dot and mermaid are texts: leave -o out")
    if form != "text":
        console.out.write(graph.dot() if form == "dot" else graph.mermaid())
        console.out.flush()
        return exits.OK
    waves, needs = graph.waves(), graph.needs
    console.result(
        lambda: graph_lines(waves, needs), lambda: graph_document(stack.name, waves, needs)
    )
    return exits.OK
