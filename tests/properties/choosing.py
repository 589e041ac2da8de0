"""What must hold whatever of the calls fails: Hypothesis decides, when each is made."""

from reconciler.model.units import NS_PER_S
from reconciler.testing import Drawn
from tests.properties.loaded import Loaded, Play


def check_whatever_fails(example: tuple[Loaded, Drawn]) -> None:
    """Property 7 with calls that fail before or after their effect, or lose their reply."""
    case, chooser = example
    play = Play(case, chooser=chooser).run()
    assert not any(play.dropped().values()), (play.dropped(), chooser)
    end_ns = play.world.now_ns + 300 * NS_PER_S
    play.stage.follow(play.after, end_ns)
    assert play.converged, chooser
