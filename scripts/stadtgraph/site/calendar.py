"""Events as iCalendar (RFC 5545): all of them, those of one organiser, those on one theme.

The time zone is the one that the catalogue names (``schema:scheduleTimezone``); without it times are in UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard, vGeo, vText, vUri
from pyoxigraph import Literal, NamedNode

from stadtgraph.messages import LANGUAGES
from stadtgraph.namespaces import VOCABULARIES
from stadtgraph.site.things import Site
from stadtgraph.terms import text

SCHEMA: Final = VOCABULARIES["schema"]
STATUS: Final = {
    "EventScheduled": "CONFIRMED",
    "EventRescheduled": "CONFIRMED",
    "EventMovedOnline": "CONFIRMED",
    "EventPostponed": "TENTATIVE",
    "EventCancelled": "CANCELLED",
}


def whole_documents(site: Site) -> Iterator[tuple[str, bytes]]:
    """Yield the calendars, in German without and in English with a suffix."""
    events = [node.value for node in site.those(_schema("startDate")) if site.document(node.value)]
    groups = {"events": (site.dataset, events)}
    for name in ("organizer", "about"):
        for event in events:
            for node in site.values(event, _schema(name)):
                slug = site.document(text(node)).removeprefix("doc/")
                if slug and slug != "events":
                    groups.setdefault(slug, (text(node), []))[1].append(event)
    for slug, (thing, members) in sorted(groups.items()):
        for lang in LANGUAGES if members else ():
            yield file(slug, lang), calendar(site, thing, sorted(set(members)), lang)


def thing_documents(site: Site, iri: str) -> Iterator[tuple[str, bytes]]:
    """Yield the calendar of one event alone, beside its page."""
    name = site.document(iri)
    if name and site.value(iri, _schema("startDate")):
        for lang in LANGUAGES:
            yield f"{name}{'' if lang == 'de' else '.' + lang}.ics", calendar(site, iri, [iri], lang)


def file(slug: str, lang: str) -> str:
    """Return the file of a calendar in a language: German has no suffix."""
    return f"calendar/{slug}{'' if lang == 'de' else '.' + lang}.ics"


@dataclass(frozen=True)
class Offered:
    """The calendars that a page leads to: of one event, and one to subscribe to with its address."""

    own: str
    shared: str
    address: str


def offered(site: Site, lang: str, own: str, iri: str) -> Offered | None:
    """Return what the page of a thing offers; the dataset's calendar holds every event."""
    slug = shared(site, iri)
    if iri == site.dataset and any(site.document(node.value) for node in site.those(_schema("startDate"))):
        slug = "events"
    name = file(slug, lang) if slug else ""
    return Offered(own, name, site.url(name)) if own or name else None


def shared(site: Site, iri: str) -> str:
    """Return the short name of the calendar that a thing gives its name to; nothing where it has none."""
    for name in ("organizer", "about"):
        for quad in site.store.quads_for_pattern(None, _schema(name), NamedNode(iri)):
            event = text(quad.subject)
            if site.document(event) and site.value(event, _schema("startDate")):
                return site.document(iri).removeprefix("doc/")
    return ""


def calendar(site: Site, thing: str, events: Iterable[str], lang: str) -> bytes:
    """Return events as one calendar, named after the thing that they have in common."""
    whole = Calendar()
    title = _label(site, site.dataset, lang) if site.dataset else site.base
    short = title.partition(":")[0] if site.dataset else title
    whole.add("prodid", f"-//{short}//stadtgraph//{lang.upper()}")
    whole.add("version", "2.0")
    whole.add("refresh-interval", timedelta(days=1), parameters={"VALUE": "DURATION"})
    for name in ("name", "x-wr-calname"):
        whole.add(name, title if thing == site.dataset else f"{short}: {_label(site, thing, lang)}")
    events = list(events)
    starts = [_moment(site, site.value(event, _schema("startDate"))) for event in events]
    zone = _zone(site)
    if zone and any(isinstance(start, datetime) for start in starts):
        years = [start.year for start in starts]
        whole.add_component(_timezone(zone, min(years), max(years) + 1))
    for event in events:
        whole.add_component(_entry(site, event, lang))
    return bytes(whole.to_ical())


