from reconciler.sim.chooser import Chooser, Recorded, Scripted, Seeded, explore


def ask(chooser: Chooser, times: int = 3, options: int = 3) -> tuple[int, ...]:
    return tuple(chooser.choose(f"question {n}", options) for n in range(times))


def test_a_seed_gives_the_same_answers_each_time():
    assert ask(Seeded(3, 50), 50) == ask(Seeded(3, 50), 50)
    assert ask(Seeded(3, 50), 50) != ask(Seeded(4, 50), 50)


def test_a_seeded_chooser_is_out_of_the_ordinary_about_as_often_as_asked():
    strange = sum(answer > 0 for answer in ask(Seeded(1, 10), 2000))
    assert 150 < strange < 250
    assert set(ask(Seeded(1, 100), 200)) == {1, 2}


def test_a_question_with_one_answer_has_that_answer():
    assert ask(Seeded(1, 100), 5, options=1) == (0,) * 5


def test_what_was_recorded_can_be_replayed():
    recorded = Recorded(Seeded(9, 60))
    answers = ask(recorded, 20)
    assert ask(Scripted(recorded.answers), 20) == answers


def test_after_its_script_nothing_out_of_the_ordinary_happens():
    scripted = Scripted([2, 9])
    assert ask(scripted, 4) == (2, 2, 0, 0)
    assert scripted.asked[1] == ("question 1", 3, 2)


def test_exploring_tries_every_way_once():
    answers = [given for _, given in explore(ask, most=3)]
    assert len(answers) == len(set(answers)) == 27


def test_exploring_is_bounded_by_what_is_out_of_the_ordinary():
    answers = {given for _, given in explore(ask, most=1)}
    assert answers == {(0, 0, 0), (1, 0, 0), (2, 0, 0), (0, 1, 0), (0, 2, 0), (0, 0, 1), (0, 0, 2)}


def test_exploring_follows_questions_that_arise_only_after_an_answer():
    def run(chooser: Chooser) -> int:
        return 10 + chooser.choose("then", 2) if chooser.choose("first", 2) else 0

    assert sorted(given for _, given in explore(run, most=2)) == [0, 10, 11]
