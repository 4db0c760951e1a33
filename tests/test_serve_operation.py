"""The server in operation: it starts at once, changes publications unnoticed, and cannot be taken down."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from stadtgraph.load import load
from stadtgraph.site.build import publish

pytestmark = pytest.mark.dear
COMMAND = Path(sys.executable).parent / "stadtgraph"
QUERY = "SELECT (SAMPLE(?name) AS ?n) WHERE { id:bauhof skos:prefLabel ?name . FILTER (LANG(?name) = 'en') }"
NAMES = ["Works depot", *(f"Works depot {number}" for number in range(20))]


def until(true, seconds=20):
    """Wait for something that takes a moment; whatever the machine is doing, not for ever."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def rename(root, name):
    file = root / "data" / "organisations.ttl"
    file.write_text(re.sub(r'"Works depot[^"]*"', f'"{name}"', file.read_text()))
    publish(load(root), root / "public")


def test_twenty_publications_under_load_lose_and_mix_no_answer(start, musterstadt):
    """Readers of pages, of data and of the endpoint see one publication or another, never an error."""
    publish(load(musterstadt), musterstadt / "public")
    server = start(musterstadt / "public")
    over, wrong, seen = threading.Event(), [], {"page": set(), "data": set(), "query": set()}

    def read(kind):
        while not over.is_set():
            if kind == "page":
                answer = server.ask("/doc/bauhof", Accept="text/html", Accept_Language="en")
                title = re.search(r"<title>(.*?) –", answer.text)
                head = re.search(r"<h1[^>]*>\s*(.*?)\s*</h1>", answer.text, re.DOTALL)
                names = {title and title[1], head and re.sub(r"<.*?>", "", head[1]).strip()}
            elif kind == "data":
                answer = server.ask("/id/bauhof", Accept="text/turtle")
                answer = server.ask("/doc/bauhof.ttl") if answer.status == 303 else answer
                names = set(re.findall(r'"(Works depot[^"]*)"@en', answer.text))
            else:
                answer = server.ask(f"/sparql?query={QUERY.replace(' ', '+')}", Accept="text/csv")
                names = {answer.text.splitlines()[-1]}
            if answer.status != 200 or len(names) != 1 or not names <= set(NAMES):
                wrong.append((kind, answer.status, names, answer.text[:300]))
            seen[kind] |= names

    readers = [threading.Thread(target=read, args=(kind,)) for kind in seen for _ in range(2)]
    for reader in readers:
        reader.start()
    for name in NAMES[1:]:
        rename(musterstadt, name)
    try:
        until(lambda: all(NAMES[-1] in names for names in seen.values()))
    finally:
        over.set()
        for reader in readers:
            reader.join()
    assert not wrong
    assert all(len(names) > 3 for names in seen.values()), seen


def test_a_signal_makes_the_server_look_at_once(start, musterstadt):
    publish(load(musterstadt), musterstadt / "public")
    server = start(musterstadt / "public")
    before = json.loads(server.ask("/healthz").content)["publication"]
    rename(musterstadt, "Works yard")
    server.process.send_signal(signal.SIGHUP)
    until(lambda: json.loads(server.ask("/healthz").content)["publication"] != before)
    assert "is being served" in server.log.read_text()


def test_pages_of_the_last_publication_still_find_their_style(start, small, tmp_path):
    out = tmp_path / "public"
    shutil.copytree(small, tmp_path / "a")
    out.symlink_to("a")
    server = start(out)
    style = re.search(r'href="(static/site[^"]+\.css)"', server.ask("/", Accept="text/html").text)[1]
    shutil.copytree(small, tmp_path / "b")
    sums = tmp_path / "b" / "SHA256SUMS"
    sums.write_text("".join(line for line in sums.read_text().splitlines(True) if style not in line))
    (tmp_path / "b" / style).unlink()
    (tmp_path / "link").symlink_to("b")
    (tmp_path / "link").replace(out)
    server.process.send_signal(signal.SIGHUP)
    until(lambda: "is being served" in server.log.read_text())
    assert server.ask(f"/{style}").status == 200


def test_what_cannot_be_served_leaves_the_last_publication_in_place(start, musterstadt):
    publish(load(musterstadt), musterstadt / "public")
    server = start(musterstadt / "public")
    (musterstadt / "empty").mkdir()
    (musterstadt / "empty" / "SHA256SUMS").write_text("nothing")
    (musterstadt / "link").symlink_to("empty")
    (musterstadt / "link").replace(musterstadt / "public")
    server.process.send_signal(signal.SIGHUP)
    until(lambda: "cannot be served" in server.log.read_text())
    assert server.ask("/doc/bauhof.ttl").status == 200


