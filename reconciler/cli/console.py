"""Where a command's words go: results to standard output, everything else to standard error."""

import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO

from reconciler.model.diagnostic import Diagnostic

if TYPE_CHECKING:
    from reconciler.views.documents import Document
    from reconciler.views.lines import Line

Output = Literal["text", "json", "yaml"]

# A test's or a user's terminal may be wider; a table's last column ends here at most.
_WIDTH_LEAST = 40
MOST_BRIEF = 20


def wants_colour(stream: TextIO, env: Mapping[str, str], *, refused: bool) -> bool:
    """Whether to colour what goes to `stream`.

    NO_COLOR (https://no-color.org) wins over FORCE_COLOR, which wins over what the stream is.
    """
    if refused or env.get("NO_COLOR"):
        return False
    if env.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return env.get("TERM") != "dumb" and stream.isatty()


@dataclass
class Console:
    """The two streams of a command. `verbosity`: -1 quiet, 0 usual, 1 and more chatty.

    `texts` are the contents of what was not read from a file, by the name it goes by.
    """

    env: Mapping[str, str]
    output: Output = "text"
    verbosity: int = 0
    no_colour: bool = False
    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)
    texts: dict[str, str] = field(default_factory=dict)

    @cached_property
    def out_colour(self) -> bool:
        """Whether results are coloured."""
        return wants_colour(self.out, self.env, refused=self.no_colour)

    @cached_property
    def err_colour(self) -> bool:
        """Whether progress and diagnostics are coloured."""
        return wants_colour(self.err, self.env, refused=self.no_colour)

    @property
    def can_ask(self) -> bool:
        """Whether somebody sits there who can answer."""
        return not self.env.get("CI") and sys.stdin.isatty() and self.err.isatty()

    @property
    def can_redraw(self) -> bool:
        """Whether progress may be drawn in place."""
        return (
            self.err.isatty() and not self.env.get("CI") and self.env.get("TERM", "dumb") != "dumb"
        )

    @property
    def width(self) -> int | None:
        """Columns of the terminal that results go to; None where it is none."""
        return self._width_of(self.out)

    def result(self, lines: Callable[[], Iterable["Line"]], made: Callable[[], "Document"]) -> None:
        """Write the result, as text or as a document; only the wanted one is made."""
        if self.output == "text":
            self.show(lines())
            return
        from reconciler.views.documents import written

        self.out.write(written(made(), self.output))
        self.out.flush()

    def show(self, lines: Iterable["Line"]) -> None:
        """Write lines to standard output."""
        from reconciler.views.lines import rendered

        self.out.write(rendered(lines, colour=self.out_colour))
        self.out.flush()

    def tell(self, lines: Iterable["Line"]) -> None:
        """Write lines to standard error."""
        from reconciler.views.lines import rendered

        self.err.write(rendered(lines, colour=self.err_colour))
        self.err.flush()

    def warn(self, diagnostics: Sequence[Diagnostic]) -> None:
        """Write what was found to standard error.

        Errors at length, and then no warnings, only how many; warnings in brief, since
        `validate` tells of them at length. Quiet keeps to the errors, verbose to neither.
        """
        from reconciler.views.diagnostics import brief_lines, diagnostics_lines, summary_line

        told = [d for d in diagnostics if d.waived is None and (d.is_error or self.verbosity >= 0)]
        errors = [d for d in told if d.is_error]
        if errors or (told and self.verbosity > 0):
            shown = told if self.verbosity > 0 else errors
            lines = diagnostics_lines(shown, self.source, width=self._width_of(self.err))
            self.tell([*lines, summary_line(told)])
        elif told:
            more = len(told) - MOST_BRIEF
            rest = [(f"and {more} more: `reconciler validate` shows them",)] if more > 0 else []
            self.tell([*brief_lines(told[:MOST_BRIEF]), *rest, ()])

    def fail(self, diagnostics: Sequence[Diagnostic]) -> None:
        """Write what went wrong; a document too, where one is waited for."""
        from reconciler.views.diagnostics import diagnostic_document
        from reconciler.views.documents import document, written

        self.warn(diagnostics)
        if self.output != "text":
            found = [diagnostic_document(d) for d in diagnostics]
            self.out.write(written(document("diagnostics", diagnostics=found), self.output))
            self.out.flush()

    def _width_of(self, stream: TextIO) -> int | None:
        if not stream.isatty():
            return None
        return max(shutil.get_terminal_size().columns, _WIDTH_LEAST)

    def source(self, name: str) -> Sequence[str]:
        """The lines of what was read; none where it is gone or is no text."""
        if name in self.texts:
            return self.texts[name].splitlines()
        try:
            return Path(name).read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError):
            return ()
