"""What was observed, in a file: read as it was written, and without what nobody may see."""

from dataclasses import replace

import pytest

from reconciler.model.container import EnvValue
from reconciler.model.diagnostic import DiagnosticsError
from reconciler.model.observed import Fields, Observed
from reconciler.model.service import Service
from reconciler.model.stack import Declared, Stack
from reconciler.model.survey import Survey
from reconciler.rehearsal.observation import (
    Seen,
    bared,
    bared_survey,
    decode,
    encode,
    is_observation,
)
from tests.model.test_simple import CLUSTER, POD, SEEN, WEB

LITERAL: Fields = {
    "environment.LEVEL": "info", "environment.TOKEN": "hunter2", "environment.DB": "secret:db/url",
}  # fmt: skip


def variables(fields: Fields) -> dict[str, EnvValue]:
    return {name.removeprefix("environment."): EnvValue(value=str(v)) for name, v in fields.items()}


def in_clear() -> Survey:
    """A cluster whose objects hold a credential in clear, wherever one can be."""
    service = replace(CLUSTER.workloads["web"].service, environment=variables(LITERAL))
    seen = CLUSTER.workloads["web"]
    pod = replace(POD, fields=LITERAL, message="hunter2?", log_tail=("hunter2",))
    thing = replace(SEEN.objects[WEB], fields=LITERAL, defaults=LITERAL)
    return replace(
        CLUSTER,
        observed=replace(SEEN, objects={WEB: thing}, instances=(pod,)),
        declared=replace(CLUSTER.declared, services={"web": service}),
        workloads={
            "web": replace(
                seen, service=service, pods=(replace(seen.pods[0], instance=pod),),
                templates=(replace(seen.templates[0], service=service),),
            )
        },
    )  # fmt: skip


def wanted(**values: str) -> Stack:
    environment = {name: EnvValue(value=value) for name, value in values.items()}
    web = Service(image="web:1", environment=environment)
    return Stack(Declared(name="shop", services={"web": web}))


@pytest.mark.parametrize("seen", [bared(SEEN), bared_survey(in_clear(), wanted())], ids=type)
def test_what_is_written_is_read_again(seen: Seen):
    text = encode(seen)
    assert is_observation(text)
    assert decode(text, "seen.json") == seen


def test_a_value_in_clear_is_kept_nowhere_but_where_the_state_has_it_too():
    text = encode(bared_survey(in_clear(), wanted(LEVEL="info")))
    assert "hunter2" not in text
    assert '"info"' in text
    assert "secret:db/url" in text
    assert "hunter2" in encode(bared_survey(in_clear(), wanted(TOKEN="hunter2")))


def test_values_that_differ_stay_different_and_equal_ones_equal():
    def token(value: str) -> object:
        survey = in_clear()
        pod = replace(POD, fields={"environment.TOKEN": value})
        observed = replace(survey.observed, instances=(pod,))
        made = bared_survey(replace(survey, observed=observed), wanted())
        return made.observed.instances[0].fields["environment.TOKEN"]

    assert token("one") == token("one") != token("other")


def test_what_an_instance_said_of_itself_is_left_out():
    said = replace(SEEN, instances=(replace(POD, message="no", log_tail=("a", "b")),))
    assert bared(said) == bared(SEEN)


@pytest.mark.parametrize(
    "text",
    [
        '{"format": "reconciler.observed/9"}', '{"format": "reconciler.observed/1"}',
        '{"format": "reconciler.observed/1", "engine": []}',
        '{"format": "reconciler.observed/1", "cluster": {"observed": 1}}', "{", "[]",
        encode(SEEN).replace('"began_at_ns": 1', '"began_at_ns": "x"'),
    ],
)  # fmt: skip
def test_another_format_and_a_damaged_file_are_refused(text: str):
    with pytest.raises(DiagnosticsError) as caught:
        decode(text, "seen.json")
    assert [found.code for found in caught.value.diagnostics] == ["R716"]
    assert "seen.json" in caught.value.diagnostics[0].summary


def test_an_observation_is_told_from_a_state():
    assert is_observation(encode(SEEN))
    assert not is_observation("name: shop\n")
    assert not isinstance(decode(encode(SEEN), "x"), Survey)
    assert isinstance(decode(encode(SEEN), "x"), Observed)
