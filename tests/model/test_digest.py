"""Digests name a content and do not give it away."""

from reconciler.model.digest import config_digest, secret_digest


def test_a_configs_digest_is_the_first_of_its_sha256() -> None:
    assert config_digest(b"hello") == "2cf24dba5fb0a30e"


def test_a_secrets_digest_depends_on_stack_name_and_content() -> None:
    digest = secret_digest(b"hunter2", "shop", "db")
    assert len(digest) == 16 and int(digest, 16)
    assert digest == secret_digest(b"hunter2", "shop", "db")
    others = {
        secret_digest(b"hunter2", "shop2", "db"), secret_digest(b"hunter2", "shop", "api"),
        secret_digest(b"hunter3", "shop", "db"), config_digest(b"hunter2"),
    }  # fmt: skip
    assert digest not in others and len(others) == 4
