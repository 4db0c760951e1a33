"""Every question ends, nobody waits for somebody else's, and nothing leaves the machine."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from urllib.parse import urlencode

import psutil
import pytest

LIMIT = 1.0
# 10^9 combinations: longer than any limit here, and nothing to store.
DIGITS = " ".join(f"VALUES ?{name} {{ 0 1 2 3 4 5 6 7 8 9 }}" for name in "abcdefghi")
ENDLESS = f"SELECT (SUM(?a + ?b + ?i) AS ?n) {{ {DIGITS} }}"
# As many rows, sent as they come.
ROWS_WITHOUT_END = f"SELECT * {{ {DIGITS} }}"
# To sort them all have to be held.
GREEDY = ROWS_WITHOUT_END + " ORDER BY DESC(?i) ?h ?g"
# More than the store's parser bears in one condition.
DEADLY = f"SELECT * {{ ?s ?p ?o FILTER({' || '.join(f'?o = {number}' for number in range(10_000))}) }}"
QUICK = "SELECT ?o { <https://example.org/musterstadt/id/%d> ?p ?o }"


@pytest.fixture(scope="module")
def limited(start, small):
    return start(small, "--query-timeout", str(LIMIT), "--memory", "64", "--workers", "2")


@pytest.fixture(scope="module")
def patient(start, small):
    """A server that waits for a worker to die, however busy the machine."""
    return start(small, "--query-timeout", "5", "--workers", "2")


@pytest.fixture
def own(start, small):
    """A server that a test may break."""
    return start(small, "--query-timeout", str(LIMIT), "--memory", "64", "--workers", "1")


def ask(server, query, **headers):
    return server.ask("/sparql", "POST", query.encode(), Content_Type="application/sparql-query", **headers)


def state(server):
    return json.loads(server.ask("/healthz").content)["workers"]


def until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


@contextmanager
def asking(server, query, times=1):
    """Questions that run meanwhile; the list of their answers fills as they come."""
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(ask(server, query))) for _ in range(times)]
    for thread in threads:
        thread.start()
    yield answers
    for thread in threads:
        thread.join(60)


def children(server):
    return psutil.Process(server.process.pid).children(recursive=True)


@pytest.mark.parametrize(
    ("lang", "words"), [("de", ["1 Sekunden", "Gesamtabzug"]), ("en", ["1 seconds", "download the dump"])]
)
def test_a_question_that_takes_too_long_ends_and_is_told_why(limited, lang, words):
    begun = time.monotonic()
    answer = ask(limited, ENDLESS, Accept_Language=lang, Accept="text/plain, */*;q=0.1")
    assert answer.status == 503
    assert LIMIT <= time.monotonic() - begun < LIMIT + 10
    assert all(word in answer.text for word in words)


def test_a_question_that_takes_too_much_memory_ends_and_is_told_why(limited):
    answer = ask(limited, GREEDY, Accept_Language="en", Accept="text/plain, */*;q=0.1")
    assert answer.status == 503
    assert "64 MB" in answer.text
    assert "download the dump" in answer.text


def test_a_question_that_kills_its_worker_is_an_error_for_one_asker(patient):
    with asking(patient, ENDLESS) as others:
        answer = ask(patient, DEADLY, Accept_Language="en", Accept="text/plain, */*;q=0.1")
        assert answer.status == 500
        assert "VALUES or IN" in answer.text
        assert ask(patient, QUICK % 1).status == 200
    assert [one.status for one in others] == [503]  # by its own limit


@pytest.mark.parametrize(
    "query", ["SELECT * " + "{" * 50_000, "SELECT * { FILTER" + "(" * 50_000, "[" * 50_000]
)
def test_deep_nesting_is_refused_with_its_place(patient, query):
    for text in (query, query + ")" * 50_000 + "}" * 50_000):
        answer = ask(patient, text, Accept_Language="en", Accept="text/plain")
        assert answer.status == 400
        assert "nested too deeply" in answer.text and answer.text.startswith("Line 1, column ")


@pytest.mark.parametrize(
    ("before", "after"), [("{ ", "}"), ("{ SELECT * { ", "} }"), ("{ ?s ?p ?o OPTIONAL { ", "} }")]
)
def test_no_nesting_ends_a_worker(patient, before, after):
    crashed = state(patient)["counted"].get("query-crashed", 0)
    assert ask(patient, f"SELECT * {{ {before * 3000}{after * 3000} }}").status == 400
    deep = 240 // before.count("{")
    assert ask(patient, f"SELECT * {{ {before * deep}{after * deep} }}").status == 200
    assert state(patient)["counted"].get("query-crashed", 0) == crashed


def test_an_answer_that_breaks_off_is_never_taken_for_a_whole_one(limited):
    connection = http.client.HTTPConnection("127.0.0.1", limited.port, timeout=30)
    connection.request("GET", "/sparql?" + urlencode({"query": ROWS_WITHOUT_END, "format": "csv"}))
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.headers["Transfer-Encoding"] == "chunked"
    with pytest.raises(http.client.IncompleteRead):
        answer.read()
    connection.close()


def test_an_answer_longer_than_the_operator_allows_breaks_off_and_the_log_says_why(start, small):
    server = start(small, "--max-answer", "1")
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", "/sparql?" + urlencode({"query": ROWS_WITHOUT_END, "format": "csv"}))
    with pytest.raises(http.client.IncompleteRead) as error:
        connection.getresponse().read()
    connection.close()
    assert len(error.value.partial) <= 1 << 20
    assert "--max-answer" in server.log.read_text()


def test_a_client_that_knows_no_chunks_is_told_the_reason_instead(limited):
    request = f"GET /sparql?{urlencode({'query': ROWS_WITHOUT_END, 'format': 'csv'})} HTTP/1.0\r\n\r\n"
    assert limited.raw(request.encode()).startswith(b"HTTP/1.1 503 ")


def test_short_questions_are_answered_while_long_ones_run(limited):
    with asking(limited, ENDLESS, 8) as answers:
        until(lambda: state(limited)["slow"] == 8)
        assert state(limited)["held"] >= 6
        meanwhile = 0
        while meanwhile < 50 and not answers:  # a busy machine may not come to all before the long ones end
            assert ask(limited, QUICK % meanwhile).status == 200
            meanwhile += 1
        assert meanwhile >= 3
    # Two at a time and at last each as long as it may, or it has waited too long for its turn.
    assert {answer.status for answer in answers} == {503}
    assert any(int(answer.headers.get("retry-after", 0)) > 0 for answer in answers)


def test_a_worker_that_has_answered_something_long_goes_on_as_if_it_were_new(limited):
    longish = ENDLESS.replace("?f { 0 1 2 3 4 5 6 7 8 9 }", "?f { 0 }")
    for name in "ghi":
        longish = longish.replace(f"?{name} {{ 0 1 2 3 4 5 6 7 8 9 }}", f"?{name} {{ 0 }}")
    with asking(limited, longish, 4) as answers:
        until(lambda: len(answers) == 4)
    assert {answer.status for answer in answers} == {200}
    until(lambda: state(limited)["running"] == 0 and all(one["memory"] for one in state(limited)["workers"]))
    workers = [psutil.Process(one["pid"]) for one in state(limited)["workers"]]
    assert len(workers) >= 2
    assert {worker.nice() for worker in workers} == {0}
    # None was left behind stopped, neither among them nor elsewhere.
    assert not [one for one in children(limited) if one.status() == psutil.STATUS_STOPPED]


def test_too_many_long_questions_are_refused_at_once(own):
    with asking(own, ENDLESS, 12) as answers:
        until(lambda: len(answers) >= 4)
        refused = [answer for answer in answers if answer.status == 429]
        assert refused
        assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
        assert ask(own, QUICK % 1).status == 200
    assert {answer.status for answer in answers} == {429, 503}


def test_an_asker_who_goes_away_is_not_worked_for(limited):
    client = socket.create_connection(("127.0.0.1", limited.port))
    client.sendall(f"GET /sparql?{urlencode({'query': ENDLESS})} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    until(lambda: state(limited)["slow"] == 1)
    client.close()
    until(lambda: state(limited)["running"] == 0, LIMIT * 0.8)
    assert state(limited)["counted"]["query-abandoned"] >= 1


def test_an_answer_that_nobody_fetches_is_let_go(own):
    with socket.create_connection(("127.0.0.1", own.port)) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        query = urlencode({"query": ROWS_WITHOUT_END, "format": "csv"})
        client.sendall(f"GET /sparql?{query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        until(lambda: state(own)["running"] == 1)
        assert ask(own, QUICK % 1).status == 200
        until(lambda: state(own)["running"] == 0)


def test_a_worker_killed_in_mid_question_costs_one_answer(own):
    with asking(own, ENDLESS) as answers:
        until(lambda: state(own)["slow"] == 1)
        workers = [one for one in children(own) if one.ppid() != own.process.pid]
        before = {one: one.cpu_times().user for one in workers}

        def since(one):
            return one.cpu_times().user - before[one]

        # Who worked most so far may be one that is done.
        until(lambda: max(map(since, workers)) > 0.3)
        os.kill(max(workers, key=since).pid, signal.SIGSEGV)
        until(lambda: answers)
        assert answers[0].status == 500
    assert ask(own, QUICK % 1).status == 200


def test_a_killed_mother_is_replaced_and_the_server_goes_on(own):
    until(lambda: state(own)["ready"])
    before = children(own)
    mother = next(one for one in before if one.ppid() == own.process.pid)
    with asking(own, ENDLESS) as answers:
        until(lambda: state(own)["slow"] == 1)
        mother.kill()
        until(lambda: answers)
        assert answers[0].status == 503
    until(lambda: state(own)["ready"])
    assert ask(own, QUICK % 1).status == 200
    assert not [one for one in before if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def test_a_killed_server_leaves_no_process_behind(own):
    with asking_and_losing(own):
        until(lambda: state(own)["slow"] == 1)
        left = children(own)
        assert len(left) >= 3
        own.process.kill()
        own.process.wait()
    until(lambda: not [one for one in left if one.is_running() and one.status() != psutil.STATUS_ZOMBIE])


@contextmanager
def asking_and_losing(server):
    """A question whose server dies."""

    def lose():
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            ask(server, ENDLESS)

    thread = threading.Thread(target=lose)
    thread.start()
    yield
    thread.join(60)


def test_a_server_that_ends_leaves_no_process_behind(own):
    until(lambda: state(own)["ready"])
    left = children(own)
    assert left and own.stop() == 0
    until(lambda: not [one for one in left if one.is_running() and one.status() != psutil.STATUS_ZOMBIE])


def test_workers_share_the_graph_and_can_open_nothing(limited):
    until(lambda: state(limited)["running"] == 0)
    workers = state(limited)["workers"]
    assert len(workers) >= 2
    assert all(0 < worker["memory"] < 100 << 20 for worker in workers)
    for worker in workers:
        process = psutil.Process(worker["pid"])
        assert process.num_fds() == 4
        assert process.rlimit(psutil.RLIMIT_NOFILE) == (4, 4)
        assert process.num_threads() == 1


@pytest.fixture
def canary():
    """A socket that must see no connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening.getsockname()[1]
        with pytest.raises(BlockingIOError):
            listening.accept()