def test_asked_to_end_the_server_first_answers_what_it_was_asked(start, small):
    server = start(small, "--query-timeout", "20")
    until(lambda: json.loads(server.ask("/healthz").content)["workers"]["ready"])
    heavy = (
        "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . FILTER (?a < ?d) FILTER (?d < ?g) }"
    )
    answers = []
    asking = threading.Thread(
        target=lambda: answers.append(
            server.ask(f"/sparql?query={heavy.replace(' ', '+')}", Accept="text/csv")
        )
    )
    asking.start()
    until(lambda: json.loads(server.ask("/healthz").content)["workers"]["running"] > 0 or answers)
    assert server.stop() == 0
    asking.join()
    assert answers[0].status == 200
    assert "The server has stopped." in server.log.read_text()
    with pytest.raises(OSError):
        server.ask("/")


def test_killed_the_server_leaves_no_process_behind(start, small):
    server = start(small)
    until(lambda: json.loads(server.ask("/healthz").content)["workers"]["ready"])
    family = psutil.Process(server.process.pid).children(recursive=True)
    assert len(family) > 1
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    assert not psutil.wait_procs(family, timeout=20)[1]


def test_slow_clients_do_not_take_the_server_down(server):
    """A thousand who never finish their request: others are served, and the slow ones lose their place."""
    slow = []
    try:
        for number in range(1000):
            client = socket.create_connection(("127.0.0.1", server.port), timeout=20)
            client.sendall(b"GET /doc/bauhof.ttl HTTP/1.1\r\nHost: x\r\nX-Slow: " if number % 2 else b"")
            slow.append(client)
            if number % 100 == 0:
                assert server.ask("/doc/bauhof.ttl").status == 200
        assert server.ask("/doc/bauhof.html").status == 200
        assert b"408" in slow[0].recv(1000)
    finally:
        for client in slow:
            client.close()


def test_clients_that_do_not_take_their_answer_hold_up_nobody(start, small, tmp_path):
    out = Path(shutil.copytree(small, tmp_path / "copy"))
    (out / "robots.txt").write_bytes(bytes(30_000_000))
    server, greedy = start(out), []
    try:
        for _ in range(50):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", server.port))
            client.sendall(b"GET /robots.txt HTTP/1.1\r\nHost: x\r\n\r\n")
            greedy.append(client)
        for _ in range(20):
            assert server.ask("/doc/bauhof.ttl").status == 200
        memory = psutil.Process(server.process.pid).memory_info().rss
        assert memory < 300_000_000
    finally:
        for client in greedy:
            client.close()


def test_the_record_has_a_line_for_each_request_and_nothing_about_the_asker(start, small):
    server = start(small)
    server.ask(
        "/doc/bauhof?q=Erika+Mustermann",
        User_Agent="Browser of Erika",
        Referer="https://example.com/erika",
        Cookie="erika",
        Accept="text/turtle",
    )
    server.ask("/search?q=Erika")
    server.ask("/nothing%0a2026-11-23%20forged", Accept="text/html")
    until(lambda: "/nothing" in server.log.read_text())
    lines = [line for line in server.log.read_text().splitlines() if " GET " in line]
    assert len(lines) == 3
    assert re.fullmatch(r"\S+T\S+ GET /doc/bauhof 200 \d+ [\d.]+ ms", lines[0])
    text = server.log.read_text()
    for word in ("Erika", "erika", "127.0.0.1 ", "Browser", "\n2026-11-23 forged"):
        assert word not in text


def test_the_metrics_are_prometheus_text_and_count(server):
    from prometheus_client.parser import text_string_to_metric_families

    def value(name, **labels):
        families = text_string_to_metric_families(server.ask("/metrics").text)
        found = [
            s.value
            for f in families
            for s in f.samples
            if s.name == name and labels.items() <= s.labels.items()
        ]
        return sum(found)

    before = value("stadtgraph_requests_total", method="GET", status="404")
    server.ask("/nothing")
    assert value("stadtgraph_requests_total", method="GET", status="404") == before + 1
    assert value("stadtgraph_request_seconds_count") > 0
    assert value("stadtgraph_publication_info") == 1
    assert "text/plain" in server.ask("/metrics").headers["content-type"]


def test_health_names_publication_and_workers(server, small):
    told = json.loads(server.ask("/healthz").content)
    assert told["up"] is True
    assert told["publication"] == small.resolve().name
    assert "workers" in told


def test_the_first_page_does_not_wait_for_anything_it_does_not_need(start, public):
    """The aim is a second; a machine that runs the tests beside may take some more."""
    begun = time.monotonic()
    server = start(public)
    assert server.ask("/", Accept="text/html").status == 200
    assert time.monotonic() - begun < 5