@cache
def _timezone(zone: str, first: int, last: int) -> Timezone:
    """Return a time zone with every change of its offset between two years (RFC 5545, section 3.6.5)."""
    found = Timezone()
    found.add("tzid", zone)
    moment = datetime(first, 1, 1, tzinfo=UTC)
    before = moment.astimezone(ZoneInfo(zone)) - timedelta(hours=1)
    found.add_component(_offset(before, before))
    while moment.year <= last:
        tomorrow = (moment + timedelta(days=1)).astimezone(ZoneInfo(zone))
        moment += timedelta(days=1) if tomorrow.utcoffset() == before.utcoffset() else timedelta(hours=1)
        after = moment.astimezone(ZoneInfo(zone))
        if after.utcoffset() != before.utcoffset():
            found.add_component(_offset(before, after))
        before = after
    return found


def _offset(before: datetime, after: datetime) -> TimezoneDaylight | TimezoneStandard:
    """Return what holds from a change on; the change is told in the time that ended with it."""
    part = TimezoneDaylight() if after.dst() else TimezoneStandard()
    old, new = before.utcoffset() or timedelta(), after.utcoffset() or timedelta()
    part.add("dtstart", (after.astimezone(UTC) + old).replace(tzinfo=None))
    part.add("tzoffsetfrom", old)
    part.add("tzoffsetto", new)
    part.add("tzname", after.tzname())
    return part


def _entry(site: Site, iri: str, lang: str) -> Event:
    entry = Event()
    entry.add("uid", iri)
    stamp = datetime.combine(date.fromisoformat(site.modified(iri) or "1970-01-01"), datetime.min.time(), UTC)
    entry.add("dtstamp", stamp)
    entry.add("last-modified", stamp)
    entry.add("summary", _label(site, iri, lang))
    _when(site, iri, entry)
    if description := _text(site, iri, "description", lang):
        entry.add("description", description)
    for place in site.values(iri, _schema("location")):
        entry.add("location", _place(site, text(place), lang))
        for geo in site.values(text(place), _schema("geo")):
            spot = [site.value(text(geo), _schema(name)) for name in ("latitude", "longitude")]
            if all(spot):
                entry.add("geo", vGeo((float(spot[0]), float(spot[1]))))
    if url := site.value(iri, _schema("url")):
        entry.add("url", vUri(url))
    organisers = [_label(site, text(node), lang) for node in site.values(iri, _schema("organizer"))]
    for organiser in organisers:
        entry.add("contact", organiser)
    if themes := [_label(site, text(node), lang) for node in site.values(iri, _schema("about"))]:
        entry.add("categories", sorted(themes))
    status = STATUS.get(site.value(iri, _schema("eventStatus")).removeprefix(SCHEMA))
    if status:
        entry.add("status", status)
    for parent in site.values(iri, _schema("superEvent")):
        if site.values(text(parent), _schema("startDate")):
            entry.add("related-to", vText(text(parent), params={"RELTYPE": "PARENT"}))
    return entry


def _when(site: Site, iri: str, entry: Event) -> None:
    start = _moment(site, site.value(iri, _schema("startDate")))
    written = site.value(iri, _schema("endDate"))
    entry.add("dtstart", start)
    if not written:
        return
    end = _moment(site, written)
    if isinstance(end, datetime) != isinstance(start, datetime):
        return
    # The end of a whole day is the next day (RFC 5545, section 3.6.1).
    entry.add("dtend", end if isinstance(end, datetime) else end + timedelta(days=1))


def _moment(site: Site, written: str) -> date | datetime:
    if "T" not in written:
        return date.fromisoformat(written[:10])
    moment = datetime.fromisoformat(written)
    zone = _zone(site)
    return moment.astimezone(ZoneInfo(zone) if zone else UTC) if moment.tzinfo else moment


def _zone(site: Site) -> str:
    quads = site.store.quads_for_pattern(None, _schema("scheduleTimezone"), None)
    return min((text(quad.object) for quad in quads), default="")


def _place(site: Site, iri: str, lang: str) -> str:
    parts = [_label(site, iri, lang)]
    for address in site.values(iri, _schema("address")):
        street, code, town = (
            site.value(text(address), _schema(name))
            for name in ("streetAddress", "postalCode", "addressLocality")
        )
        parts += [part for part in (street, f"{code} {town}".strip()) if part and part not in parts]
    return ", ".join(parts)


def _label(site: Site, iri: str, lang: str) -> str:
    label = site.city.label(iri)
    return label.get(lang) or next(iter(label.values()), iri)


def _text(site: Site, iri: str, name: str, lang: str) -> str:
    values = [value for value in site.values(iri, _schema(name)) if isinstance(value, Literal)]
    return next((value.value for value in values if value.language in (lang, None)), "")


def _schema(name: str) -> NamedNode:
    return NamedNode(SCHEMA + name)
