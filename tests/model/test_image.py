"""Image references."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.image import ImageReference, normalised, parse_image

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "domain", "path", "tag", "digest"),
    [
        ("nginx", "docker.io", "library/nginx", "latest", ""),
        ("nginx:1.27", "docker.io", "library/nginx", "1.27", ""),
        ("acme/web", "docker.io", "acme/web", "latest", ""),
        ("localhost/web:2", "localhost", "web", "2", ""),
        ("localhost:5000/web", "localhost:5000", "web", "latest", ""),
        ("host:5000/a/b:t", "host:5000", "a/b", "t", ""),
        ("registry.example.com/a/b/c:1_2.3-4", "registry.example.com", "a/b/c", "1_2.3-4", ""),
        (f"web@{DIGEST}", "docker.io", "library/web", "", DIGEST),
        (f"web:1@{DIGEST}", "docker.io", "library/web", "1", DIGEST),
        ("a__b/c-d--e", "docker.io", "a__b/c-d--e", "latest", ""),
        ("Upper/web", "Upper", "web", "latest", ""),
        ("docker.io/nginx", "docker.io", "library/nginx", "latest", ""),
        ("index.docker.io/nginx", "docker.io", "library/nginx", "latest", ""),
    ],
)  # fmt: skip
def test_a_reference_is_taken_apart_as_the_grammar_says(
    text: str, domain: str, path: str, tag: str, digest: str
) -> None:
    assert parse_image(text) == ImageReference(domain, path, tag, digest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":1",
        "a:",
        "a/",
        "/a",
        "a//b",
        "-a",
        "a_",
        "a b",
        "a:b:c",
        "a@sha256:12",
        "a:" + "t" * 129,
    ],
)
def test_what_is_no_reference_is_refused_and_left_as_it_is(text: str) -> None:
    with pytest.raises(ValueError, match="not an image reference"):
        parse_image(text)
    assert normalised(text) == text


def test_a_name_in_capitals_is_told_what_is_wrong_with_it() -> None:
    with pytest.raises(ValueError, match="lower case"):
        parse_image("Nginx")


@pytest.mark.parametrize(
    ("text", "familiar"),
    [
        ("docker.io/library/nginx", "nginx:latest"), ("docker.io/acme/web:1", "acme/web:1"),
        ("nginx:1", "nginx:1"), ("quay.io/a:1", "quay.io/a:1"),
        (f"nginx@{DIGEST}", f"nginx@{DIGEST}"),
        ("docker.io/library/a/b", "library/a/b:latest"),
    ],
)  # fmt: skip
def test_the_default_domain_goes_without_saying(text: str, familiar: str) -> None:
    assert normalised(text) == familiar
    assert normalised(familiar) == familiar


_PART = st.from_regex(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*", fullmatch=True)
_DOMAIN = st.sampled_from(("docker.io", "localhost", "quay.io", "host:5000", "a.example.com"))
_TAG = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)


@given(_DOMAIN, st.lists(_PART, min_size=1, max_size=4), _TAG, st.booleans())
def test_a_reference_reads_back_as_it_was_written(
    domain: str, parts: list[str], tag: str, pinned: bool
) -> None:
    text = f"{domain}/{'/'.join(parts)}:{tag}" + (f"@{DIGEST}" if pinned else "")
    reference = parse_image(text)
    assert parse_image(str(reference)) == reference
    # What a name without its domain begins with may itself look like a domain.
    if "." not in parts[0] and parts[0] != "localhost":
        assert parse_image(reference.familiar) == reference


@given(st.text(max_size=40))
def test_no_text_makes_the_parser_fail_otherwise(text: str) -> None:
    assert isinstance(normalised(text), str)
