"""Ctrl-C and SIGTERM while something is done, also from one part of a command to the next."""

import os
import signal

from reconciler.cli import exits
from reconciler.cli.signals import Stopping


def test_a_signal_is_heard_once_and_the_handler_before_comes_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    said: list[str] = []
    with Stopping(said.append) as stopping:
        assert (stopping.asked(), stopping.code) == (False, exits.OK)
        os.kill(os.getpid(), signal.SIGTERM)
        assert (stopping.asked(), stopping.code) == (True, exits.TERMINATED)
    assert len(said) == 1
    assert signal.getsignal(signal.SIGTERM) is before


def test_what_came_before_an_inner_part_began_counts_in_it() -> None:
    with Stopping(lambda text: None):
        with Stopping(lambda text: None) as inner:
            assert not inner.asked()
        os.kill(os.getpid(), signal.SIGINT)
        with Stopping(lambda text: None) as inner:
            assert (inner.asked(), inner.code) == (True, exits.INTERRUPTED)
