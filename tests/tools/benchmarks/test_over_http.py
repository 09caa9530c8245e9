"""The driver's arithmetic is right and a few requests go through; how fast is not for a test."""

from __future__ import annotations

import os
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from xml.etree import ElementTree

import pytest
from flask import Flask

from api.embedded.urls import DatabaseUrls
from benchmarks.over_http import __main__ as command
from benchmarks.over_http import processes
from benchmarks.over_http.aims import aims
from benchmarks.over_http.client import Load, drive, percentile, request
from benchmarks.over_http.contenders import Contender, Cpu
from benchmarks.over_http.figures import Range, Rounds, Seen
from benchmarks.over_http.measure import Entrant, Pace, in_turns
from benchmarks.over_http.picture import picture
from benchmarks.over_http.plan import OURS, SIZES, TOY, groups, named, names
from benchmarks.over_http.report import markdown
from benchmarks.over_http.seed import Seed
from benchmarks.over_http.workloads import Workload, posts
from benchmarks.page import put
from migrations.roles import libpq_url

IN_PARTS = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"2\r\n{}\r\n", b"0\r\n\r\n")
WITH_LENGTH = (b"HTTP/1.1 201 Created\r\ncontent-", b"length: 4\r\n\r\nab", b"cd")


def seen(rate: float, *taken: float) -> Seen:
    """One round with this rate and these milliseconds."""
    cpu = {"application": 900, "front": 60, "database": 40, "beside": 5, "client": 6}
    return Seen(rate=rate, taken=taken or (2.0, 6.0), wrong=0, **cpu)


