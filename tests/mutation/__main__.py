"""``python -m tests.mutation [EXAMPLES]``: a line for each mutant, and who killed it.

Without a number the fixed examples judge; with one, so many generated ones of each property.
"""

import sys

from tests.mutation.hunt import MUTANTS, Verdict, hunt, hunt_by_properties
from tests.mutation.mutants import Mutant


def main(arguments: list[str]) -> int:
    """Print the table; 0 when every mutant is killed and the product survives."""

    def judge(mutant: Mutant | None) -> Verdict:
        return hunt_by_properties(mutant, int(arguments[0])) if arguments else hunt(mutant)

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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
