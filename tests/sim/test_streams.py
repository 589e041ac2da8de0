from reconciler.sim.streams import Streams


def test_a_new_consumer_does_not_shift_the_numbers_of_another():
    alone, crowded = Streams(5), Streams(5)
    numbers = []
    for _ in range(10):
        crowded.next64("other")
        numbers.append(crowded.next64("mine"))
    assert [alone.next64("mine") for _ in range(10)] == numbers


def test_seeds_and_names_give_different_streams():
    firsts = {Streams(seed).next64(name) for seed in (1, 2, 3) for name in ("a", "b")}
    assert len(firsts) == 6


def test_a_copy_goes_on_by_itself():
    streams = Streams(5)
    streams.next64("a")
    copy = streams.clone()
    assert [copy.next64("a") for _ in range(3)] == [streams.next64("a") for _ in range(3)]


def test_the_numbers_are_those_of_splitmix64():
    # Of the reference implementation, for the state 1234567.
    streams = Streams(0, {"x": 1234567})
    assert [streams.next64("x") for _ in range(3)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]


def test_around_stays_within_its_reach_and_uses_all_of_it():
    streams = Streams(1)
    drawn = {streams.around("x", 100, 3) for _ in range(500)}
    assert drawn == set(range(97, 104))


def test_around_nothing_draws_nothing():
    streams = Streams(1)
    assert streams.around("x", 100, 0) == 100
    assert streams.states == {}
