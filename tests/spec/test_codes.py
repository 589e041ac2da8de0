"""Each code of reading a state, shown by the smallest state that gets it."""

import pytest

from reconciler.model.diagnostic import DiagnosticsError
from reconciler.spec.codes import CODES
from reconciler.spec.load import load
from tests.spec.helpers import named

SHOWN = {
    "R101": "a: [",
    "R102": "a: \x07",
    "R103": "[a]",
    "R104": "[" * 100,
    "R105": "name: a\nname: b",
    "R106": "1: a",
    "R107": "name: !x a",
    "R108": "name: *a",
    "R109": "name: a\n---\nname: b",
    "R110": "name: A",
    "R111": "nam: a",
    "R112": "services: {a: {}}",
    "R113": "services: 1",
    "R114": "services: {a: {image: a, pull: b}}",
    "R115": "services: {a: {image: A}}",
    "R116": "services: {a: {image: a, replicas: -1}}",
    "R117": "configs: {a: {}}",
    "R118": "services: {A: {image: a}}",
    "R119": "services: {a: {image: a, ports: [1, 1]}}",
    "R120": "services: {}",
    "R121": "environments: {e: {without: [a]}}",
    "R122": "environments: {e: {volumes: {a: null}}}\nvolumes: {b: {}}",
    "R130": "services: {a: {image: '${I}'}}",
    "R131": "variables: {V: {default: a, values: [b]}}",
    "R132": "services: {a: {image: '${I'}}",
    "R133": "services: {}",
    "R140": "services: {a: {template: t}}",
    "R141": "templates: {t: {parameters: {p: {}}}}\napps: {a: {}}",
    "R142": "templates: {t: {name: x}}\napps: {a: {}, b: {}}",
    "R150": "services: {a: {image: a, depends_on: [b]}}",
    "R151": "services: {a: {image: a}, b: {image: a, depends_on: [a]}}\njobs: {a: {image: a}}",
    "R152": "services: {a: {image: a}, b: {image: a, depends_on: {a: completed}}}",
    "R160": "secrets: {a: {env: A}}",
    "R161": "configs: {a: {file: nowhere}}",
    "R162": "secrets: {a: {env: A}}",
    "R170": "services: {a: {image: a, require: {A: }}}",
    "R171": "services: {a: {image: a, require: {A: 1}, environment: {A: 2}}}",
    "R172": "services: {a: {image: a, require: {A: 1}, environment: {A: {config: c}}}}\n"
            "configs: {c: {content: x}}",
    "R173": "services: {a: {image: a, host_environment: {allow: [H_], rename: {H_A: X, H_B: X}}}}",
    "R174": "services: {a: {image: a, host_environment: {rename: {A: B}}}}",
}  # fmt: skip
OPTIONS: dict[str, dict[str, object]] = {
    "R120": {"environment": "e"}, "R121": {"environment": "e"}, "R122": {"environment": "e"},
    "R133": {"variables": {"V": "1"}}, "R162": {"resolve": False},
    "R173": {"env": {"H_A": "1", "H_B": "2"}},
}  # fmt: skip
WARNINGS = {"R122", "R162", "R174"}
# No file at all, and content that changes after the load: shown in test_files and test_contents.
ELSEWHERE = {"R100", "R163"}


@pytest.mark.parametrize("code", SHOWN)
def test_the_code_is_shown_by_its_smallest_state(code: str) -> None:
    options = {"env": {}, **OPTIONS.get(code, {})}
    try:
        found = load(["-"], stdin=named(SHOWN[code]), **options).warnings  # type: ignore[arg-type]
        assert code in WARNINGS
    except DiagnosticsError as error:
        found = error.diagnostics
    mine = [d for d in found if d.code == code]
    assert mine, [(d.code, d.summary) for d in found]
    assert all(d.hint and d.summary for d in mine)
    assert all((d.severity == "warning") == (code in WARNINGS) for d in mine)


def test_every_code_is_shown() -> None:
    assert sorted({*SHOWN, *ELSEWHERE}) == sorted(CODES)


def test_every_code_says_what_it_means_and_what_to_do() -> None:
    for code, entry in CODES.items():
        assert code.startswith("R1")
        assert entry.explanation.endswith(".")
        assert entry.title[0].isupper()
        assert not entry.fix.endswith(".")


def test_every_code_in_the_source_is_in_the_table() -> None:
    import re
    from pathlib import Path

    import reconciler.spec

    folder = Path(next(iter(reconciler.spec.__path__)))
    used = {
        code for file in folder.glob("*.py") for code in re.findall(r'"(R1\d\d)"', file.read_text())
    }
    assert used == set(CODES)