@contextmanager
def answering(*parts: bytes) -> Iterator[int]:
    """A server that answers everything with these parts, each in a packet of its own; its port."""

    def serve(connection: socket.socket) -> None:
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while connection.recv(65_536):
                for part in parts:
                    connection.sendall(part)

    def accept() -> None:
        with suppress(OSError):
            while True:
                serving.append(Thread(target=serve, args=(listener.accept()[0],)))
                serving[-1].start()

    serving: list[Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepting = Thread(target=accept)
        accepting.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        for thread in (accepting, *serving):
            thread.join()


class InProcess(Contender):
    """Whoever answers on a port, by the tokens of a seed; this process is its server."""

    is_ours = True
    name = OURS

    def __init__(self, port: int, seed: Seed | None = None) -> None:
        self.port, self.seed = port, seed

    @property
    def log(self) -> Path:
        return Path(os.devnull)

    def tokens(self, who: str, count: int) -> list[str]:
        return ["token"] * count if self.seed is None else self.seed.tokens(who, count)

    def parts(self) -> tuple[list[int], list[int], list[int]]:
        return [os.getpid()], [], []


def test_percentiles_are_figures_that_were_seen():
    ordered = [float(one) for one in range(1, 201)]
    assert [percentile(ordered, share) for share in (50, 99, 100)] == [100, 198, 200]
    assert percentile([7.0], 50) == percentile([7.0], 99) == 7.0


def test_a_round_is_its_requests_and_the_cpu_of_each():
    load = Load([0.001, 0.002, 0.003, 0.010], Counter({201: 3, 503: 1}), 0.5, 0.0004)
    found = Seen.of(load, Cpu(0.004, 0.002, 0.001, 0.0), frozenset({201}))
    assert (found.rate, found.taken, found.wrong) == (8.0, (1.0, 2.0, 3.0, 10.0), 1)
    assert (found.application, found.front, found.database) == pytest.approx((1000, 500, 250))
    assert (found.client, found.served) == pytest.approx((100, 1750))
    by_item = Seen.of(load, Cpu(0.004, 0.002, 0.001, 0.0), frozenset({201}), items=10)
    assert (by_item.rate, by_item.application) == (80.0, pytest.approx(100))


def test_a_ratio_is_taken_round_by_round():
    ours = Rounds("a", OURS, (seen(10), seen(100), seen(30)))
    theirs = Rounds("a", "theirs", (seen(20), seen(50), seen(20)))
    assert ours.over(theirs) == Range(1.5, 0.5, 2.0)
    assert Range(1.5, 0.5, 2.0).words() == "1.50 (0.50-2.00)"
    assert ours.range("rate") == Range(30, 10, 100)


def test_percentiles_are_of_all_rounds():
    ours = Rounds("a", OURS, (seen(1, 1.0, 9.0), seen(1, 2.0, 3.0)))
    assert (ours.percentile(50), ours.percentile(99)) == (2.0, 9.0)
    document = ours.document()["rounds"][0]
    assert (document["taken"], document["p50"], document["p99"]) == (2, 1.0, 9.0)


def test_the_aims_are_met_or_missed_by_the_median():
    eight = named(8)
    found = [
        Rounds(eight, OURS, (seen(400), seen(400), seen(400))),
        Rounds(eight, f"{OURS} at 1234567", (seen(90), seen(100), seen(200))),
        Rounds(eight, TOY, (seen(1000), seen(2000), seen(2000))),
        Rounds(named(32), OURS, (seen(399),)),
    ]
    assert [(line.what.split(" over ")[-1], line.good) for line in aims(found)] == [
        (f"{OURS} at 1234567", True),
        (TOY, False),
        ("CPU of the application, a harmless form", True),
        ("p50", True),
        ("that of 8", False),
    ]


def test_the_page_and_the_picture_show_what_was_seen(tmp_path: Path):
    found = [
        Rounds(named(clients), name, (seen(rate),))
        for clients in (1, 8, 32)
        for name, rate in ((OURS, 300), (TOY, 600))
    ]
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- measured: x -->\nold\n<!-- end: x -->\nafter\n")
    put(page, "x", markdown(found, aims(found), ["a fact"]))
    assert "old" not in page.read_text()
    assert page.read_text().startswith("before\n")
    assert page.read_text().endswith("after\n")
    assert "| post, 8 clients | Interlude | 300 |" in page.read_text()
    drawn = ElementTree.fromstring(picture(found, "today"))  # noqa: S314 -- our own picture
    assert "0.50" in [one.text for one in drawn.iter() if one.text]
    assert picture(found[:1], "today") == ""
    with pytest.raises(ValueError, match="no part"):
        put(page, "y", "")


def test_cpu_is_read_after_a_name_with_spaces_and_brackets():
    ticks = "7 8 100 50"
    stat = f"12 (a (b) c) S 34 12 12 0 -1 4194304 1 2 3 4 {ticks} 20 0 1 0"
    assert processes.fields_of(stat)[1] == "34"
    assert processes.cpu_of(stat) == pytest.approx(processes.TICK_S * 165)
    assert processes.cpu_of(stat, with_ended=False) == pytest.approx(processes.TICK_S * 15)
    assert os.getpid() in processes.tree(os.getppid())


@pytest.mark.parametrize(("parts", "status"), [(IN_PARTS, 200), (WITH_LENGTH, 201)])
def test_the_client_waits_for_the_whole_answer(parts: tuple[bytes, ...], status: int):
    with answering(*parts) as port:
        sent = [request("POST", "/", "token", b"{}")] * 20
        load = drive(port, iter(sent), 4, 30)
        assert load.statuses == {status: 20}
        assert len(load.taken) == 20


def test_what_goes_on_beside_is_not_counted():
    with answering(*WITH_LENGTH) as port:
        sent = [request("POST", "/", "token", b"{}")] * 3
        load = drive(port, iter(sent), 1, 30, beside=[request("GET", "/", "token")] * 5)
    assert load.statuses == {201: 3}
    assert load.seconds >= max(load.taken)


def test_who_is_sent_away_waits_as_long_as_asked():
    """And does not stand in the way of the end."""
    busy = b"HTTP/1.1 503 Busy\r\nRetry-After: 3000\r\nContent-Length: 0\r\n\r\n"
    with answering(busy) as port:
        sent = [request("POST", "/", "token", b"{}")] * 3
        load = drive(port, iter(sent), 1, 30, beside=[request("GET", "/", "token")] * 5)
    assert load.statuses == {503: 3}


def test_entrants_take_turns_and_one_that_lacks_the_route_stays_out():
    there = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
    lost = there.replace(b"201 Created", b"404 Not Found")
    work = Workload(lambda _who, count: [request("POST", "/", "t", b"{}")] * count, 2)
    with answering(there) as here, answering(lost) as elsewhere:
        entrants = [
            Entrant("here", InProcess(here), work),
            Entrant("elsewhere", InProcess(elsewhere), work),
        ]
        found = in_turns("group", entrants, Pace(2, 0.01))
    assert [(one.name, len(one.rounds)) for one in found] == [("here", 2)]


def test_a_few_forms_go_through(app: Flask, clean_database: None, database_urls: DatabaseUrls):
    """By the seed's people, each by a token of its own."""
    seed = Seed(app, libpq_url(database_urls.admin), SIZES["tiny"].people)
    tokens = seed.tokens("writers of 1", 6)
    assert len(set(tokens)) == 6
    client = app.test_client()
    contender = InProcess(0, seed)
    for sent in posts(1).make(contender, 4):
        head, _, body = sent.partition(b"\r\n\r\n")
        token = head.partition(b"Bearer ")[2].split()[0].decode()
        answer = client.post(
            "/v1/check-ins",
            data=body,
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.status_code == 201


def test_every_group_makes_requests(app: Flask, clean_database: None, database_urls: DatabaseUrls):
    """Of those that need few people; a sync holds five hundred items."""
    seed = Seed(app, libpq_url(database_urls.admin), SIZES["tiny"].people)
    contender = InProcess(0, seed)
    made = {
        name: entrants[0].workload.make(contender, 2)
        for name, entrants in groups([contender], SIZES["tiny"].people)
    }
    assert all(len(sent) == 2 for sent in made.values())
    assert b"POST /v1/sync " in made["items, sent together or one by one"][0]


@pytest.mark.parametrize(
    ("only", "says"),
    [
        ("post, 9 clients", "caseload, first 50 of 500"),
        ("cohort of 1,000$", "cohort of 300"),
        ("post, (8", "no regular expression"),
    ],
)
def test_a_pattern_that_no_group_holds_is_refused_with_their_list(
    monkeypatch: pytest.MonkeyPatch, only: str, says: str
):
    """Before anything is started."""
    monkeypatch.setattr(command, "started", None)
    with pytest.raises(SystemExit, match=says):
        command.main(["--only", only])


def test_groups_have_the_same_names_whoever_takes_part():
    people = SIZES["full"].people
    ours = InProcess(0)
    assert names(people) == [name for name, _ in groups([ours], people)]
    command.refuse_no_group("^post, (8|32) clients$", people)