def test_nothing_leaves_the_machine_and_no_file_is_read(limited, canary):
    here = f"http://127.0.0.1:{canary}"
    inner = "{ ?s ?p ?o }"
    queries = [
        f"SELECT * {{ SERVICE <{here}/> {inner} }}",
        f"SELECT * {{ SERVICE SILENT <{here}/> {inner} }}",
        f"SELECT * {{ service silent <{here}/> {inner} }}",
        f"SELECT * {{ S\\u0045RVICE <{here}/> {inner} }}",
        f"SELECT * {{ {{ SELECT * {{ OPTIONAL {{ SERVICE <{here}/> {inner} }} }} }} }}",
        f"SELECT * {{ VALUES ?x {{ <{here}/> }} SERVICE ?x {inner} }}",
        f"PREFIX : <{here}/> SELECT * {{ SERVICE:x{inner} }}",
        f"PREFIX : <{here}/> SELECT * {{ ?s ?p ?o FILTER(?s<?p)SERVICE:x#>\n{inner} }}",
        f"PREFIX : <{here}/> SELECT * {{ ?s ?p trueSERVICE:x{inner} }}",
        f"SELECT * FROM <{here}/> {inner}",
        f"SELECT * FROM NAMED <{here}/> {{ GRAPH ?g {inner} }}",
        "SELECT * FROM <file:///etc/passwd> { ?s ?p ?o }",
        f"LOAD <{here}/>",
        f"LOAD SILENT <{here}/>",
        f"DESCRIBE <{here}/> FROM <{here}/>",
    ]
    for query in queries:
        answer = ask(limited, query)
        assert answer.status == 400, query
        assert "root:" not in answer.text
    for name in ("default-graph-uri", "named-graph-uri"):
        for graph in (f"{here}/", "file:///etc/passwd"):
            path = "/sparql?" + urlencode({"query": "SELECT * { ?s ?p ?o }", name: graph})
            assert limited.ask(path).status == 400
    for quiet in (f"DESCRIBE <{here}/>", f"SELECT * {{ GRAPH <{here}/> {inner} }}"):
        assert ask(limited, quiet).status == 200


def test_even_a_service_that_is_not_noticed_goes_nowhere(canary):
    # What a worker does, without the reading that comes before.
    code = (
        "import os, socket, sys\n"
        "from stadtgraph.serve import mother, worker\nfrom stadtgraph.sparql import guard\n"
        "from pyoxigraph import Store\n"
        "class Read: names_graphs = False; lasts = True; hints = (); text = ''\n"
        "def unread(text, *rest): Read.text = text; return Read()\n"
        "guard.read = unread\n"
        "here, there = socket.socketpair()\n"
        "pid = os.fork()\n"
        "pid or mother._become_worker(there.fileno(), worker.City(Store(), 'http://x/', {}, ()), 1 << 30)\n"
        "from stadtgraph.serve.frames import QUESTION, frame, receive\n"
        "text = 'SELECT * { SERVICE <http://127.0.0.1:%s/> { ?s ?p ?o } }' % sys.argv[1]\n"
        "here.sendall(frame(QUESTION, worker.Question(text).to_json()))\n"
        "print(receive(here))\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, str(canary)], capture_output=True, text=True, timeout=30, check=True
    )
    assert "query-failed" in told.stdout
