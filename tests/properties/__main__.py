"""``python -m tests.properties replay NAME EXAMPLE``: a failure's own example, once more."""

import sys

from hypothesis.errors import DidNotReproduce

from tests.properties import PROPERTIES, replay


def main(arguments: list[str]) -> int:
    """0 where it holds now; where it fails again, its traceback and 1."""
    names = [each.name for each in PROPERTIES]
    if len(arguments) != 3 or arguments[0] != "replay" or arguments[1] not in names:
        print("usage: python -m tests.properties replay NAME EXAMPLE")
        print(f"NAME is one of: {', '.join(names)}")
        return 2
    try:
        replay(*arguments[1:])
    except DidNotReproduce:
        print("it holds")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
