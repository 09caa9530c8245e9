"""Clients that send half of something and wait take nobody's place, and hide no danger (A5)."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import uuid4

import orjson
import pytest

from tests.builders.entries import phq9
from tests.builders.seen import saw
from tests.builders.world import Person
from tests.fixtures.running import RunningService, wait_until

CLIENTS = 40
HEAD = "POST /v1/check-ins HTTP/1.1\r\nHost: clinic.test\r\nContent-Type: application/json\r\n"
UNFINISHED = {
    "half a head": "POST /v1/check-ins HTTP/1.1\r\nHost: clin",
    "no body": HEAD + "Content-Length: 300\r\n\r\n",
    "one byte of a body": HEAD + "Content-Length: 300\r\n\r\n{",
    "a chunk and no other": HEAD + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    "more than is read": HEAD + "Content-Length: 90000000\r\n\r\n" + "x" * 5_000,
    "answers that nobody reads": "GET /openapi.json HTTP/1.1\r\nHost: clinic.test\r\n\r\n" * 50,
    "another route": HEAD.replace("check-ins", "auth/login") + "Content-Length: 300\r\n\r\n{",
}


@contextmanager
def connected(running: RunningService, sent: bytes) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", running.port), timeout=30) as client:
        client.sendall(sent)
        yield client


def read_all(client: socket.socket) -> tuple[int, dict[str, Any]]:
    """Status and document of the answer, read until the server closes or has sent it all."""
    got = b""
    while b"\r\n\r\n" not in got or len(got.partition(b"\r\n\r\n")[2]) < length_in(got):
        part = client.recv(65_536)
        if not part:
            break
        got += part
    head, _, body = got.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), orjson.loads(body)


def length_in(answer: bytes) -> int:
    head = answer.partition(b"\r\n\r\n")[0].lower()
    return int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)


def as_sent(person: Person, body: bytes, announced: int) -> bytes:
    head = HEAD + f"Authorization: {person.headers['Authorization']}\r\n"
    return f"{head}Content-Length: {announced}\r\n\r\n".encode() + body


@pytest.mark.parametrize("kind", UNFINISHED)
def test_a_help_request_is_answered_among_clients_that_wait(
    running: RunningService, kind: str, clients: int = CLIENTS
) -> None:
    pat = running.clinic().patient()
    with ExitStack() as stack:
        for _ in range(clients):
            stack.enter_context(connected(running, UNFINISHED[kind].encode()))
        help_request = {"id": str(uuid4()), "recorded_at": phq9()["recorded_at"]}
        # Without a front neither is answered as long as the clients like.
        began = time.monotonic()
        assert running.post(pat, help_request, "/v1/help-requests").status == 201
        took = time.monotonic() - began
        assert running.send("GET", "/healthz", {}).status == 200
    saw(f"answered in {1000 * took:.0f} ms")


@pytest.mark.parametrize("goes_away", [False, True])
def test_what_a_body_says_before_it_breaks_off_is_searched(
    running: RunningService, goes_away: bool
) -> None:
    pat = running.clinic().patient()
    form = orjson.dumps(phq9(item9=3))
    sent = form[: form.index(b'"q9"') + 8]
    with connected(running, as_sent(pat, sent, len(form))) as client:
        if not goes_away:
            status, problem = read_all(client)
            assert (status, problem["code"]) == (408, "body_timeout")
            assert problem["safety"]["level"] == "crisis"
    wait_until(lambda: running.alerts(pat), "the alert is there")
    (alert,) = running.alerts(pat)
    assert (alert.family, alert.severity) == ("unreadable_risk", "critical")


def test_a_body_that_says_nothing_yet_is_answered_that_nothing_arrived(
    running: RunningService,
) -> None:
    pat = running.clinic().patient()
    with connected(running, as_sent(pat, b"{", 300)) as client:
        status, problem = read_all(client)
    assert (status, problem["code"]) == (408, "body_timeout")
    assert "did not reach" in problem["safety"]["monitoring"]
    assert running.alerts(pat) == []


def test_a_slow_body_that_keeps_coming_arrives(running: RunningService) -> None:
    """Each 2 kB give another second: here 8 parts, with half of the first deadline between them."""
    pat = running.clinic().patient()
    form = orjson.dumps(phq9(note="n" * 3_900))
    with connected(running, as_sent(pat, form[:1_000], len(form))) as client:
        for start in range(1_000, len(form), 1_000):
            client.sendall(form[start : start + 1_000])
        status, record = read_all(client)
    assert (status, record["patient_id"]) == (201, str(pat.patient_id))
