"""What goes over a client's connection, byte by byte."""

import socket

from stadtgraph.serve.connection import Joined

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"


class Wire:
    """A transport that notes each call of the system."""

    def __init__(self):
        self.calls = []

    def write(self, data):
        self.calls.append(data)

    def writelines(self, parts):
        self.calls.append(b"".join(parts))

    def close(self):
        self.calls.append("closed")


def test_the_head_of_an_answer_goes_out_with_its_content():
    wire = Wire()
    joined = Joined(wire)
    joined.write(HEAD)
    assert not wire.calls
    joined.write(b"ok")
    joined.flush()
    joined.write(HEAD)
    joined.write(b"HTTP/1.1 is no head here")
    assert wire.calls == [HEAD + b"ok", HEAD + b"HTTP/1.1 is no head here"]


def test_a_head_without_content_is_sent_when_the_answer_is_over_or_the_connection_closes():
    wire = Wire()
    joined = Joined(wire)
    joined.write(HEAD)
    joined.flush()
    joined.write(HEAD)
    joined.close()
    assert wire.calls == [HEAD + b"", HEAD + b"", "closed"]


def test_who_waits_to_be_told_to_go_on_is_told_at_once(server):
    query = b"ASK { ?s ?p ?o }"
    head = (
        "POST /sparql HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/sparql-query\r\n"
        f"Expect: 100-continue\r\nContent-Length: {len(query)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        client.sendall(head.encode())
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(query)
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and answer.endswith(b'"boolean":true}')


def test_an_answer_without_content_is_whole(server):
    head = "Host: x\r\nConnection: close\r\n\r\n"
    tag = server.ask("/doc/bauhof.ttl").headers["etag"]
    for request, status in (
        (f"HEAD /doc/bauhof.ttl HTTP/1.1\r\n{head}", b"200"),
        (f"GET /doc/bauhof.ttl HTTP/1.1\r\nIf-None-Match: {tag}\r\n{head}", b"304"),
        (f"OPTIONS /sparql HTTP/1.1\r\n{head}", b"204"),
    ):
        answer = server.raw(request.encode())
        assert answer.startswith(b"HTTP/1.1 " + status) and answer.endswith(b"\r\n\r\n")
