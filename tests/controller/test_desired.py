"""What follows from a stack alone."""

from reconciler.controller.desired import desired
from tests.support.making import NET, WEB, stack, web

IN_PLACE = ("resources.",)


def test_what_follows_from_a_stack_is_shared_by_all_who_want_it() -> None:
    made = web()
    first = desired(made, IN_PLACE)
    assert desired(made, IN_PLACE) is first
    assert first.asked(WEB) is first.asked(WEB)
    assert first.fields(NET) is first.fields(NET)
    assert first.fits(WEB) is first.fits(WEB)


def test_another_stack_or_another_target_is_read_anew() -> None:
    made = web()
    first = desired(made, IN_PLACE)
    assert desired(made, ()).asked(WEB).in_place == ()
    assert desired(stack(), IN_PLACE) is not first
    assert desired(made, IN_PLACE) is not first
