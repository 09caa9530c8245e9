"""Exactly once over a real network: parallel posts, lost answers, four first check-ins at once."""

from __future__ import annotations

import random
import socket
import struct
from functools import partial

import orjson

from tests.builders.entries import phq9
from tests.builders.world import Person
from tests.fixtures.running import RunningService, wait_until
from tests.proofs.seen import CHECK_INS, Seen, at_once, post, verdict, ward

STORED = "SELECT count(*) FROM check_ins WHERE id = %s::uuid"
OCCURRED = "SELECT count(*) FROM alert_occurrences WHERE entry_id = %s::uuid"


def one_id_in_parallel(running: RunningService, posts: int) -> Seen:
    """So many posts of one id start together."""
    person, body = ward(running).patient(), phq9(item9=1)
    replies = at_once([partial(post, running, person, body)] * posts)
    statuses = sorted(reply.status for reply in replies)
    bodies = {reply.body for reply in replies}
    rows = [running.rows(query, body["id"])[0].count for query in (STORED, OCCURRED)]
    problems = []
    if statuses != [200] * (posts - 1) + [201]:
        problems.append(f"statuses {statuses}")
    if len(bodies) != 1:
        problems.append(f"{len(bodies)} different bodies")
    if rows != [1, 1]:
        problems.append(f"rows and occurrences: {rows}")
    seen = f"one 201, {posts - 1} x 200, one body, one row, one occurrence"
    return verdict("parallel posts of one id are one check-in", f"{posts} posts", seen, problems)


def lost_answers(running: RunningService, posts: int, seed: int) -> Seen:
    """The line is cut at a random moment, every other time only after the commit; then a retry."""
    dice, clinic = random.Random(seed), ward(running)
    problems, known = [], 0
    for number in range(posts):
        person, body = clinic.patient(), phq9(item9=1)
        committed = number % 2 == 0
        _send_and_cut(running, person, body, committed, dice.uniform(0.001, 0.03))
        reply = post(running, person, body)
        known += reply.status == 200
        if reply.status not in ((200,) if committed else (200, 201)):
            problems.append(f"the retry answered {reply.status}")
        if [running.rows(query, body["id"])[0].count for query in (STORED, OCCURRED)] != [1, 1]:
            problems.append("not one row")
    seen = f"{posts} rows; {known} retries found their first answer kept"
    return verdict("a lost answer and a retry are one check-in", f"{posts} cuts", seen, problems)


def _send_and_cut(
    running: RunningService, person: Person, body: object, committed: bool, after_s: float
) -> None:
    content = orjson.dumps(body)
    lines = [f"POST {CHECK_INS} HTTP/1.1", "Host: phone", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in person.headers.items()]
    lines += [f"Content-Length: {len(content)}", "", ""]
    with socket.create_connection(("127.0.0.1", running.port), 10) as line:
        line.sendall("\r\n".join(lines).encode() + content)
        if committed:
            there = partial(_is_stored, running, body)
            wait_until(there, "the cut request is committed")
        else:
            line.settimeout(after_s)
            _wait_for_nothing(line)
        # No farewell: the connection is reset, as when a phone leaves its network.
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _wait_for_nothing(line: socket.socket) -> None:
    """Hold the line until its time is over; an answer that comes first stays unread."""
    try:
        line.recv(1, socket.MSG_PEEK)
    except TimeoutError:
        return


def _is_stored(running: RunningService, body: object) -> bool:
    assert isinstance(body, dict)
    return bool(running.rows(STORED, body["id"])[0].count)


def first_check_ins_in_turn(running: RunningService, patients: int) -> Seen:
    """Four first check-ins of a new patient at once: each is decided after the one before."""
    clinic, problems = ward(running), []
    for _ in range(patients):
        person = clinic.patient()
        at_once([partial(post, running, person, phq9(item9=1)) for _ in range(4)])
        revisions = running.rows(
            "SELECT revision FROM check_ins WHERE patient_id = %s ORDER BY 1", person.patient_id
        )
        alerts = running.rows(
            "SELECT occurrence_count, family, severity FROM alerts WHERE patient_id = %s",
            person.patient_id,
        )
        if [row.revision for row in revisions] != [1, 2, 3, 4]:
            problems.append(f"revisions {[row.revision for row in revisions]}")
        if alerts != [(4, "suicide_risk", "high")]:
            problems.append(f"alerts {alerts}")
    seen = "revisions 1 to 4, one alert with four occurrences, for each"
    claim = "four first check-ins of a new patient at once decide in turn"
    return verdict(claim, f"{patients} patients", seen, problems)
