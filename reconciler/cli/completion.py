"""`reconciler completion`: the script that teaches a shell our names."""

import click
from click.shell_completion import get_completion_class

from reconciler.cli import exits
from reconciler.cli.options import plain


@click.command("completion")
@plain
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> int:
    """Print the completion script of SHELL.

    \b
    bash:  reconciler completion bash > ~/.local/share/bash-completion/completions/reconciler
    zsh:   reconciler completion zsh > "${fpath[1]}/_reconciler"
    fish:  reconciler completion fish > ~/.config/fish/completions/reconciler.fish
    """
    from reconciler.cli.main import COMPLETE_VARIABLE, PROGRAM, commands

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(commands, {}, PROGRAM, COMPLETE_VARIABLE).source())
    return exits.OK
