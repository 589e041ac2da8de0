"""Templates, and the apps and services made of them."""

from textwrap import dedent

from tests.spec.helpers import at, finding, findings, loaded, web

APPS = dedent("""\
    variables:
      REGISTRY: {default: registry.example.com}
    templates:
      app:
        parameters:
          stage: {default: latest, values: [latest, pre-release, testing]}
          port: {default: 3000}
        name: app-${app}
        service:
          image: ${REGISTRY}/${app}:${stage}
          aliases: ["app-${app}"]
          replicas: 1
          ports: ["${port}"]
          environment:
            APP_NAME: ${app}
            UPSTREAM_${app.env}: http://app-${app}:${port}
            COST: $${app}
    apps:
      de.easy-m.statistics: {parameters: {stage: testing}}
      other: {template: app, service: {replicas: 2, environment: {COST: 5}}}
    """)


def test_an_app_is_a_service_made_of_a_template() -> None:
    services = loaded(APPS).stack.declared.services
    assert list(services) == ["app-de.easy-m.statistics", "app-other"]
    made = services["app-de.easy-m.statistics"]
    assert made.image == "registry.example.com/de.easy-m.statistics:testing"
    assert made.aliases == ("app-de.easy-m.statistics",)
    assert {name: value.value for name, value in made.environment.items()} == {
        "APP_NAME": "de.easy-m.statistics",
        "UPSTREAM_DE_EASY_M_STATISTICS": "http://app-de.easy-m.statistics:3000",
        "COST": "${app}",
    }


def test_an_app_says_what_it_does_differently() -> None:
    other = loaded(APPS).stack.declared.services["app-other"]
    assert (other.replicas, other.environment["COST"].value) == (2, "5")


def test_an_app_stands_where_it_was_written() -> None:
    positions = loaded(APPS).stack.positions
    assert str(positions.find(("services", "app-other"))) == "<stdin>:20:3"
    assert str(positions.find(("services", "app-other", "replicas"))) == "<stdin>:20:36"
    assert str(positions.find(("services", "app-other", "image"))) == "<stdin>:10:7"


def test_a_service_can_use_a_template_and_say_more() -> None:
    service = web(
        APPS
        + dedent("""\
        services:
          web: {template: app, parameters: {stage: pre-release}, replicas: 5}
        """)
    )
    assert service.image == "registry.example.com/web:pre-release"
    assert service.replicas == 5


def test_a_service_that_an_environment_brings_can_use_a_template() -> None:
    state = APPS + dedent("""\
        environments:
          more:
            services:
              web: {template: app, replicas: 5}
              app-other: {replicas: 7}
        """)
    services = loaded(state, environment="more").stack.declared.services
    assert services["web"].image == "registry.example.com/web:latest"
    assert services["app-other"].replicas == 7


def test_a_parameter_may_hold_a_variable() -> None:
    text = APPS.replace("stage: testing", "stage: '${STAGE:-testing}'")
    service = loaded(text).stack.declared.services["app-de.easy-m.statistics"]
    assert service.image.endswith(":testing")


def test_an_unknown_template_is_refused_with_the_nearest() -> None:
    found = finding(APPS.replace("template: app", "template: apq"))
    assert (found.code, found.hint, at(found)) == ("R140", "did you mean 'app'?", (20, 21))


def test_of_several_templates_one_must_be_named() -> None:
    found = finding(APPS.replace("templates:\n", "templates:\n  two: {}\n"))
    assert (found.code, found.hint) == ("R140", "there are: two and app")


def test_parameters_are_checked() -> None:
    needs = APPS.replace("stage: {default: latest, values", "stage: {values")
    assert [d.code for d in findings(needs)] == ["R141"]
    unknown = APPS.replace("{stage: testing}", "{stagee: testing}")
    assert finding(unknown).hint == "did you mean 'stage'?"
    wrong = APPS.replace("{stage: testing}", "{stage: production}")
    assert "one of latest" in finding(wrong).hint


def test_two_apps_of_one_name_are_refused() -> None:
    found = finding(APPS.replace("name: app-${app}", "name: fixed"))
    assert (found.code, found.detail) == ("R142", "first at <stdin>:19:3")


def test_a_template_is_checked_even_if_nothing_uses_it() -> None:
    found = finding("templates: {t: {service: {imagee: a, replicas: '${n}'}}}")
    assert (found.code, found.hint) == ("R111", "did you mean 'image'?")


def test_a_template_that_is_no_name_is_refused() -> None:
    assert {d.code for d in findings("services: {web: {image: a, template: [x]}}")} == {"R140"}
    assert {d.code for d in findings("services: {web: {image: a, parameters: {}}}")} == {"R140"}
    text = APPS + "services: {web: {template: app, parameters: [x]}}\n"
    assert "R141" in {d.code for d in findings(text)}
