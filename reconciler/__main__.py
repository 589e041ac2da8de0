"""The program: answers `--version` by itself, and hands everything else to the command line."""

import gc
import sys

from reconciler import __version__

# Reading and planning makes hundreds of thousands of objects that stay, and hardly a circle:
# with the interpreter's own 700, a quarter of a large plan's time goes into looking for some.
COLLECT = (50_000, 20, 50)


def main() -> None:
    """Run the command line of this process and end with its exit code."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        # Answered before anything else is imported: editors and scripts ask this often.
        print(f"reconciler {__version__}")
        return
    gc.set_threshold(*COLLECT)
    from reconciler.cli.main import run

    code = run(arguments)
    # All of it goes with the process: the interpreter need not look once more for circles.
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    main()
