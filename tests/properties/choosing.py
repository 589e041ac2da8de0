"""The chooser that Hypothesis plays: each rare decision is a draw of its own, when it comes.

So a counterexample shrinks to the faults that matter: a decision that is drawn away is one
where nothing goes wrong, and none of the others moves.
"""

from hypothesis import note
from hypothesis import strategies as st

from reconciler.model.units import NS_PER_S
from tests.properties.loaded import Loaded, Play

SELDOM = 12  # one decision in so many goes another way
MOST = 400  # decisions that are drawn; later ones go as usual


class Drawn:
    """Draws as it is asked; what it chose is in `chosen`, and printed with a failure."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self.asked = 0
        self.chosen: list[tuple[int, str, int]] = []

    def __repr__(self) -> str:
        return f"Drawn({self.chosen})"

    def choose(self, name: str, options: int) -> int:
        """0, and now and then one of the others."""
        self.asked += 1
        if options < 2 or self.asked > MOST:
            return 0
        # The least, to which all shrinks, is that nothing happens.
        drawn = self._draw(st.integers(0, SELDOM * (options - 1)))
        chosen = drawn - (SELDOM - 1) * (options - 1)
        if chosen <= 0:
            return 0
        self.chosen.append((self.asked, name, chosen))
        note(f"decision {self.asked}, {name}: option {chosen}")
        return chosen


@st.composite
def choosers(draw: st.DrawFn) -> Drawn:
    """A chooser that draws while the example runs."""
    return Drawn(draw)


def check_whatever_fails(example: tuple[Loaded, Drawn]) -> None:
    """Property 7 with calls that fail before or after their effect, or lose their reply."""
    case, chooser = example
    play = Play(case, chooser=chooser).run()
    assert not any(play.dropped().values()), (play.dropped(), chooser)
    end_ns = play.world.now_ns + 300 * NS_PER_S
    play.stage.follow(play.after, end_ns)
    assert play.converged, chooser
