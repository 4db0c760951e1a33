"""How many things per second get their JSON-LD document: ours, and PyLD's framing of the same things.

Run: .venv/bin/python scripts/bench/jsonld/documents.py [NUMBER]
"""

import json
import sys
from pathlib import Path
from time import perf_counter, process_time

from pyld import jsonld
from pyoxigraph import Literal, NamedNode, Quad, Store

from stadtgraph.load import City
from stadtgraph.namespaces import VOCABULARIES
from stadtgraph.site.jsonld import context, document, nested
from stadtgraph.site.things import Site, triples
from stadtgraph.terms import TYPE

BASE = "https://stadt.example/"
FRAMED = 300


def city(number: int) -> City:
    """A city of ``number`` offices: each with names, texts, an address of its own and neighbours."""
    store = Store()
    graph = NamedNode(BASE + "graph/offices")

    def name(prefix: str, local: str) -> NamedNode:
        return NamedNode(VOCABULARIES[prefix] + local)

    def office(n: int) -> NamedNode:
        return NamedNode(f"{BASE}id/amt-{n}")

    def quads():
        for n in range(number):
            thing, address = office(n), NamedNode(f"{BASE}id/amt-{n}-adresse")
            for predicate, value in (
                (TYPE, name("org", "OrganizationalUnit")),
                (TYPE, name("schema", "GovernmentOrganization")),
                (name("skos", "prefLabel"), Literal(f"Amt für Übung {n}", language="de")),
                (name("skos", "prefLabel"), Literal(f"Office for Practice {n}", language="en")),
                (name("dcterms", "description"), Literal(f"Das Amt {n} berät Bürger.", language="de")),
                (name("dcterms", "description"), Literal(f"Office {n} advises citizens.", language="en")),
                (name("org", "unitOf"), office(n // 10)),
                (name("org", "linkedTo"), office((n * 7 + 1) % number)),
                (name("schema", "foundingDate"), Literal("1985", datatype=name("xsd", "gYear"))),
                (name("schema", "url"), NamedNode(f"https://stadt.example/seite/{n}")),
                (name("schema", "address"), address),
            ):
                yield Quad(thing, predicate, value, graph)
            for predicate, value in (
                (TYPE, name("schema", "PostalAddress")),
                (name("schema", "streetAddress"), Literal(f"Ring {n}")),
                (name("schema", "postalCode"), Literal(f"44{n % 1000:03}")),
            ):
                yield Quad(address, predicate, value, graph)

    store.bulk_extend(quads())
    return City(Path(), BASE, store, Store(), {})


def main(number: int) -> None:
    site = Site(city(number))
    things = [iri for iri in site.things if "/id/" in iri and not iri.endswith("-adresse")]
    start, cpu = perf_counter(), process_time()
    size = sum(len(nested(site, site.about(iri), "../context.jsonld")) for iri in things)
    wall, cpu = perf_counter() - start, process_time() - cpu
    print(f"ours   {len(things)} things, {size / 1e6:.1f} MB: {len(things) / wall:,.0f}/s", end="")
    print(f" ({len(things) / cpu:,.0f}/s of processor time)")
    shared = context(site.city.prefixes)
    start, cpu = perf_counter(), process_time()
    for iri in things[:FRAMED]:
        flat = json.loads(document(triples(site.about(iri)), site.city.prefixes))
        jsonld.frame(flat, {"@context": shared, "@id": iri})
    wall, cpu = perf_counter() - start, process_time() - cpu
    print(f"PyLD   {FRAMED} things: {FRAMED / wall:,.0f}/s ({FRAMED / cpu:,.0f}/s of processor time)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
