"""Find out how far a query looks from ``$this``, so that it can be asked about a part of a graph.

Each variable gets a path that leads to it from a variable that is bound before. A pattern holds for every row
of the group in which it stands (SPARQL 1.1, section 18.2.2), so a row has its nodes at the ends of those
paths, and the query gives the same rows on any part of the graph that holds what is read there. Of OPTIONAL
and EXISTS this is true only for variables that the group to which they belong binds in every row. When in
doubt, a query reads the whole graph.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final, NamedTuple

import pyoxigraph as ox
from rdflib import BNode, URIRef, Variable
from rdflib.paths import AlternativePath, InvPath, MulPath, SequencePath
from rdflib.plugins.sparql.parserutils import CompValue

from stadtgraph.shacl.paths import Alternative, Path, Repeat, Sequence, Step, inverse
from stadtgraph.shacl.queries import NEVER

CHANGING: Final = {f"Builtin_{name}" for name in ("NOW", "RAND", "UUID", "STRUUID", "BNODE")}
PASSING: Final = ("Project", "Distinct", "Reduced", "Filter", "Extend", "OrderBy", "Group", "AggregateJoin")


class Unbounded(Exception):
    """Something may depend on any statement of the graph, or on more than the graph."""


class Place(NamedTuple):
    """Where nodes are found: at the end of a path from ``this`` or ``value``; None is no step at all."""

    start: str
    path: Path | None = None


Ends = dict[Any, Place]


def joined(first: Path | None, second: Path | None) -> Path | None:
    """Return one path after the other."""
    return Sequence((first, second)) if first and second else first or second


@cache
def reads_of_query(text: str, bound: frozenset[str], is_ask: bool) -> tuple[tuple[Place, Path], ...]:
    """Return the paths that a query follows, and from where.

    Raises:
        Unbounded: it may read anything, or says something else each time.

    """
    from rdflib.plugins.sparql.algebra import translateQuery  # here: it takes a while
    from rdflib.plugins.sparql.parser import parseQuery

    try:
        algebra = translateQuery(parseQuery(text)).algebra
    except Exception as error:
        raise Unbounded(f"rdflib cannot read the query: {error}") from error
    if algebra.datasetClause:
        raise Unbounded("FROM is not followed")
    starts = {"this", "value"} if is_ask else {"this"}
    scope = _Scope({Variable(name): Place(name) for name in starts}, bound - starts)
    scope.close(algebra.p, scope.given)
    return tuple(dict.fromkeys(scope.reads))


class _Group:
    """The patterns that hold for every row of a group, and what depends on them."""

    def __init__(self) -> None:
        self.triples: list[tuple[Any, Any, Any]] = []
        self.unions: list[tuple[Any, ...]] = []
        self.selects: list[Any] = []
        self.later: list[tuple[Any, set[Any]]] = []  # OPTIONAL and EXISTS, with the variables bound before


class _Scope:
    def __init__(self, given: Ends, constants: frozenset[str]) -> None:
        self.given, self.constants = given, constants
        self.reads: list[tuple[Place, Path]] = []

    def close(self, part: Any, known: Ends) -> Ends:
        """Read all that a group reads; return where its variables are found."""
        group, known = _Group(), dict(known)
        self._gather(part, group)
        waiting = [triple for triple in group.triples if triple[1] != URIRef(NEVER)]
        while waiting or group.unions or group.selects:
            before = len(waiting)
            waiting = [triple for triple in waiting if not self._read(triple, known)]
            if len(waiting) < before:
                continue
            if group.selects:
                select = group.selects.pop()
                inner = self.close(select, self.given)
                known = {v: inner[v] for v in select.PV if v in inner} | known
            elif group.unions:
                known = _either([self.close(each, known) for each in group.unions.pop(0)]) | known
            else:
                raise Unbounded(f"nothing leads from $this to {waiting[0]}")
        for inner_part, bound in group.later:
            self.close(inner_part, {v: place for v, place in known.items() if v in bound or v in self.given})
        return known

    def _gather(self, part: Any, group: _Group) -> set[Any]:
        """Collect the patterns of a group; return the variables that every row binds."""
        bound: set[Any] = set()
        match part.name:
            case "BGP":
                group.triples += part.triples
                bound = {end for s, _, o in part.triples for end in (s, o)}
            case "Join":
                bound = self._gather(part.p1, group) | self._gather(part.p2, group)
            case "LeftJoin":
                bound = self._gather(part.p1, group)
                group.later.append((part.p2, bound))
            case "Union":
                group.unions.append((part.p1, part.p2))
                each = [self._gather(branch, _Group()) for branch in (part.p1, part.p2)]
                bound = set.intersection(*each)
            case "ToMultiSet" if "p" in part and part.p.name == "Project":
                group.selects.append(part.p)
                bound = self._gather(part.p.p, _Group()) & set(part.p.PV)
            case (
                "Project"
                | "Distinct"
                | "Reduced"
                | "Filter"
                | "Extend"
                | "OrderBy"
                | "Group"
                | "AggregateJoin"
            ):
                bound = self._gather(part.p, group)
            case _:
                raise Unbounded(f"{part.name} is not followed")
        for name in ("expr", "A"):
            for graph in _exists(part.get(name)):
                group.later.append((graph, bound))
        return bound

    def _read(self, triple: tuple[Any, Any, Any], known: Ends) -> bool:
        """Read a pattern from an end that is known; say whether there was one."""
        subject, predicate, value = triple
        if isinstance(predicate, Variable | BNode):
            raise Unbounded(f"{predicate} may be any predicate")
        path = _path(predicate)
        for start, end, way in ((subject, value, path), (value, subject, inverse(path))):
            if start in known:
                place = known[start]
                self.reads.append((place, way))
                if isinstance(end, Variable | BNode) and str(end) not in self.constants:
                    known.setdefault(end, Place(place.start, joined(place.path, way)))
                return True
        return False


def _either(branches: list[Ends]) -> Ends:
    """Return where variables are found that each branch binds."""
    ends: Ends = {}
    for variable in set.intersection(*map(set, branches)):
        places = list(dict.fromkeys(branch[variable] for branch in branches))
        paths = [place.path for place in places if place.path is not None]
        if len(places) == 1:
            ends[variable] = places[0]
        elif len(paths) == len(places) and len({place.start for place in places}) == 1:
            ends[variable] = Place(places[0].start, Alternative(tuple(paths)))
    return ends


def _exists(expression: Any) -> Iterator[Any]:
    """Yield the groups of EXISTS and NOT EXISTS."""
    from rdflib.plugins.sparql.algebra import translateGroupGraphPattern

    if isinstance(expression, list):
        for each in expression:
            yield from _exists(each)
    elif isinstance(expression, CompValue):
        if expression.name in CHANGING:
            raise Unbounded(f"{expression.name} says something else each time")
        if expression.name in ("Builtin_EXISTS", "Builtin_NOTEXISTS"):
            if expression.graph.name.startswith("GroupGraph"):
                expression.graph = translateGroupGraphPattern(expression.graph)
            yield expression.graph
        else:
            for each in expression.values():
                yield from _exists(each)


def _path(predicate: Any) -> Path:
    match predicate:
        case URIRef():
            return Step(ox.NamedNode(str(predicate)))
        case InvPath():
            return inverse(_path(predicate.arg))
        case SequencePath():
            return Sequence(tuple(map(_path, predicate.args)))
        case AlternativePath():
            return Alternative(tuple(map(_path, predicate.args)))
        case MulPath(zero=False, more=True):
            return Repeat(_path(predicate.path), "+")
    raise Unbounded(f"{predicate} may lead from any node to itself")
