"""The constraint components of SHACL Core: how each is written in shapes and how the columns are asked.

Every rule looks at all focus nodes of a shape at once. Most rules judge a value node by itself; those
say which of the distinct value nodes are wrong, and only where some are, the focus nodes are gone through.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple, Protocol

import pyoxigraph as ox

from stadtgraph.shacl.columns import Column, Columns
from stadtgraph.shacl.graphs import Term
from stadtgraph.shacl.literals import compare, is_well_formed, value_of
from stadtgraph.shacl.model import Constraint
from stadtgraph.shacl.patterns import mismatches


class Found(NamedTuple):
    """What is wrong: numbers of terms; ``path`` only where it is not that of the shape."""

    focus: int
    value: int | None = None
    path: int | None = None
    bindings: Mapping[str, Term] = {}


class Reach:
    """Focus nodes, and the value nodes to which a path leads from each, or each itself (3.7)."""

    def __init__(self, focus: Collection[int], values: Column | None = None) -> None:
        self.focus, self._values = focus, values

    @cached_property
    def values(self) -> Column:
        """The value nodes of each focus node that has any."""
        return {node: (node,) for node in self.focus} if self._values is None else self._values

    @cached_property
    def distinct(self) -> set[int]:
        """All value nodes."""
        return {value for values in self.values.values() for value in values}


class Judge(Protocol):
    """What rules may ask."""

    data: Columns

    def failing(self, shape: Term, nodes: set[int]) -> set[int]:
        """Return those of ``nodes`` that do not conform to a shape (3.5)."""


Rule = Callable[[Judge, Constraint, Reach], Iterable[Found]]
Wrong = Callable[[Judge, Constraint, set[int]], set[int]]


def each_value(wrong: Wrong) -> Rule:
    """Make a rule of what is wrong with value nodes by themselves: one result per focus and value node."""

    def rule(judge: Judge, constraint: Constraint, reach: Reach) -> Iterable[Found]:
        bad = wrong(judge, constraint, reach.distinct)
        for focus, values in reach.values.items() if bad else ():
            if not bad.isdisjoint(values):
                yield from (Found(focus, value) for value in values if value in bad)

    return rule


def each_term(is_right: Callable[[Constraint, Term], bool]) -> Rule:
    """Make a rule of a test that needs to see nothing but the value node."""
    return each_value(lambda j, c, nodes: {n for n in nodes if not is_right(c, j.data.terms[n])})


def _class(judge: Judge, constraint: Constraint, nodes: set[int]) -> set[int]:
    return nodes - judge.data.instances(constraint.value)


def _datatype(constraint: Constraint, term: Term) -> bool:
    return isinstance(term, ox.Literal) and term.datatype == constraint.value and is_well_formed(term)


def _kind(constraint: Constraint, term: Term) -> bool:
    return isinstance(term, constraint.value)


def _count(judge: Judge, constraint: Constraint, reach: Reach) -> Iterator[Found]:
    limit, values = constraint.value, reach.values
    if constraint.parameter == "minCount":
        wrong = (f for f in reach.focus if len(values.get(f, ())) < limit)
    else:
        wrong = (f for f, each in values.items() if len(each) > limit)
    return map(Found, wrong)


ORDER: Final = {
    "minExclusive": {1},
    "minInclusive": {0, 1},
    "maxExclusive": {-1},
    "maxInclusive": {-1, 0},
    "lessThan": {-1},
    "lessThanOrEquals": {-1, 0},
}


def _range(judge: Judge, constraint: Constraint, nodes: set[int]) -> set[int]:
    limit, right, value = value_of(constraint.value), ORDER[constraint.parameter], judge.data.value
    return {node for node in nodes if compare(value(node), limit) not in right}


def _length(constraint: Constraint, term: Term) -> bool:
    if isinstance(term, ox.BlankNode):
        return False
    length, limit = len(term.value), int(constraint.value)
    return length >= limit if constraint.parameter == "minLength" else length <= limit


def _pattern(judge: Judge, constraint: Constraint, nodes: set[int]) -> set[int]:
    terms = judge.data.terms
    texts = {node: terms[node].value for node in nodes if not isinstance(terms[node], ox.BlankNode)}
    wrong = mismatches(constraint.value, constraint.others.get("flags", ""), texts.values())
    return {node for node in nodes if node not in texts or texts[node] in wrong}


def _language_in(judge: Judge, constraint: Constraint, nodes: set[int]) -> set[int]:
    terms, ranges = judge.data.terms, [each.lower() for each in constraint.value]
    tags = {node: term.language for node in nodes if isinstance(term := terms[node], ox.Literal)}
    right = {
        tag
        for tag in set(tags.values())
        if tag and any(r in ("*", tag.lower()) or tag.lower().startswith(r + "-") for r in ranges)
    }
    return {node for node in nodes if tags.get(node) not in right}


def _unique_lang(judge: Judge, constraint: Constraint, reach: Reach) -> Iterator[Found]:
    terms = judge.data.terms
    for focus, values in reach.values.items() if constraint.value else ():
        if len(values) > 1:
            tags = (
                term.language for v in values if isinstance(term := terms[v], ox.Literal) and term.language
            )
            for times in Counter(tag.lower() for tag in tags).values():
                if times > 1:
                    yield Found(focus)


def _equals(judge: Judge, constraint: Constraint, reach: Reach) -> Iterator[Found]:
    column = judge.data.column(constraint.value)
    for focus in reach.focus:
        ours, theirs = (dict.fromkeys(values.get(focus, ())) for values in (reach.values, column))
        yield from (Found(focus, value) for value in ours if value not in theirs)
        yield from (Found(focus, value) for value in theirs if value not in ours)


def _disjoint(judge: Judge, constraint: Constraint, reach: Reach) -> Iterator[Found]:
    column = judge.data.column(constraint.value)
    for focus, values in reach.values.items():
        theirs = set(column.get(focus, ()))
        yield from (Found(focus, value) for value in values if value in theirs)


def _less_than(judge: Judge, constraint: Constraint, reach: Reach) -> Iterator[Found]:
    column, right, value = judge.data.column(constraint.value), ORDER[constraint.parameter], judge.data.value
    for focus, values in reach.values.items():
        for theirs in column.get(focus, ()):
            for ours in values:
                if compare(value(ours), value(theirs)) not in right:
                    yield Found(focus, ours)


def _not(judge: Judge, constraint: Constraint, nodes: set[int]) -> set[int]:
    return nodes - judge.failing(constraint.value, nodes)


def _and(judge: Judge, constraint: Constraint, nodes: set[int]) -> set[int]:
    return {node for shape in constraint.value for node in judge.failing(shape, nodes)}


def _or(judge: Judge, constraint: Constraint, nodes: set[int]) -> set[int]:
    for shape in constraint.value:
        nodes = judge.failing(shape, nodes)
    return nodes


def _xone(judge: Judge, constraint: Constraint, nodes: set[int]) -> set[int]:
    conforming = Counter(n for s in dict.fromkeys(constraint.value) for n in nodes - judge.failing(s, nodes))
    return {node for node in nodes if conforming[node] != 1}


def _node(judge: Judge, constraint: Constraint, nodes: set[int]) -> set[int]:
    return judge.failing(constraint.value, nodes)


def _qualified(judge: Judge, constraint: Constraint, reach: Reach) -> Iterator[Found]:
    right = reach.distinct - judge.failing(constraint.others["qualifiedValueShape"], reach.distinct)
    for sibling in constraint.others["siblings"]:
        right = judge.failing(sibling, right)
    limit, least = constraint.value, constraint.parameter == "qualifiedMinCount"
    for focus in reach.focus:
        number = sum(value in right for value in reach.values.get(focus, ()))
        if number < limit if least else number > limit:
            yield Found(focus)


def _closed(judge: Judge, constraint: Constraint, reach: Reach) -> Iterator[Found]:
    if not constraint.value:
        return
    allowed = judge.data.numbers(
        {*constraint.others["paths"], *constraint.others.get("ignoredProperties", ())}
    )
    wrong: dict[int, list[tuple[int, int]]] = {}
    for predicate, column in judge.data.predicates():
        if predicate not in allowed:
            for node in reach.distinct & column.keys():
                wrong.setdefault(node, []).extend((predicate, value) for value in column[node])
    for focus, values in reach.values.items() if wrong else ():
        for value in values:
            yield from (Found(focus, other, predicate) for predicate, other in wrong.get(value, ()))


def _has_value(judge: Judge, constraint: Constraint, reach: Reach) -> Iterator[Found]:
    wanted = judge.data.number(constraint.value)
    return map(Found, (focus for focus in reach.focus if wanted not in reach.values.get(focus, ())))


def _in(judge: Judge, constraint: Constraint, nodes: set[int]) -> set[int]:
    return nodes - judge.data.numbers(constraint.value)


@dataclass(frozen=True, slots=True)
class Component:
    """A constraint component: its clause, its main parameter with the syntax of its values, its rule.

    ``others`` are further parameters; a shape has one value at most for each parameter of a component
    that has several, and for those where ``single``.
    """

    name: str
    clause: str
    parameter: str
    syntax: str
    rule: Rule | None
    single: bool = False
    on_nodes: bool = True
    others: Mapping[str, str] = field(default_factory=dict)


COMPONENTS: Final = {
    component.parameter: component
    for component in (
        Component("Class", "4.1.1", "class", "IRI", each_value(_class)),
        Component("Datatype", "4.1.2", "datatype", "IRI", each_term(_datatype), single=True),
        Component("NodeKind", "4.1.3", "nodeKind", "node kind", each_term(_kind), single=True),
        Component("MinCount", "4.2.1", "minCount", "count", _count, single=True, on_nodes=False),
        Component("MaxCount", "4.2.2", "maxCount", "count", _count, single=True, on_nodes=False),
        Component("MinExclusive", "4.3.1", "minExclusive", "literal", each_value(_range), single=True),
        Component("MinInclusive", "4.3.2", "minInclusive", "literal", each_value(_range), single=True),
        Component("MaxExclusive", "4.3.3", "maxExclusive", "literal", each_value(_range), single=True),
        Component("MaxInclusive", "4.3.4", "maxInclusive", "literal", each_value(_range), single=True),
        Component("MinLength", "4.4.1", "minLength", "count", each_term(_length), single=True),
        Component("MaxLength", "4.4.2", "maxLength", "count", each_term(_length), single=True),
        Component(
            "Pattern", "4.4.3", "pattern", "text", each_value(_pattern), single=True, others={"flags": "text"}
        ),
        Component(
            "LanguageIn", "4.4.4", "languageIn", "list of texts", each_value(_language_in), single=True
        ),
        Component("UniqueLang", "4.4.5", "uniqueLang", "boolean", _unique_lang, single=True, on_nodes=False),
        Component("Equals", "4.5.1", "equals", "IRI", _equals),
        Component("Disjoint", "4.5.2", "disjoint", "IRI", _disjoint),
        Component("LessThan", "4.5.3", "lessThan", "IRI", _less_than, on_nodes=False),
        Component("LessThanOrEquals", "4.5.4", "lessThanOrEquals", "IRI", _less_than, on_nodes=False),
        Component("Not", "4.6.1", "not", "shape", each_value(_not)),
        Component("And", "4.6.2", "and", "list of shapes", each_value(_and)),
        Component("Or", "4.6.3", "or", "list of shapes", each_value(_or)),
        Component("Xone", "4.6.4", "xone", "list of shapes", each_value(_xone)),
        Component("Node", "4.7.1", "node", "node shape", each_value(_node)),
        Component("Property", "4.7.2", "property", "property shape", each_value(_node)),
        *(
            Component(
                f"Qualified{most}Count",
                "4.7.3",
                f"qualified{most}Count",
                "count",
                _qualified,
                single=True,
                on_nodes=False,
                others={"qualifiedValueShape": "shape", "qualifiedValueShapesDisjoint": "boolean"},
            )
            for most in ("Min", "Max")
        ),
        Component(
            "Closed",
            "4.8.1",
            "closed",
            "boolean",
            _closed,
            single=True,
            others={"ignoredProperties": "list of IRIs"},
        ),
        Component("HasValue", "4.8.2", "hasValue", "term", _has_value),
        Component("In", "4.8.3", "in", "list of terms", each_value(_in), single=True),
        Component("SPARQL", "5", "sparql", "SPARQL-based constraint", None),
    )
}


def referred(*constraints: Constraint) -> Iterator[Term]:
    """Yield the shapes to which constraints refer."""
    for constraint in constraints:
        syntax = COMPONENTS[constraint.parameter].syntax if constraint.parameter else ""
        if syntax == "list of shapes":
            yield from constraint.value
        elif syntax.endswith("shape"):
            yield constraint.value
        if "qualifiedValueShape" in constraint.others:
            yield constraint.others["qualifiedValueShape"]
            yield from constraint.others["siblings"]
