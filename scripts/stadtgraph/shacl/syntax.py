"""Read the values that a shapes graph has for its properties, and say which are not what SHACL asks for."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

import pyoxigraph as ox
from rdflib import URIRef

from stadtgraph.namespaces import VOCABULARIES
from stadtgraph.shacl.columns import SUBCLASS, Columns
from stadtgraph.shacl.graphs import STRING, Term, term_to_rdflib
from stadtgraph.shacl.literals import is_well_formed
from stadtgraph.shacl.model import SH
from stadtgraph.shacl.paths import Alternative, Path, Repeat, Sequence, Step, inverse
from stadtgraph.shacl.report import Fault
from stadtgraph.shacl.unfit import Unfit
from stadtgraph.terms import TYPE

RDF: Final = VOCABULARIES["rdf"]
FIRST, REST, NIL = (ox.NamedNode(RDF + name) for name in ("first", "rest", "nil"))
LONGEST: Final = 200  # characters of a term in a sentence
REPEATS: Final = {"zeroOrMorePath": "*", "oneOrMorePath": "+", "zeroOrOnePath": "?"}
KINDS: Final = {
    "IRI": (ox.NamedNode,),
    "BlankNode": (ox.BlankNode,),
    "Literal": (ox.Literal,),
    "BlankNodeOrIRI": (ox.BlankNode, ox.NamedNode),
    "BlankNodeOrLiteral": (ox.BlankNode, ox.Literal),
    "IRIOrLiteral": (ox.NamedNode, ox.Literal),
}


def sh(name: str) -> ox.NamedNode:
    """Return a term of SHACL."""
    return ox.NamedNode(SH + name)


def told(term: Term) -> str:
    """Return what to call a term in a sentence; the names of blank nodes say nothing."""
    text = "[ … ]" if isinstance(term, ox.BlankNode) else str(term)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


class Reader:
    """A shapes graph, the faults found while reading it, and the shapes ``named`` as somebody's value."""

    def __init__(self, graph: Columns) -> None:
        self.graph = graph
        self.faults: list[Fault] = []
        self.named: list[Term] = []
        self._said: dict[Term, dict[str, list[Term]]] = {}
        terms = graph.terms
        for predicate, column in graph.predicates():
            for subject, values in column.items():
                said = self._said.setdefault(terms[subject], {})
                said[terms[predicate].value] = [terms[value] for value in values]

    @cached_property
    def _blanks(self) -> dict[Term, int]:
        return self.graph.blanks()

    # -- triples

    def said(self, subject: Term) -> dict[str, list[Term]]:
        """Return all that is said about a node, by predicate."""
        return self._said.get(subject, {})

    def objects(self, subject: Term, predicate: ox.NamedNode) -> list[Term]:
        """Return the values of a property."""
        return self.said(subject).get(predicate.value, [])

    def subjects(self, predicate: ox.NamedNode, value: Term | None = None) -> list[Term]:
        """Return what has a property, with a value or any."""
        if value is None:
            return [self.graph.terms[subject] for subject in self.graph.column(predicate)]
        column = self.graph.column(predicate, inverse=True)
        return [self.graph.terms[subject] for subject in column.get(self.graph.number(value), ())]

    def closure(self, start: list[Term], predicate: ox.NamedNode) -> list[Term]:
        """Return what any number of steps lead to."""
        found = list(start)
        for node in found:
            found += [each for each in self.objects(node, predicate) if each not in found]
        return found

    def instances(self, *names: str) -> list[Term]:
        """Return the SHACL instances of classes of SHACL."""
        classes: list[Term] = [sh(name) for name in names]
        for class_ in classes:
            classes += [each for each in self.subjects(SUBCLASS, class_) if each not in classes]
        return list(dict.fromkeys(node for class_ in classes for node in self.subjects(TYPE, class_)))

    # -- faults

    def fault(self, node: Term, predicate: str, key: str, **values: object) -> None:
        """Note a fault, with the nearest node that has an IRI: a blank node is hard to find in a file."""
        owners = [node]
        for owner in owners:
            if isinstance(owner, ox.NamedNode):
                break
            number = self.graph.number(owner)
            found = [s for _, c in self.graph.predicates() for s, values in c.items() if number in values]
            owners += [term for subject in found if (term := self.graph.terms[subject]) not in owners]
        named = next((owner for owner in owners if isinstance(owner, ox.NamedNode)), node)
        about = URIRef(predicate if ":" in predicate else SH + predicate) if predicate else None
        told = tuple((name, str(value)) for name, value in values.items())
        number = self._blanks.get(node, 0)
        self.faults.append(Fault(term_to_rdflib(named), term_to_rdflib(node), about, key, told, number))

    # -- values

    def one(self, node: Term, name: str, syntax: str) -> Any:
        """Return the only value of a property, read; None where there is none or it is faulty."""
        values = self.objects(node, sh(name))
        if len(values) > 1:
            self.fault(node, name, "several", number=len(values))
        return self.read(node, name, values[0], syntax) if len(values) == 1 else None

    def read(self, node: Term, name: str, term: Term, syntax: str) -> Any:
        """Return what a value means; None and a fault where it does not fit."""
        try:
            return self._value(term, syntax)
        except Unfit as unfit:
            self.fault(node, name, unfit.key, **unfit.values)
            return None

    def messages(self, node: Term) -> tuple[ox.Literal, ...]:
        """Return the messages of a shape or query (2.1.5)."""
        found = [self.read(node, "message", term, "message") for term in self.objects(node, sh("message"))]
        return tuple(sorted((message for message in found if message), key=str))

    def _value(self, term: Term, syntax: str) -> Any:
        match syntax:
            case "term":
                return term
            case "IRI" if isinstance(term, ox.NamedNode):
                return term
            case "literal or IRI" if not isinstance(term, ox.BlankNode):
                return term
            case "literal" if isinstance(term, ox.Literal) and is_well_formed(term):
                return term
            case "message" if isinstance(term, ox.Literal) and (term.language or term.datatype == STRING):
                return term
            case "text" if isinstance(term, ox.Literal) and term.datatype == STRING:
                return term.value
            case "literal" if isinstance(term, ox.Literal):
                raise Unfit("ill-typed", term=told(term))
            case "count" if _has_type(term, "integer"):
                if term.value.startswith("-") and int(term.value):
                    raise Unfit("negative", number=term.value)
                return int(term.value)
            case "count":
                syntax = "integer"
            case "boolean" if _has_type(term, "boolean"):
                return term.value in ("true", "1")
            case "node kind" if isinstance(term, ox.NamedNode) and term.value.removeprefix(SH) in KINDS:
                return KINDS[term.value.removeprefix(SH)]
            case "shape" | "node shape" | "property shape" if not isinstance(term, ox.Literal):
                return self._shape(term, syntax)
            case _ if syntax.startswith("list of "):
                member = syntax.removeprefix("list of ").removesuffix("s")
                return tuple(self._value(each, member) for each in self._list(term))
        raise Unfit(f"no-{syntax.replace(' ', '-').lower()}", term=told(term))

    def _shape(self, term: Term, syntax: str) -> Term:
        has_path = bool(self.objects(term, sh("path")))
        if syntax == "node shape" and has_path:
            raise Unfit("has-path", term=told(term))
        if syntax == "property shape" and not has_path:
            raise Unfit("has-no-path", term=told(term))
        if isinstance(term, ox.NamedNode) and not self.said(term):
            raise Unfit("undefined", term=told(term))
        self.named.append(term)
        return term

    def _list(self, head: Term) -> tuple[Term, ...]:
        members: list[Term] = []
        seen: set[Term] = set()
        while head != NIL:
            first, rest = self.objects(head, FIRST), self.objects(head, REST)
            if head in seen or len(first) != 1 or len(rest) != 1:
                raise Unfit("broken-list" if seen else "no-list", term=told(head))
            seen.add(head)
            members += first
            head = rest[0]
        return tuple(members)

    def path(self, node: Term, above: tuple[Term, ...] = ()) -> Path:
        """Return a property path.

        Raises:
            Unfit: it is none (2.3.1).

        """
        if node == NIL:
            raise Unfit("short-path", term="( )")
        if isinstance(node, ox.NamedNode):
            return Step(node)
        said = {predicate.removeprefix(SH): values for predicate, values in self.said(node).items()}
        if node not in above and FIRST.value in said:
            return Sequence(self._parts(node, (*above, node)))
        if node not in above and len(said) == 1:
            [(name, values)] = said.items()
            if len(values) == 1 and name == "alternativePath":
                return Alternative(self._parts(values[0], (*above, node)))
            if len(values) == 1 and name == "inversePath":
                return inverse(self.path(values[0], (*above, node)))
            if len(values) == 1 and name in REPEATS:
                return Repeat(self.path(values[0], (*above, node)), REPEATS[name])
        raise Unfit("no-property-path", term=told(node))

    def _parts(self, node: Term, above: tuple[Term, ...]) -> tuple[Path, ...]:
        members = self._list(node)
        if len(members) < 2:
            raise Unfit("short-path", term="( … )")
        return tuple(self.path(member, above) for member in members)


def _has_type(term: Term, name: str) -> bool:
    return (
        isinstance(term, ox.Literal)
        and term.datatype.value == VOCABULARIES["xsd"] + name
        and is_well_formed(term)
    )
