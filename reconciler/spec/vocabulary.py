"""What a state file says beside the stack itself, and what is gone before the model.

``defaults``, ``variables``, ``environments``, ``templates`` and ``apps`` are used up while
a state is read: the model only ever sees the services that come of them.
"""

from collections.abc import Mapping
from typing import Any

from reconciler.model.noun import about, noun
from reconciler.model.units import Text


@noun
class Variable:
    """A variable that placeholders may name."""

    default: Text | None = about(
        "Its value where none is given; without one it must be given.", "testing", default=None
    )
    values: tuple[Text, ...] = about(
        "The values it may have; any when empty.", ["latest", "testing"], default=()
    )
    description: str = about("What it is for.", "Release stage of the images.", default="")


@noun
class Environment:
    """A variant of the stack: what it leaves out, its variables, and sections merged over it."""

    description: str = about("What it is for.", "Four instances.", default="")
    without: tuple[str, ...] = about(
        "Services and jobs that are left out.", ["postgres"], default=()
    )
    variables: Mapping[str, Text] = about(
        "Values of variables.", {"STAGE": "testing"}, default_factory=dict
    )


@noun
class Parameter:
    """A parameter of a template."""

    default: Text | None = about(
        "Its value where none is given; without one it must be given.", "latest", default=None
    )
    values: tuple[Text, ...] = about(
        "The values it may have; any when empty.", ["latest", "testing"], default=()
    )
    description: str = about("What it is for.", "Release stage of this app.", default="")


@noun
class Template:
    """A service with parameters, from which apps and services are made."""

    description: str = about("What it is for.", "An app of the app server.", default="")
    parameters: Mapping[str, Parameter] = about(
        "Parameters by name, besides `app`.",
        {"stage": {"default": "latest"}},
        default_factory=dict,
    )
    name: str = about("Name of the service made of it.", "app-${app}", default="${app}")
    service: Mapping[str, Any] = about(
        "The service, with ${parameter} in its keys and values.",
        {"image": "registry.example.com/${app}:${stage}"},
        default_factory=dict,
    )


@noun
class App:
    """A service made of a template; its name is the parameter `app`."""

    template: str = about("Name of the template; the only one when empty.", "app", default="")
    parameters: Mapping[str, Text] = about(
        "Values of the template's parameters.", {"stage": "testing"}, default_factory=dict
    )
    service: Mapping[str, Any] = about(
        "What this one says differently, merged over the template.",
        {"replicas": 2},
        default_factory=dict,
    )


@noun
class Vocabulary:
    """The document-level sections, environments without what they lay over the stack."""

    defaults: Mapping[str, Any] = about(
        "Laid under every service.", {"restart": {"policy": "always"}}, default_factory=dict
    )
    variables: Mapping[str, Variable] = about(
        "Variables by name.", {"STAGE": {"default": "testing"}}, default_factory=dict
    )
    environments: Mapping[str, Environment] = about(
        "Environments by name.",
        {"scaled": {"services": {"web": {"replicas": 4}}}},
        default_factory=dict,
    )
    templates: Mapping[str, Template] = about(
        "Templates by name.",
        {"app": {"service": {"image": "registry.example.com/${app}:1"}}},
        default_factory=dict,
    )
    apps: Mapping[str, App] = about(
        "Services made of templates, by the name of the app.",
        {"statistics": {"template": "app"}},
        default_factory=dict,
    )


VOCABULARY = frozenset(Vocabulary.__dataclass_fields__)
ENVIRONMENT_OWN = frozenset(Environment.__dataclass_fields__)
# What a service may say in a file and not in the model.
SERVICE_EXTRA = ("template", "parameters")
