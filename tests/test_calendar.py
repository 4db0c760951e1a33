"""Calendar programs import our events as they are meant."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import icalendar
import pytest
from pyoxigraph import Literal, NamedNode, Quad, Store

from stadtgraph.load import City
from stadtgraph.namespaces import VOCABULARIES
from stadtgraph.site.calendar import calendar
from stadtgraph.site.things import Site

SCHEMA = VOCABULARIES["schema"]
XSD = VOCABULARIES["xsd"]
BASE = "https://example.org/town/"
EVENT = BASE + "id/fest"


def town(zone="", **values):
    store = Store()
    graph = NamedNode(BASE + "graph/x")
    for name, value in {"name": Literal("Fest", language="de"), **values}.items():
        store.add(Quad(NamedNode(EVENT), NamedNode(SCHEMA + name), value, graph))
    if zone:
        zones = NamedNode(BASE + "catalog#calendar")
        store.add(Quad(zones, NamedNode(SCHEMA + "scheduleTimezone"), Literal(zone), graph))
    return Site(City(Path(), BASE, store, Store(), {}))


def moment(text):
    kind = "dateTime" if "T" in text else "date"
    return Literal(text, datatype=NamedNode(XSD + kind))


def read(content):
    (found,) = icalendar.Calendar.from_ical(content).walk("VEVENT")
    return found


def test_every_dated_event_is_in_the_calendar_once(public, site):
    events = icalendar.Calendar.from_ical((public / "calendar" / "events.ics").read_bytes()).walk("VEVENT")
    stated = {node.value for node in site.those(NamedNode(SCHEMA + "startDate"))}
    assert sorted(str(event["uid"]) for event in events) == sorted(stated)


def test_the_programme_item_stands_where_and_when_it_was(public, site):
    for name in ("events", "nachbarschaft", "amt-fuer-angelegenheiten-des-oberbuergermeisters-und-des-rates"):
        whole = icalendar.Calendar.from_ical((public / "calendar" / f"{name}.ics").read_bytes())
        (item,) = [e for e in whole.walk("VEVENT") if "projekte-und" in str(e["uid"])]
        assert item["dtstart"].dt == datetime(2023, 5, 7, 12, tzinfo=ZoneInfo("Europe/Berlin"))
        assert item["dtstart"].params["TZID"] == "Europe/Berlin"
        assert "dtend" not in item
        assert str(item["location"]) == "Hansaplatz, 44137 Dortmund"
    english = (public / "calendar" / "events.en.ics").read_text()
    assert "SUMMARY:Projects and Coordination Offices" in english


def test_whole_days_end_the_day_after(public):
    whole = icalendar.Calendar.from_ical((public / "calendar" / "stadt-dortmund.ics").read_bytes())
    (edition,) = [e for e in whole.walk("VEVENT") if str(e["uid"]).endswith("/dortbunt-2023")]
    assert (edition["dtstart"].dt, edition["dtend"].dt) == (date(2023, 5, 5), date(2023, 5, 8))


def test_the_time_zone_changes_when_the_clocks_do():
    content = calendar(
        town("Europe/Berlin", startDate=moment("2023-05-07T12:00:00+02:00")), EVENT, [EVENT], "de"
    )
    (zone,) = icalendar.Calendar.from_ical(content).walk("VTIMEZONE")
    foreign = zone.to_tz()
    for month in range(1, 13):
        local = datetime(2023, month, 15, 12, tzinfo=ZoneInfo("Europe/Berlin"))
        assert local.astimezone(foreign).utcoffset() == local.utcoffset()
    assert b"DTSTART:20230326T020000" in content
    assert b"DTSTART:20231029T030000" in content


@pytest.mark.parametrize("written", ["2023-05-07T12:00:00+02:00", "2023-05-07T10:00:00Z"])
def test_without_a_zone_times_are_in_utc(written):
    event = read(calendar(town(startDate=moment(written)), EVENT, [EVENT], "de"))
    assert event["dtstart"].dt == datetime(2023, 5, 7, 10, tzinfo=UTC)


def test_a_cancelled_event_says_so():
    site = town(startDate=moment("2023-05-07"), eventStatus=NamedNode(SCHEMA + "EventCancelled"))
    assert read(calendar(site, EVENT, [EVENT], "de"))["status"] == "CANCELLED"


def test_no_text_can_break_out_of_its_line():
    site = town(
        startDate=moment("2023-05-07"),
        description=Literal("a\r\nEND:VEVENT\r\nX;,\\" + "ü" * 200, language="de"),
    )
    content = calendar(site, EVENT, [EVENT], "de")
    assert content.count(b"\r\nEND:VEVENT\r\n") == 1
    assert str(read(content)["description"]).replace("\r", "") == "a\nEND:VEVENT\nX;,\\" + "ü" * 200


def test_every_line_is_as_the_rule_has_it(public):
    for path in (public / "calendar").glob("*.ics"):
        content = path.read_bytes()
        lines = content.split(b"\r\n")
        assert lines[-1] == b"" and not any(b"\n" in line for line in lines)
        assert all(len(line) <= 75 for line in lines), path
        stamps = re.findall(rb"DTSTAMP:(\S+)", content)
        assert stamps and all(stamp.endswith(b"T000000Z") for stamp in stamps)


def test_calendars_say_whose_they_are_and_when_to_look_again(public):
    for name, words in (
        ("events.ics", ": Stellen"),
        ("stadt-dortmund.ics", ": Stadt Dortmund"),
        ("nachbarschaft.en.ics", ": Neighbourhood"),
    ):
        whole = icalendar.Calendar.from_ical((public / "calendar" / name).read_bytes())
        assert words in str(whole["x-wr-calname"]) and str(whole["x-wr-calname"]).startswith("DORTBUNT ")
        assert whole["name"] == whole["x-wr-calname"]
        assert "REFRESH-INTERVAL;VALUE=DURATION:P1D" in (public / "calendar" / name).read_text()
        assert "://" not in str(whole["prodid"])


def test_an_event_has_a_calendar_of_its_own(public):
    content = (public / "doc" / "projekte-und-koordinierungsstellen-2023.ics").read_bytes()
    assert str(read(content)["uid"]).endswith("projekte-und-koordinierungsstellen-2023")
    page = (public / "doc" / "projekte-und-koordinierungsstellen-2023.html").read_text()
    assert 'href="../doc/projekte-und-koordinierungsstellen-2023.ics">In den Kalender (.ics)' in page


@pytest.mark.parametrize(
    ("page", "file"),
    [
        ("list/event.html", "events.ics"),
        ("doc/stadt-dortmund.html", "stadt-dortmund.ics"),
        ("doc/nachbarschaft.en.html", "nachbarschaft.en.ics"),
    ],
)
def test_what_has_a_calendar_offers_it_to_subscribe(public, site, page, file):
    content = (public / page).read_text()
    assert f'href="../calendar/{file}"' in content
    assert f"{site.base}calendar/{file}</code>" in content.replace("<wbr>", "")
