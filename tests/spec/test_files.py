"""Paths, directories, standard input, and documents put together."""

from pathlib import Path

import pytest

from reconciler.model.diagnostic import DiagnosticsError
from reconciler.spec.load import Loaded, load
from tests.spec.helpers import finding, loaded


def write(folder: Path, **files: str) -> str:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return str(folder)


def load_paths(*paths: str) -> Loaded:
    return load(paths, env={})


def refused(*paths: str) -> list[str]:
    with pytest.raises(DiagnosticsError) as error:
        load(paths, env={})
    return [d.code for d in error.value.diagnostics]


def test_a_directory_is_its_yaml_files_in_order_of_name(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "shop", b_yml="services: {b: {image: b}}", a_yaml="services: {a: {image: a}}",
        c_txt="not read", d_json="{}",
    )  # fmt: skip
    (tmp_path / "shop" / "sub.yaml").mkdir()
    state = load_paths(folder)
    assert state.files == (f"{folder}/a.yaml", f"{folder}/b.yml")
    assert list(state.stack.declared.services) == ["a", "b"]
    assert state.stack.name == "shop"


def test_a_stack_is_named_after_its_file(tmp_path: Path) -> None:
    write(tmp_path, My_Shop_yaml="services: {}")
    (tmp_path / "x.yaml").write_text("services: {}")
    assert load_paths(str(tmp_path / "x.yaml")).stack.name == "x"


def test_a_written_name_wins(tmp_path: Path) -> None:
    folder = write(tmp_path / "shop", a_yaml="name: bakery")
    assert load_paths(folder).stack.name == "bakery"


def test_standard_input_needs_a_name() -> None:
    with pytest.raises(DiagnosticsError) as error:
        load(["-"], stdin="services: {}", env={})
    assert [d.code for d in error.value.diagnostics] == ["R110"]


def test_files_and_standard_input_go_together(tmp_path: Path) -> None:
    folder = write(tmp_path / "shop", a_yaml="services: {a: {image: a}}")
    state = load([folder, "-"], stdin="services: {b: {image: b}}", env={})
    assert sorted(state.stack.declared.services) == ["a", "b"]


def test_a_file_given_twice_is_read_once(tmp_path: Path) -> None:
    folder = write(tmp_path / "shop", a_yaml="services: {a: {image: a}}")
    assert len(load_paths(folder, f"{folder}/a.yaml").files) == 1


def test_positions_name_the_file_of_each_part(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "shop",
        a_yaml="services:\n  a: {image: a}\n",
        b_yaml="environments:\n  big:\n    services:\n      a:\n        replicas: 3\n",
    )
    positions = load([folder], environment="big", env={}).stack.positions
    assert str(positions.find(("services", "a", "replicas"))) == f"{folder}/b.yaml:5:9"
    assert str(positions.find(("services", "a", "image"))) == f"{folder}/a.yaml:2:7"
    assert str(positions.find(("services", "a"))) == f"{folder}/a.yaml:2:3"


def test_a_service_declared_in_two_files_is_refused_with_both_places(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "shop", a_yaml="services: {a: {image: a}}", b_yaml="services: {a: {image: b}}"
    )
    with pytest.raises(DiagnosticsError) as error:
        load_paths(folder)
    [found] = error.value.diagnostics
    assert found.code == "R109"
    assert str(found.position) == f"{folder}/b.yaml:1:12"
    assert found.detail == f"first at {folder}/a.yaml:1:12"


def test_lists_of_several_documents_follow_one_another() -> None:
    text = "manifests: [{kind: A}]\n---\nmanifests: [{kind: B}]\n"
    manifests = loaded(text).stack.declared.manifests
    assert [manifest["kind"] for manifest in manifests] == ["A", "B"]


def test_a_name_said_twice_is_refused() -> None:
    assert finding("name: a\n---\nname: b\n").code == "R109"


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert refused(str(tmp_path / "missing.yaml")) == ["R100"]
    assert refused(str(tmp_path / "empty")) == ["R100"]
    assert refused() == ["R100"]
    assert refused("a\0b") == ["R100"]


def test_every_broken_file_is_reported(tmp_path: Path) -> None:
    folder = write(tmp_path / "shop", a_yaml="a: [", b_yaml="b: {", c_yaml="- list")
    assert refused(folder) == ["R101", "R101", "R103"]


def test_undecodable_standard_input_is_reported() -> None:
    with pytest.raises(DiagnosticsError) as error:
        load(["-"], stdin="a: \udcff\n", env={})
    assert [d.code for d in error.value.diagnostics] == ["R102"]
