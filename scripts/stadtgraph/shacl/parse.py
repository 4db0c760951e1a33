"""Make a plan of a shapes graph, and refuse it where it breaks the syntax rules (SHACL, appendix B).

A rule that is written in a way that SHACL does not know would never fire, and nobody would be told;
so a shapes graph is either understood to the last triple or not used.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from types import MappingProxyType
from typing import Final

import pyoxigraph as ox

from stadtgraph.namespaces import VOCABULARIES
from stadtgraph.shacl.columns import SUBCLASS, Column, Columns
from stadtgraph.shacl.components import COMPONENTS, Component, referred
from stadtgraph.shacl.graphs import Term
from stadtgraph.shacl.model import SH, Constraint, Plan, Query, Shape
from stadtgraph.shacl.names import names_of
from stadtgraph.shacl.paths import Path
from stadtgraph.shacl.patterns import mismatches
from stadtgraph.shacl.queries import read_query
from stadtgraph.shacl.report import MalformedShapes
from stadtgraph.shacl.syntax import REPEATS, Reader, sh, told
from stadtgraph.shacl.unfit import Unfit
from stadtgraph.terms import TYPE

CLASSES_OF_CLASSES: Final = {
    ox.NamedNode(VOCABULARIES["rdfs"] + "Class"),
    ox.NamedNode(VOCABULARIES["owl"] + "Class"),  # a subclass of it, though few graphs say so
}
IMPORTS: Final = ox.NamedNode(VOCABULARIES["owl"] + "imports")
TARGETS: Final = {
    "targetNode": "literal or IRI",
    "targetClass": "IRI",
    "targetSubjectsOf": "IRI",
    "targetObjectsOf": "IRI",
}
SEVERITIES: Final = ("Violation", "Warning", "Info")
PARAMETERS: Final = {*COMPONENTS, *(name for component in COMPONENTS.values() for name in component.others)}
# What people write for the namespace of SHACL; a rule in such a one would never fire.
NEARLY: Final = re.compile(rf"(?!{re.escape(SH)})(?i:https?://(?:www\.)?w3\.org/ns/shacl)(?:[#/]|\Z)")
# What stands in other places than a shape or a query, and would say nothing there.
NOT_IN_SHAPES: Final = {"select", "ask", "prefixes", "inversePath", "alternativePath", *REPEATS}
NOT_IN_QUERIES: Final = {*PARAMETERS, *TARGETS, "path", "select", "ask"}
RESERVED: Final = ("this", "shapesGraph", "currentShape", "path", "PATH", "value")


@dataclass(frozen=True, slots=True)
class _Parameter:
    predicate: ox.NamedNode
    name: str
    optional: bool


def parse(graph: Columns) -> Plan:
    """Return the shapes of a graph.

    Raises:
        MalformedShapes: with all faults found.

    """
    return _Parser(graph).plan()


class _Parser(Reader):
    def plan(self) -> Plan:
        self._check_terms()
        self.typed = set(self.instances("NodeShape", "PropertyShape"))
        self.custom = {
            component: self._parameters(component)
            for component in self.instances("ConstraintComponent")
            if isinstance(component, ox.NamedNode) and not component.value.startswith(SH)
        }
        shapes: dict[Term, Shape] = {}
        self.named = list(dict.fromkeys(self._starts()))
        while self.named:
            node = self.named.pop()
            if node not in shapes:
                shapes[node] = self._shape_at(node)
        if not self.faults:
            self._check_recursion(shapes)
        if self.faults:
            raise MalformedShapes(sorted(set(self.faults), key=str))
        used = {other for shape in shapes.values() for other in referred(*shape.constraints)}
        idle = (shape for node, shape in shapes.items() if node not in used and not shape.targets)
        unused = tuple(shape.node for shape in idle if shape.constraints)
        return Plan(shapes, unused, names_of(shapes, self.graph))

    def _starts(self) -> Iterator[Term]:
        """Yield what has to be a shape (2.1)."""
        yield from sorted(self.typed, key=self._place)
        for name in (*TARGETS, *sorted(PARAMETERS)):
            yield from self.subjects(sh(name))
        for parameters in self.custom.values():
            for parameter in parameters:
                yield from self.subjects(parameter.predicate)

    def _place(self, node: Term) -> tuple[str, int]:
        """Order nodes the same in each run, whatever blank nodes are called."""
        return ("", self.graph.number(node)) if isinstance(node, ox.BlankNode) else (str(node), 0)

    def _shape_at(self, node: Term) -> Shape:
        types = self.objects(node, TYPE)
        path, paths = None, self.objects(node, sh("path"))
        if len(paths) > 1:
            self.fault(node, "path", "several", number=len(paths))
        if paths and sh("NodeShape") in types:
            self.fault(node, "path", "path-of-node-shape")
        if not paths and sh("PropertyShape") in types:
            self.fault(node, "path", "path-missing")
        if len(paths) == 1:
            try:
                path = self.path(paths[0])
            except Unfit as unfit:
                self.fault(node, "path", unfit.key, **unfit.values)
        return Shape(
            node,
            path,
            paths[0] if paths else None,
            tuple(self._targets(node, types)),
            tuple(self._constraints(node, path, bool(paths))),
            self._severity(node),
            self.messages(node),
            self.one(node, "deactivated", "boolean") or False,
        )

    def _severity(self, node: Term) -> ox.NamedNode:
        """Return the severity (2.1.4): one of SHACL's three, or one that somebody else has made up."""
        severity: ox.NamedNode = self.one(node, "severity", "IRI") or sh("Violation")
        if severity.value.startswith(SH) and severity.value.removeprefix(SH) not in SEVERITIES:
            self.fault(node, "severity", "no-severity", term=told(severity))
        return severity

    def _targets(self, node: Term, types: list[Term]) -> Iterator[tuple[str, Term]]:
        for name, syntax in TARGETS.items():
            for term in self.objects(node, sh(name)):
                target = self.read(node, name, term, syntax)
                if target is not None:
                    yield name, target
        if node in self.typed and CLASSES_OF_CLASSES & set(self.closure(types, SUBCLASS)):
            yield "targetClass", node  # implicit (2.1.3.3)
            if not isinstance(node, ox.NamedNode):
                self.fault(node, "", "class-without-iri")

    def _constraints(self, node: Term, path: Path | None, has_path: bool) -> Iterator[Constraint]:
        said = {predicate.removeprefix(SH): values for predicate, values in self.said(node).items()}
        for name in sorted(said.keys() & PARAMETERS):
            owners = [c for c in COMPONENTS.values() if name == c.parameter or name in c.others]
            if not has_path and not owners[0].on_nodes:
                self.fault(node, name, "on-node-shape")
            if len(said[name]) > 1 and (name not in COMPONENTS or owners[0].single):
                self.fault(node, name, "several", number=len(said[name]))
            if not any(owner.parameter in said for owner in owners):
                self.fault(
                    node, name, "alone", others=" / ".join(f"sh:{owner.parameter}" for owner in owners)
                )
        for name in sorted(said.keys() & NOT_IN_SHAPES):
            self.fault(node, name, "not-in-shape")
        self._check_parameters(node)
        for component in COMPONENTS.values():
            for term in said.get(component.parameter, ()):
                yield from self._constraint(node, component, term, path)
        for iri, parameters in self.custom.items():
            yield from self._custom_constraint(node, iri, parameters, path, has_path)

    def _check_parameters(self, node: Term) -> None:
        """Find parameters that declare no component, since another one is missing (6.2.1)."""
        used: set[Term] = set()
        alone: dict[ox.NamedNode, ox.NamedNode] = {}
        for parameters in self.custom.values():
            given = [p.predicate for p in parameters if self.objects(node, p.predicate)]
            missing = [p.predicate for p in parameters if not p.optional and p.predicate not in given]
            used |= set() if missing else set(given)
            alone |= {predicate: missing[0] for predicate in given if missing}
        for predicate in alone.keys() - used:
            self.fault(node, predicate.value, "alone", others=told(alone[predicate]))

    def _constraint(
        self, node: Term, component: Component, term: Term, path: Path | None
    ) -> Iterator[Constraint]:
        name = component.parameter
        iri = sh(component.name + "ConstraintComponent")
        if name == "sparql":
            if not self.one(term, "deactivated", "boolean") and (query := self._query(term, "select", path)):
                yield Constraint(iri, name, term, query=query)
            return
        value = self.read(node, name, term, component.syntax)
        others = {other: self.one(node, other, syntax) for other, syntax in component.others.items()}
        others = {other: each for other, each in others.items() if each is not None}
        if name == "pattern" and value is not None:
            try:
                mismatches(value, others.get("flags", ""), ())
            except Unfit as unfit:
                self.fault(node, name, unfit.key, **unfit.values)
        if name == "closed":
            paths = [p for s in self.objects(node, sh("property")) for p in self.objects(s, sh("path"))]
            others["paths"] = {path for path in paths if isinstance(path, ox.NamedNode)}
        if name in ("qualifiedMinCount", "qualifiedMaxCount"):
            if not self.objects(node, sh("qualifiedValueShape")):
                self.fault(node, name, "alone", others="sh:qualifiedValueShape")
            others["siblings"] = self._siblings(node) if others.get("qualifiedValueShapesDisjoint") else ()
        if value is not None:
            yield Constraint(iri, name, value, others)

    def _siblings(self, node: Term) -> list[Term]:
        """Return the sibling shapes of a qualified value shape (4.7.3)."""
        ours = self.objects(node, sh("qualifiedValueShape"))
        return [
            sibling
            for parent in self.subjects(sh("property"), node)
            for other in self.objects(parent, sh("property"))
            for sibling in self.objects(other, sh("qualifiedValueShape"))
            if sibling not in ours
        ]

    # -- SPARQL

    def _query(
        self, node: Term, verb: str, path: Path | None, parameters: Mapping[str, bool] = MappingProxyType({})
    ) -> Query | None:
        text = self.one(node, verb, "text")
        if not self.objects(node, sh(verb)):
            self.fault(node, verb, "missing")
        said = {predicate.removeprefix(SH) for predicate in self.said(node)}
        for name in sorted((said & NOT_IN_QUERIES) - {verb}):
            self.fault(node, name, "not-in-query")
        if text is None:
            return None
        try:
            query = read_query(text, self._prefixes(node), node, self.messages(node), path, parameters)
        except Unfit as unfit:
            self.fault(node, verb, unfit.key, **unfit.values)
            return None
        if query.is_ask != (verb == "ask"):
            self.fault(node, verb, "query-verb", verb=verb.upper())
        return query

    def _prefixes(self, node: Term) -> dict[str, str]:
        """Collect ``sh:prefixes/owl:imports*/sh:declare`` (5.2.1)."""
        prefixes: dict[str, str] = {}
        for ontology in self.objects(node, sh("prefixes")):
            if not self.said(ontology):
                self.fault(node, "prefixes", "undefined", term=told(ontology))
        for ontology in self.closure(self.objects(node, sh("prefixes")), IMPORTS):
            for declaration in self.objects(ontology, sh("declare")):
                prefix = self.one(declaration, "prefix", "text")
                spaces = self.objects(declaration, sh("namespace"))
                if prefix is None or len(spaces) != 1 or not isinstance(spaces[0], ox.Literal):
                    self.fault(declaration, "declare", "declaration")
                elif prefixes.setdefault(prefix, spaces[0].value) != spaces[0].value:
                    self.fault(node, "prefixes", "prefix-twice", prefix=prefix)
        return prefixes

    def _parameters(self, component: ox.NamedNode) -> list[_Parameter]:
        """Read the parameter declarations of a SPARQL-based constraint component (6.2.1)."""
        found = []
        for declaration in self.objects(component, sh("parameter")):
            predicate = self.one(declaration, "path", "IRI")
            name = re.search(r"[^\W\d][\w.-]*\Z", predicate.value) if predicate else None
            if name is None or not re.fullmatch(r"\w+", name[0]):
                self.fault(declaration, "parameter", "parameter-path")
            elif name[0] in RESERVED:
                self.fault(declaration, "parameter", "parameter-name", name=name[0])
            else:
                optional = self.one(declaration, "optional", "boolean") or False
                found.append(_Parameter(predicate, name[0], optional))
        if all(parameter.optional for parameter in found):
            self.fault(component, "parameter", "parameter-missing")
        if len({parameter.name for parameter in found}) < len(found):
            self.fault(component, "parameter", "parameter-twice")
        return sorted(found, key=lambda parameter: parameter.name)

    def _custom_constraint(
        self, node: Term, iri: ox.NamedNode, parameters: list[_Parameter], path: Path | None, has_path: bool
    ) -> Iterator[Constraint]:
        values = {p.name: self.objects(node, p.predicate) for p in parameters}
        if not parameters or not all(values[p.name] for p in parameters if not p.optional):
            return
        for parameter in parameters if len(parameters) > 1 else ():
            if len(values[parameter.name]) > 1:
                self.fault(node, parameter.predicate.value, "several", number=len(values[parameter.name]))
        kind = "propertyValidator" if has_path else "nodeValidator"
        selecting, asking = self.objects(iri, sh(kind)), self.objects(iri, sh("validator"))
        if not selecting and not asking:
            self.fault(node, iri.value, "no-validator", kind=f"sh:{kind}")
            return
        verb = "select" if selecting else "ask"
        query = self._query(
            (selecting or asking)[0], verb, path, {name: bool(v) for name, v in values.items()}
        )
        if query is not None:
            query = query if query.messages else replace(query, messages=self.messages(iri))
            given = {name: terms[0] for name, terms in values.items() if terms}
            for term in values[parameters[0].name] if len(parameters) == 1 else [None]:
                others = {parameters[0].name: term} if term else given
                yield Constraint(iri, "", None, others, query)

    # -- the graph as a whole

    def _check_terms(self) -> None:
        """Find what looks like SHACL and is not."""
        text = files("stadtgraph.shacl").joinpath("vocabulary.toml").read_text("utf-8")
        known = {kind: set(names.split()) for kind, names in tomllib.loads(text).items()}
        known["predicates"] |= PARAMETERS
        for predicate, column in self.graph.predicates():
            iri = self.graph.terms[predicate].value
            name = iri.removeprefix(SH)
            if iri == TYPE.value:
                self._check_classes(column, known["classes"])
            elif NEARLY.match(iri):
                for subject in column:
                    self.fault(self.graph.terms[subject], iri, "namespace", term=f"<{iri}>", space=f"<{SH}>")
            elif name != iri and name not in known["predicates"]:
                key = "unsupported" if name in known["unsupported"] else "no-term"
                for subject in column:
                    self.fault(self.graph.terms[subject], name, key)

    def _check_classes(self, column: Column, known: set[str]) -> None:
        for subject, classes in column.items():
            for class_ in classes:
                name = self.graph.terms[class_].value
                if NEARLY.match(name):
                    space = f"<{SH}>"
                    self.fault(
                        self.graph.terms[subject], TYPE.value, "namespace", term=f"<{name}>", space=space
                    )
                elif name.startswith(SH) and name.removeprefix(SH) not in known:
                    term = f"sh:{name.removeprefix(SH)}"
                    self.fault(self.graph.terms[subject], TYPE.value, "no-class", term=term)

    def _check_recursion(self, shapes: Mapping[Term, Shape]) -> None:
        """Refuse shapes that refer to themselves, which SHACL leaves undefined (3.4.3)."""
        done: set[Term] = set()
        for start in shapes:
            trail = [(start, referred(*shapes[start].constraints))]
            while trail:
                node, following = trail[-1]
                other = next((each for each in following if each not in done), None)
                if other is None:
                    done.add(node)
                    trail.pop()
                elif any(other == each for each, _ in trail):
                    self.fault(other, "", "recursion")
                    return
                else:
                    trail.append((other, referred(*shapes[other].constraints)))
