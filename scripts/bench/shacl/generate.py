"""Write a synthetic city as Turtle: as many triples as asked for, one entity in a hundred with one fault."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

PREFIXES = {
    "dcterms": "http://purl.org/dc/terms/",
    "geo": "http://www.w3.org/2003/01/geo/wgs84_pos#",
    "id": "https://stadt.example/id/",
    "org": "http://www.w3.org/ns/org#",
    "schema": "https://schema.org/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
Entity = dict[str, list[str]]
Maker = Callable[[random.Random, int], Entity]
Fault = Callable[[Entity], None]


def put(key: str, *values: str) -> Fault:
    """Return a fault that replaces the values of ``key``; none removes it."""

    def spoil(entity: Entity) -> None:
        entity.pop(key, None)
        if values:
            entity[key] = list(values)

    return spoil


def add(key: str, *values: str) -> Fault:
    """Return a fault that adds values to ``key``."""

    def spoil(entity: Entity) -> None:
        entity[key] = [*entity.get(key, []), *values]

    return spoil


def ends_never(fault: Fault) -> Fault:
    """Leave no end to compare with: pyshacl orders what cannot be compared somehow."""

    def spoil(entity: Entity) -> None:
        fault(entity)
        put("schema:endDate")(entity)

    return spoil


def organisation(rng: random.Random, n: int) -> Entity:
    entity: Entity = {
        "a": ["org:Organization"],
        "skos:prefLabel": [f'"Amt {n}"@de', f'"Office {n}"@en'],
        "dcterms:identifier": [f'"AM-{n:06}"'],
        "org:classification": [f"id:concept-{rng.randrange(max(n // 4, 1))}"],
        "org:hasSite": [f"id:place-{rng.randrange(n + 1)}"],
        "schema:url": [f"<https://stadt.example/amt/{n}>"],
        "schema:email": [f'"amt{n}@stadt.example"'],
        "schema:telephone": [f'"0231 {n}"' if n % 2 else f'"+49 231 {n}"'],
        "schema:foundingDate": [f'"{1900 + n % 120}-0{1 + n % 9}-1{n % 10}"^^xsd:date'],
        "schema:numberOfEmployees": [str(n % 900)],
        "schema:description": [
            f'"Das Amt {n} der Stadt ist für vieles da und berät Bürgerinnen und Bürger."@de'
        ],
        "dcterms:source": [f"<https://stadt.example/quelle/{n % 97}>"],
    }
    if n:
        entity["org:unitOf"] = [f"id:org-{rng.randrange(n)}"]
    return entity


def event(rng: random.Random, n: int) -> Entity:
    day = f"20{10 + n % 20}-{1 + n // 28 % 12:02}-{1 + n % 28:02}T"
    return {
        "a": ["schema:Event"],
        "schema:name": [f'"Fest {n}"@de', f'"Festival {n}"@en'],
        "schema:startDate": [f'"{day}10:00:00+02:00"^^xsd:dateTime'],
        "schema:endDate": [f'"{day}1{1 + n % 9}:30:00+02:00"^^xsd:dateTime'],
        "schema:location": [f"id:place-{rng.randrange(n * 5 // 8 + 1)}"],
        "schema:organizer": [f"id:org-{rng.randrange(n * 5 // 8 + 1)}"],
        "schema:eventStatus": ["schema:EventScheduled"],
        "schema:eventAttendanceMode": ["schema:OfflineEventAttendanceMode"],
        "schema:isAccessibleForFree": ["true" if n % 2 else "false"],
        "schema:maximumAttendeeCapacity": [str(20 + n % 500)],
        "schema:remainingAttendeeCapacity": [str(n % 20)],
        "schema:price": [f"{n % 40}.50"],
        "schema:about": [f"id:concept-{rng.randrange(max(n // 4, 1))}"],
        "schema:inLanguage": ['"de"'],
        "schema:keywords": [f'"kultur {n % 50}"', '"fest"'],
        "dcterms:source": [f"<https://stadt.example/quelle/{n % 97}>"],
    }


def place(rng: random.Random, n: int) -> Entity:
    address = f'schema:streetAddress "Ring {n}" ; schema:postalCode "44{n % 1000:03}"'
    entity: Entity = {
        "a": ["schema:Place"],
        "schema:name": [f'"Haus {n}"@de'],
        "schema:address": [f'[ {address} ; schema:addressCountry "DE" ]'],
        "geo:lat": [f"51.{400 + n % 200}"],
        "geo:long": [f"7.{300 + n % 300}"],
        "schema:hasMap": [f"<https://stadt.example/karte/{n}>"],
        "dcterms:modified": [f'"2024-0{1 + n % 9}-0{1 + n % 9}"^^xsd:date'],
    }
    if n % 5:
        entity["schema:containedInPlace"] = [f"id:place-{n - n % 5}"]
    return entity


def concept(rng: random.Random, n: int) -> Entity:
    entity: Entity = {
        "a": ["skos:Concept"],
        "skos:prefLabel": [f'"Thema {n}"@de', f'"Topic {n}"@en'],
        "skos:altLabel": [f'"Sache {n}"@de'],
        "skos:notation": [f'"{n % 10}.{n}"'],
        "skos:inScheme": ["id:scheme"],
        "skos:definition": [f'"Was zum Thema {n} gehört."@de'],
        "skos:exactMatch": [f"<http://example.org/match/{n}>"],
    }
    if n:
        entity["skos:broader"] = [f"id:concept-{n // 8}"]
    return entity


MAKERS: dict[str, Maker] = {"org": organisation, "event": event, "place": place, "concept": concept}

FAULTS: dict[str, list[Fault]] = {
    "org": [
        put("skos:prefLabel"),
        put("skos:prefLabel", '"Office"@en'),
        add("skos:prefLabel", '"Bureau"@fr'),
        put("skos:prefLabel", '"Amt"@de', '"Behörde"@de'),
        put("skos:prefLabel", '"Amt ohne Sprache"'),
        put("skos:prefLabel", '"A"@de'),
        put("skos:prefLabel", f'"{"lang " * 30}"@de'),
        put("skos:altLabel", '"Amt"@de', f'"{"lang " * 20}"@de'),
        put("dcterms:identifier"),
        add("dcterms:identifier", '"AM-999999"'),
        put("dcterms:identifier", '"am 12"'),
        put("dcterms:identifier", "12"),
        put("org:unitOf", "id:nobody"),
        add("org:unitOf", "id:org-0", "id:org-1"),
        put("org:unitOf", "[ a org:FormalOrganization ]"),
        put("org:classification"),
        put("org:classification", "id:place-0"),
        put("org:hasSite", '"hier"'),
        put("org:hasSite", "[ a schema:Place ]"),
        put("schema:url", '"https://stadt.example/"'),
        put("schema:url", "<http://stadt.example/>"),
        put("schema:email", '"amt at stadt"'),
        put("schema:telephone", '"231 1"'),
        put("schema:foundingDate", '"2020-02-30"^^xsd:date'),
        put("schema:foundingDate", '"1700-01-01"^^xsd:date'),
        put("schema:foundingDate", '"2030-01-01"^^xsd:date'),
        put("schema:foundingDate", '"2020-02-28T00:00:00Z"^^xsd:dateTime'),
        put("schema:numberOfEmployees", "-1"),
        put("schema:numberOfEmployees", "20001"),
        put("schema:numberOfEmployees", '"viele"^^xsd:integer'),
        put("schema:numberOfEmployees", "1.5"),
        put("schema:description", '"Eins."@de', '"Zwei."@de'),
        put("dcterms:source"),
        put("dcterms:source", '"mündlich"'),
    ],
    "event": [
        put("schema:name"),
        put("schema:name", '"X"@de'),
        put("schema:name", '"Fest"@de', '"Feier"@DE'),
        put("schema:name", '"Fest"'),
        put("schema:startDate"),
        put("schema:startDate", '"2031-01-01T00:00:00+01:00"^^xsd:dateTime'),
        ends_never(put("schema:startDate", '"2011-13-01T00:00:00Z"^^xsd:dateTime')),
        ends_never(put("schema:startDate", '"2011-01-01"^^xsd:date')),
        add("schema:endDate", '"2031-01-01T00:00:00+01:00"^^xsd:dateTime'),
        put("schema:location"),
        put("schema:location", "id:org-0"),
        put("schema:organizer", "id:place-0"),
        put("schema:eventStatus", "schema:EventCancelled"),
        put("schema:eventStatus", "schema:Unknown"),
        put("schema:eventAttendanceMode"),
        put("schema:isAccessibleForFree", '"yes"'),
        add("schema:isAccessibleForFree", "true", "false"),
        put("schema:maximumAttendeeCapacity", "0"),
        put("schema:remainingAttendeeCapacity", "9999"),
        put("schema:remainingAttendeeCapacity", '"viele"'),
        put("schema:price", "-1.0"),
        put("schema:price", "501.0"),
        put("schema:price", "5"),
        put("schema:about", "id:place-0"),
        put("schema:inLanguage", '"fr"'),
        put("schema:inLanguage", '"de"@de'),
        put("schema:genre", f'"{"lang " * 10}"'),
        put("schema:offers", "id:unknown"),
        put("dcterms:source"),
    ],
    "place": [
        put("schema:name"),
        put("schema:name", '"X"'),
        put("schema:address", '[ schema:postalCode "99999" ; schema:streetAddress "Weg 1" ]'),
        put("schema:address", '[ schema:postalCode "44135" ]'),
        put("schema:address", '[ schema:streetAddress "Weg"@de ]'),
        put("geo:lat", "52.0"),
        put("geo:lat", '"51,5"^^xsd:decimal'),
        put("geo:long", "7.1"),
        put("geo:long", "7.5e0"),
        put("schema:containedInPlace", "id:org-0"),
        put("schema:containedInPlace", '"Mitte"'),
        put("schema:amenityFeature", "id:place-0"),
        put("schema:hasMap", '"Karte"'),
        put("dcterms:modified", '"2024-1-1"^^xsd:date'),
        put("dcterms:modified", '"gestern"'),
    ],
    "concept": [
        put("skos:prefLabel"),
        put("skos:prefLabel", '"Thema"'),
        put("skos:altLabel", '"Thema 1"@de', '"Thema 1"@en'),
        put("skos:notation", '"A.1"'),
        add("skos:notation", '"1"', '"2"'),
        put("skos:inScheme", "id:other"),
        put("skos:broader", "id:org-0"),
        put("skos:definition", '"définition"@fr'),
        put("skos:exactMatch", '"gleich"'),
        put("skos:exactMatch", "<urn:match>"),
    ],
}


def turtle(subject: str, entity: Entity) -> tuple[str, int]:
    """Return an entity as Turtle and the number of its triples."""
    lines = [f"{key} {' , '.join(values)}" for key, values in entity.items()]
    inner = sum(value.count(" ; ") + 1 for values in entity.values() for value in values if value[0] == "[")
    text = " ;\n    ".join(lines)
    return f"id:{subject} {text} .\n\n", sum(map(len, entity.values())) + inner


def city(triples: int, seed: int = 1) -> Iterator[str]:
    """Yield the city as Turtle; of 20 entities 8 are events, 5 organisations, 5 places and 2 concepts."""
    rng = random.Random(seed)
    yield "".join(f"@prefix {name}: <{space}> .\n" for name, space in PREFIXES.items()) + "\n"
    numbers = dict.fromkeys(MAKERS, 0)
    spoiled, written, kinds = 0, 0, [*["event"] * 8, *["org"] * 5, *["place"] * 5, *["concept"] * 2]
    faults = [(kind, fault) for kind, list_ in FAULTS.items() for fault in list_]
    waiting: dict[str, list[Fault]] = {kind: [] for kind in MAKERS}
    while written < triples:
        kind = kinds[sum(numbers.values()) % len(kinds)]
        number = numbers[kind]
        entity = MAKERS[kind](rng, number)
        numbers[kind] += 1
        if number > 3 and rng.random() < 0.01:
            place_of, fault = faults[spoiled % len(faults)]
            spoiled += 1
            waiting[place_of].append(fault)
        if number > 3 and waiting[kind]:
            waiting[kind].pop()(entity)
        text, count = turtle(f"{kind}-{number}", entity)
        written += count
        yield text


def write(path: Path, triples: int) -> None:
    """Write the city to ``path`` unless it is there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8") as file:
            file.writelines(city(triples))


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