@pytest.fixture
def taken():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        probe.listen()
        yield probe.getsockname()[1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--port", "{taken}"), "--port"),
        (("--host", "192.0.2.1"), "--host 127.0.0.1"),
        (("--host", "no.such.host.invalid"), "--host 127.0.0.1"),
        (("--host", "a" * 300), "--host 127.0.0.1"),
        (("--prefix", "graph"), "--prefix /graph"),
        (("--prefix", "/a/../b"), "--prefix /graph"),
        (("--prefix", "/a b"), "--prefix /graph"),
        (("--out", "nowhere", "--port", "0"), "stadtgraph publish"),
        (("--out", "{empty}", "--port", "0"), "stadtgraph publish"),
        (("--port", "65536"), "65535"),
        (("--workers", "0"), "1"),
        (("--query-timeout", "never"), "never"),
    ],
)
@pytest.mark.parametrize("lang", ["de", "en"])
def test_mistakes_on_the_command_line_are_explained(run, small, tmp_path, taken, options, said, lang):
    given = [option.format(taken=taken, empty=tmp_path) for option in options]
    out = () if "--out" in given else ("--out", small)
    result = run("serve", *out, *given, "--lang", lang)
    assert result.returncode == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr and len(result.stderr.splitlines()) == 1


def test_a_publication_that_is_broken_is_explained(run, small, tmp_path):
    out = Path(shutil.copytree(small, tmp_path / "copy"))
    for name, content in (
        ("server/publication.json", "{"),
        ("SHA256SUMS", ""),
        ("server/publication.json", "[]"),
    ):
        before = (out / name).read_text()
        (out / name).write_text(content)
        result = run("serve", "--out", out, "--port", "0")
        assert result.returncode == 2, result.stderr
        assert "stadtgraph publish" in result.stderr and "Traceback" not in result.stderr
        (out / name).write_text(before)


EVIL = '"<script>alert(1)</script><img src=x onerror=alert(1)>"'


def test_labels_that_are_programs_are_words_everywhere(start, musterstadt):
    file = musterstadt / "data" / "organisations.ttl"
    text = file.read_text().replace('"Bauhof"@de', f"{EVIL}@de").replace('"Works depot"@en', f"{EVIL}@en")
    text = text.replace("@prefix skos:", "@prefix schema: <https://schema.org/> .\n@prefix skos:")
    text += "\nid:musterstadt schema:url <javascript:alert(1)> .\n"
    file.write_text(text)
    publish(load(musterstadt), musterstadt / "public")
    server = start(musterstadt / "public")
    for path in (
        "/doc/bauhof",
        "/doc/musterstadt",
        "/id/bauhoff",
        "/search?q=script",
        "/search?q=%3Cscript%3Ealert(1)%3C/script%3E",
        "/search.html?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&lang=%22%3E%3Cscript%3E",
        "/nothing?lang=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&x=%22%3E%3Cscript%3E",
        "/%3Cscript%3Ealert(1)%3C/script%3E",
        "/reconcile/preview?id=bauhof",
        "/reconcile?queries=%3Cscript%3Ealert(1)%3C/script%3E",
    ):
        answer = server.ask(path, Accept="text/html")
        assert "<script>alert" not in answer.text, path
        assert "<img src=x" not in answer.text, path
        assert 'href="javascript:' not in answer.text, path


def test_two_servers_do_not_share_a_port(start, small):
    first = start(small)
    command = [COMMAND, "serve", "--out", small, "--port", str(first.port)]
    second = subprocess.run(
        command, capture_output=True, text=True, timeout=60, env={**os.environ, "LANG": "C"}
    )
    assert second.returncode == 2
    assert f"--port {first.port + 1}" in second.stderr


def test_the_examples_call_the_server_as_it_is(run, root):
    """What stands in scripts/deploy/ uses options that there are, and systemd finds no fault in its unit."""
    known = set(re.findall(r"--[a-z-]+", run("serve", "--help").stdout))
    used = set()
    for path in (root / "scripts" / "deploy").iterdir():
        for line in path.read_text().splitlines():
            if re.search(r"stadtgraph\"?,? \"?serve", line):
                used |= set(re.findall(r"--[a-z-]+", line))
    assert {"--out", "--host", "--prefix", "--behind-proxy"} <= used <= known | {"--cap-drop", "--read-only"}
    verify = shutil.which("systemd-analyze")
    if verify:
        unit = root / "scripts" / "deploy" / "stadtgraph.service"
        result = subprocess.run([verify, "verify", unit], capture_output=True, text=True, timeout=60)
        faults = [line for line in result.stderr.splitlines() if "stadtgraph.service" in line]
        assert not [line for line in faults if "is not executable" not in line]


def test_ended_from_the_keyboard_the_server_has_not_failed(start, small):
    server = start(small)
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(30) == 0
    assert server.log.read_text().endswith("The server has stopped.\n")


def test_a_server_that_is_ended_while_it_starts_says_nothing_of_its_insides(start, public):
    for _ in range(3):
        server = start(public)
        assert server.stop() == 0
        time.sleep(0.3)  # whoever would complain does so after the server has gone
        assert "Traceback" not in server.log.read_text()
