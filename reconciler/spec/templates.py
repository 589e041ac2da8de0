"""Templates: services with parameters, made into services before anything else is read.

A parameter is written as a placeholder, ``${stage}``, in values and in keys; names that are
no parameter of the template are left for the variables. `app` is the name of the app, or of
the service that uses the template. ``${app.env}`` is the same text as part of a variable's
name: upper case, whatever is no letter or digit an underscore.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model.noun import listed
from reconciler.spec.merge import merge
from reconciler.spec.report import Report, nearest
from reconciler.spec.scalars import Plain, resolve
from reconciler.spec.tree import Map, Path, Seq, entries, locate, lookup, mark
from reconciler.spec.vocabulary import App, Template, Vocabulary

_PLACEHOLDER = re.compile(r"\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(\.env)?\}")
_LONGEST_REPORT = 8


@dataclass
class Templates:
    """The templates and apps of a state, and the tree that they were written in."""

    vocabulary: Vocabulary
    root: Map
    report: Report

    def expand(self, root: Map) -> Map:
        """`root` with apps and services that name a template made into plain services."""
        services = root.get("services")
        named = [
            name for name, service in entries(root, "services")
            if isinstance(service, Map) and ("template" in service or "parameters" in service)
        ]  # fmt: skip
        if not named and not self.vocabulary.apps:
            return root
        made = services.copy() if isinstance(services, Map) else Map(root.at)
        for name in named:
            made.put(name, self._service(name, made[name], root), made.marks[name])
        for name, app in self.vocabulary.apps.items():
            self._app(name, app, made)
        whole = root.copy()
        whole.put("services", made, root.marks.get("services", mark(made.at, made.at)))
        return whole

    def _app(self, name: str, app: App, services: Map) -> None:
        path = ("apps", name)
        at = locate(self.root, path, key=True)
        template = app.template or self._only_template(name, at)
        values = self._values(template, name, app.parameters, path)
        if values is None:
            return
        written = self.vocabulary.templates[template]
        service_name = substitute(written.name, values)
        if service_name in services:
            first = self.report.position(services.key_at(service_name))
            self.report.add(
                "R142", f"the app {name!r} makes a service that there is already: {service_name}",
                at, detail=f"first at {first}",
            )  # fmt: skip
            return
        base = instantiate(lookup(self.root, ("templates", template, "service")), values)
        over = lookup(self.root, (*path, "service"))
        made = base if base is not None else Map(at)
        made = merge(made, over, ("services", service_name)) if over is not None else made
        services.put(service_name, made, mark(at, at))

    def _service(self, name: str, service: Map, root: Map) -> Map:
        """A service laid over the template that it names."""
        path = ("services", name)
        own = service.without("template").without("parameters")
        template, given = service.get("template"), service.get("parameters")
        if not isinstance(template, str):
            said = "is no name of a template" if template is not None else "is missing"
            self.report.add("R140", f"services.{name}: `template` {said}", locate(root, path))
            return own
        if given is not None and not isinstance(given, Map):
            at = locate(root, (*path, "parameters"))
            self.report.add("R141", f"services.{name}: `parameters` is no mapping", at)
            return own
        given = given or {}
        texts = {key: str(value) for key, value in given.items() if _is_scalar(value)}
        values = self._values(template, name, texts, path, root)
        if values is None:
            return own
        base = instantiate(lookup(self.root, ("templates", template, "service")), values)
        merged = merge(base, own, path) if isinstance(base, Map) else own
        return merged if isinstance(merged, Map) else own

    def _only_template(self, name: str, at: int) -> str:
        known = list(self.vocabulary.templates)
        if len(known) == 1:
            return known[0]
        said = listed(known[:_LONGEST_REPORT]) or "none"
        self.report.add(
            "R140", f"the app {name!r} names no template", at, hint=f"there are: {said}"
        )
        return ""

    def _values(
        self, name: str, app: str, given: Mapping[str, str], path: Path, root: Map | None = None
    ) -> dict[str, str] | None:
        """The value of every parameter; None, and findings, where that is not clear."""
        root = self.root if root is None else root
        template = self.vocabulary.templates.get(name)
        if template is None:
            if name:
                known = sorted(self.vocabulary.templates)
                hint = nearest(name, known) or f"there are: {listed(known) or 'none'}"
                at = locate(root, (*path, "template"))
                self.report.add("R140", f"no template {name!r}", at, hint=hint)
            return None
        before = len(self.report.found)
        for key in given:
            if key not in template.parameters and key != "app":
                known = ["app", *template.parameters]
                at = locate(root, (*path, "parameters", key), key=True)
                hint = nearest(key, known) or f"it has: {listed(known)}"
                said = f"template {name!r} has no parameter {key!r}"
                self.report.add("R141", said, at, hint=hint)
        values = {"app": given.get("app", app)}
        for key in template.parameters:
            value = self._value(template, name, key, given, path, root)
            if value is not None:
                values[key] = value
        return values if len(self.report.found) == before else None

    def _value(
        self, template: Template, name: str, key: str, given: Mapping[str, str], path: Path,
        root: Map,
    ) -> str | None:  # fmt: skip
        parameter = template.parameters[key]
        value = given.get(key, parameter.default)
        at = locate(root, (*path, "parameters", key))
        if value is None:
            summary = f"template {name!r} needs the parameter {key!r}"
            self.report.add("R141", summary, at, hint=f"give parameters: {{{key}: …}}")
        elif parameter.values and "${" not in value and value not in parameter.values:
            summary = f"the parameter {key!r} of template {name!r} cannot be {value!r}"
            self.report.add("R141", summary, at, hint=f"it is one of {listed(parameter.values)}")
        return value


def substitute(text: str, values: Mapping[str, str]) -> str:
    """`text` with parameters filled in; other placeholders and ``$$`` stay for later."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name is None or name not in values:
            return match[0]
        return re.sub(r"[^A-Za-z0-9]", "_", values[name]).upper() if match[2] else values[name]

    return _PLACEHOLDER.sub(value, text)


def instantiate(node: Any, values: Mapping[str, str]) -> Any:
    """A copy of a part of a template with its parameters filled in, in keys and values."""
    if isinstance(node, Map):
        made = Map(node.at)
        for key, value in node.items():
            made.put(substitute(key, values), instantiate(value, values), node.marks[key])
        return made
    if isinstance(node, Seq):
        items = Seq(node.at)
        for index, item in enumerate(node):
            items.put(instantiate(item, values), node.item_at(index))
        return items
    if not isinstance(node, str) or "$" not in node:
        return node
    filled = substitute(node, values)
    if isinstance(node, Plain):
        return Plain(filled) if "$" in filled else resolve(filled)
    return filled


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float)
