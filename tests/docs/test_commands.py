"""Every command that the documentation shows does what it shows."""

from pathlib import Path

import pytest

from tests.docs import console


def pages_with(place: str) -> list[object]:
    return [
        pytest.param(page, id=str(page.relative_to(console.ROOT)))
        for page in console.pages()
        if console.commands_of(page, place)
    ]


def problems(page: Path, place: str, tmp_path: Path) -> str:
    folder = tmp_path / "work"
    folder.mkdir(parents=True)
    console.copy_of_state(folder)
    environment = console.reader_environment(tmp_path / "home")
    return "\n\n".join(console.run(console.commands_of(page, place), folder, environment))


@pytest.mark.parametrize("page", pages_with(""))
def test_the_commands_of_a_page_do_what_it_shows(page: Path, tmp_path: Path) -> None:
    assert problems(page, "", tmp_path) == ""


@pytest.mark.live
def test_the_live_commands_of_all_pages_do_what_they_show(tmp_path: Path) -> None:
    pages = [page for page in console.pages() if console.commands_of(page, "live")]
    found = [problems(page, "live", tmp_path / str(n)) for n, page in enumerate(pages)]
    assert [problem for problem in found if problem] == []


def test_continuous_integration_runs_what_the_pages_leave_to_it() -> None:
    script = (console.ROOT / ".ci" / "run").read_text()
    left = [command for page in console.pages() for command in console.commands_of(page, "ci")]
    assert left, "no page shows how to run the tests"
    assert [command for command in left if command.text not in script] == []


@pytest.mark.parametrize("page", console.pages(), ids=lambda page: page.name)
def test_a_fence_names_a_place_that_is_known(page: Path) -> None:
    assert console.places_of(page) <= set(console.PLACES)


def test_no_command_hides_in_a_block_that_is_never_run() -> None:
    hidden = [
        f"{page.relative_to(console.ROOT)}:{number}: {line}"
        for page in console.pages()
        for number, line in enumerate(page.read_text().splitlines(), 1)
        if line.strip() in ("```bash", "```sh", "```shell", "```shell-session")
    ]
    assert hidden == []
