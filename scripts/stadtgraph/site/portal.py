"""Hold the finished record to what data portals ask, before anything is sent."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pyoxigraph import RdfFormat
from rdflib import Graph

from stadtgraph import shacl
from stadtgraph.findings import CannotLook, Finding, Severity
from stadtgraph.load import PUBLISHED, City
from stadtgraph.messages import both
from stadtgraph.namespaces import RULE
from stadtgraph.site import calendar, downloads, tables
from stadtgraph.site.catalog import record
from stadtgraph.site.things import Site
from stadtgraph.site.writer import Writer
from stadtgraph.terms import in_order, to_bytes
from stadtgraph.validate import findings_of

# The rules of each way of delivery: what every portal asks, then what this one asks in addition.
ROUTES: Final = {"state": ("portal", "values"), "govdata": ("portal", "values", "govdata")}
CATALOG: Final = "data/catalog.ttl"


def check(city: City, route: str) -> list[Finding]:
    """Return what stands against delivering the record of a completed city by one route.

    Raises:
        CannotLook: the city has no record or no rules for it.

    """
    site = Site(city)
    if not site.catalog or not site.dataset:
        raise CannotLook([Finding(Severity.VIOLATION, RULE + "no-record", both("no-record"), CATALOG)])
    files = [city.root / "shapes" / PUBLISHED / f"{name}.ttl" for name in ROUTES[route]]
    for file in files:
        if not file.is_file():
            message = both("no-portal-rules", path=city.relative(file))
            raise CannotLook([Finding(Severity.VIOLATION, RULE + "no-portal-rules", message)])
    # By way of a file, as a portal reads it: the store would make one kind of all whole numbers.
    content = to_bytes(in_order(record(site, _written(site))), RdfFormat.N_TRIPLES)
    found = Graph().parse(data=content, format="nt")
    findings = findings_of(city, shacl.validate(found, shacl.to_rdflib(files)))
    return sorted(findings, key=Finding.sort_key)


def _written(site: Site) -> dict[str, tuple[str, int]]:
    """Return the files that the record tells of, as the build writes them."""
    with TemporaryDirectory() as folder, downloads.statements(site) as statements:
        writer = Writer(Path(folder))
        site = replace(site, dumped=writer.folder / downloads.LATEST)
        for document in downloads.lines(site, statements):
            writer.write(*document)
        dumps = chain.from_iterable(tell() for tell in downloads.whole_documents(site))
        for document in chain(dumps, tables.whole_documents(site), calendar.whole_documents(site)):
            writer.write(*document)
        for document in downloads.closing_documents(site, writer.written):
            writer.write(*document)
    return writer.written
