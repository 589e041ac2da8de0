"""Exit codes: the one place where they are given. docs/reference/exit-codes.md tells of them."""

from reconciler.model.diagnostic import Diagnostic

OK = 0
ERROR = 1  # diagnostics, an engine that does not answer, an apply that failed
DIFFERENT = 1  # diff: something differs, as kubectl's
CHANGES = 2  # plan and status with --detailed-exitcode, as terraform's
DIFF_ERROR = 2  # diff: an error, as kubectl's
STALE = 3  # what was shown is no longer what would be done
UNCONFIRMED = 4  # a confirmation is needed and there is nobody to ask, or it was refused
MISSED = 5  # simulate and rehearse: a check does not hold; capacity: it does not fit
USAGE = 64  # EX_USAGE of sysexits.h: a wrong command line; never 2, which means changes
INTERNAL = 70  # EX_SOFTWARE of sysexits.h: our own mistake
INTERRUPTED = 130  # 128 + SIGINT
BROKEN_PIPE = 141  # 128 + SIGPIPE: nobody reads the result
TERMINATED = 143  # 128 + SIGTERM

MEANINGS: dict[int, str] = {
    OK: "done, or nothing to say",
    ERROR: "an error; of `diff`: there are differences",
    CHANGES: "of `plan --detailed-exitcode`: there are changes; "
    "of `status --detailed-exitcode`: something is not ready; of `diff`: an error",
    STALE: "what was shown is no longer what would be done; nothing was done, or it was stopped",
    UNCONFIRMED: "a confirmation is missing; nothing was done",
    MISSED: "of `simulate` and `rehearse`: a check does not hold; of `capacity`: it does not fit",
    USAGE: "the command line is wrong",
    INTERNAL: "an internal error",
    INTERRUPTED: "interrupted (SIGINT)",
    BROKEN_PIPE: "the reader of the result went away",
    TERMINATED: "terminated (SIGTERM)",
}


class Stop(Exception):
    """Ends a command with this exit code, and says why."""

    def __init__(self, code: int, diagnostics: list[Diagnostic]) -> None:
        super().__init__("; ".join(d.summary for d in diagnostics))
        self.code = code
        self.diagnostics = diagnostics


class ReaderGone(Exception):
    """Nobody reads standard output any more."""
