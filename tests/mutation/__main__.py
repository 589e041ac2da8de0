"""``python -m tests.mutation [EXAMPLES]``: a line for each mutant, and who killed it.

Without a number the fixed examples judge; with one, so many generated ones of each property.
"""

import argparse
import sys
from collections.abc import Sequence

from tests.mutation.hunt import MUTANTS, Verdict, hunt, hunt_by_properties
from tests.mutation.mutants import Mutant


def main(arguments: Sequence[str]) -> int:
    """Print the table; 0 when every mutant is killed and the product survives."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument(
        "examples", nargs="?", type=_count, metavar="EXAMPLES",
        help="generated examples of each property; the fixed ones judge without it",
    )  # fmt: skip
    examples: int | None = parser.parse_args(arguments).examples

    def judge(mutant: Mutant | None) -> Verdict:
        return hunt(mutant) if examples is None else hunt_by_properties(mutant, examples)

    product = judge(None)
    print(f"{'mutant':44} {'killed by':36} {'examples':>8} {'s':>6}")
    survivors = 0
    for mutant in MUTANTS:
        found = judge(mutant)
        survivors += not found.killed
        killer = found.judge or "SURVIVED"
        print(f"{found.name:44} {killer:36} {found.examples:8} {found.took_s:6.2f}", flush=True)
    killed = len(MUTANTS) - survivors
    print(f"{killed} of {len(MUTANTS)} killed")
    if product.killed:
        print(f"the product itself fails: {product.judge}: {product.example}")
    else:
        print(f"the product survives all {product.examples} examples ({product.took_s:.1f} s)")
    return int(bool(survivors) or product.killed)


def _count(text: str) -> int:
    """A number of examples, 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"not a number of examples: {text}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
