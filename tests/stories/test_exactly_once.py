"""Exactly once over a real network: parallel posts, lost answers, first check-ins at once.

`make prove` tells the same stories at full size.
"""

from __future__ import annotations

import random
import socket
import struct
from collections import Counter
from contextlib import suppress
from functools import partial
from typing import Any

import orjson
import pytest

from tests.builders.calls import at_once
from tests.builders.entries import phq9
from tests.builders.seen import saw
from tests.builders.world import Person
from tests.fixtures.running import RunningService, wait_until

pytestmark = pytest.mark.xdist_group("running")
CheckIn = dict[str, Any]
STORED = """
SELECT (SELECT count(*) FROM check_ins WHERE id = %s::uuid) AS check_ins,
  (SELECT count(*) FROM alert_occurrences WHERE entry_id = %s::uuid) AS occurrences
"""
REVISIONS = "SELECT revision FROM check_ins WHERE patient_id = %s ORDER BY revision"


def test_parallel_posts_of_one_id_are_one_check_in(running: RunningService, posts: int = 64):
    patient, check_in = running.clinic().patient(), phq9(item9=1)

    replies = at_once([partial(running.post, patient, check_in)] * posts)

    assert Counter(reply.status for reply in replies) == {201: 1, 200: posts - 1}
    assert len({reply.body for reply in replies}) == 1
    assert stored(running, check_in) == (1, 1)
    saw(f"one 201, {posts - 1} x 200, one body, one row, one occurrence")


def test_a_lost_answer_and_a_retry_are_one_check_in(
    running: RunningService, cuts: int = 6, seed: int = 1
):
    dice, clinic, known = random.Random(seed), running.clinic(), 0
    for number in range(cuts):
        patient, check_in = clinic.patient(), phq9(item9=1)
        if number % 2:
            send_and_hang_up(running, patient, check_in, dice.uniform(0.001, 0.03))
        else:
            send_and_hang_up_after_the_commit(running, patient, check_in)

        retry = running.post(patient, check_in)

        assert retry.status in ((200, 201) if number % 2 else (200,))
        assert stored(running, check_in) == (1, 1)
        known += retry.status == 200
    saw(f"{cuts} rows; {known} retries found their first answer kept")


def test_four_first_check_ins_of_a_new_patient_at_once_decide_in_turn(
    running: RunningService, patients: int = 3
):
    clinic = running.clinic()
    for _ in range(patients):
        patient = clinic.patient()

        at_once([partial(running.post, patient, phq9(item9=1)) for _ in range(4)])

        revisions = running.rows(REVISIONS, patient.patient_id)
        assert [row.revision for row in revisions] == [1, 2, 3, 4]
        (alert,) = running.alerts(patient)
        assert alert[1:] == ("suicide_risk", "high", 4)
    saw("revisions 1 to 4, one alert with four occurrences, for each")


def stored(running: RunningService, check_in: CheckIn) -> tuple[int, int]:
    """How many check-ins and occurrences of an alert have this id."""
    return tuple(running.rows(STORED, check_in["id"], check_in["id"])[0])


def send_and_hang_up(
    running: RunningService, patient: Person, check_in: CheckIn, after_s: float
) -> None:
    """Hold the line that long and reset it; an answer that comes first stays unread."""
    with sent(running, patient, check_in) as line:
        line.settimeout(after_s)
        with suppress(TimeoutError):
            line.recv(1, socket.MSG_PEEK)
        reset(line)


def send_and_hang_up_after_the_commit(
    running: RunningService, patient: Person, check_in: CheckIn
) -> None:
    """Reset the line as soon as the check-in is stored."""
    with sent(running, patient, check_in) as line:
        wait_until(lambda: stored(running, check_in)[0], "the cut request is committed")
        reset(line)


def sent(running: RunningService, patient: Person, check_in: CheckIn) -> socket.socket:
    """The line on which the request is out and its answer is to come."""
    content = orjson.dumps(check_in)
    head = ["POST /v1/check-ins HTTP/1.1", "Host: phone", "Content-Type: application/json"]
    head += [f"{name}: {value}" for name, value in patient.headers.items()]
    head += [f"Content-Length: {len(content)}", "", ""]
    line = socket.create_connection(("127.0.0.1", running.port), 10)
    line.sendall("\r\n".join(head).encode() + content)
    return line


def reset(line: socket.socket) -> None:
    """Close without a farewell, as when a phone leaves its network."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
