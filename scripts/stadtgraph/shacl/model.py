"""Shapes as they are validated with: parsed once, well-formed, free of RDF syntax."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pyoxigraph as ox
from rdflib.term import Node

from stadtgraph.namespaces import VOCABULARIES
from stadtgraph.shacl.graphs import Term
from stadtgraph.shacl.paths import Path

SH: Final = VOCABULARIES["sh"]


@dataclass(frozen=True, slots=True)
class Query:
    """A SPARQL query of a shapes graph (5.2, 6.2.3).

    ``bound`` names the variables to bind before; ``once`` says that one run serves all focus nodes.
    """

    text: str
    node: Term
    is_ask: bool
    bound: frozenset[str]
    once: bool
    messages: tuple[ox.Literal, ...]
    on_path: bool


@dataclass(frozen=True, slots=True)
class Constraint:
    """One value of one parameter, with those of the component's other parameters (1.5).

    ``value`` is what the parameter's syntax makes of the term: a number, a tuple of members, a shape's node.
    """

    component: ox.NamedNode
    parameter: str
    value: Any
    others: Mapping[str, Any] = field(default_factory=dict)
    query: Query | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """A node shape, or a property shape where it has a path (2.2, 2.3)."""

    node: Term
    path: Path | None
    path_node: Term | None
    targets: tuple[tuple[str, Term], ...]
    constraints: tuple[Constraint, ...]
    severity: ox.NamedNode
    messages: tuple[ox.Literal, ...]
    deactivated: bool


@dataclass(frozen=True, slots=True)
class Name:
    """What to call a shape.

    ``key`` is its IRI, or ``_:rule1`` and so on in the order of the shapes graph; ``owner`` the IRI of the
    nearest shape that has one, itself or above it; ``start`` the same as text, or the targets where none has
    one; ``path`` the property path as SPARQL writes it; ``targets`` what it is for; ``blank`` which blank
    node of the shapes graph it is, counted from 1 as they first stand there, 0 where it is none.
    """

    key: str
    owner: str
    start: str
    path: str
    targets: str
    blank: int


@dataclass(frozen=True, slots=True)
class Plan:
    """All shapes of a shapes graph by their nodes; ``unused`` have no target and belong to no other."""

    shapes: Mapping[Term, Shape]
    unused: tuple[Term, ...] = ()
    names: Mapping[Node, Name] = field(default_factory=dict)

    @property
    def queries(self) -> list[Query]:
        """All queries, for which the data has to be in a store as well."""
        return [c.query for shape in self.shapes.values() for c in shape.constraints if c.query]
