"""Complete the graph by its rules: CONSTRUCT queries, run once in name order."""

from __future__ import annotations

from typing import Final

from pyoxigraph import NamedNode, Quad, Triple

from stadtgraph.load import City
from stadtgraph.namespaces import LOCAL
from stadtgraph.queries import BadQuery, ask, read

DERIVED: Final = LOCAL["graph"] + "derived"


def derive(city: City) -> dict[str, int]:
    """Add to ``graph:derived`` what the rules of ``queries/derive/`` yield; return how much each added.

    What the graph states already is not stated again.

    Raises:
        BadQuery: a rule has a fault or is no CONSTRUCT query.

    """
    graph = NamedNode(city.base + DERIVED)
    added = {}
    for path in city.queries("derive"):
        try:
            answer = ask(city.store, read(path).text, city.base)
        except BadQuery as error:
            raise BadQuery("bad-rule", path=city.relative(path), because=error) from error
        if not isinstance(answer, list):
            raise BadQuery("rule-not-construct", path=city.relative(path))
        new = [triple for triple in answer if not _stated(city, triple)]
        city.store.extend(Quad(triple.subject, triple.predicate, triple.object, graph) for triple in new)
        added[path.stem] = len(new)
    return added


def _stated(city: City, triple: Triple) -> bool:
    return any(city.store.quads_for_pattern(triple.subject, triple.predicate, triple.object))
