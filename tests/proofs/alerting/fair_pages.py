"""A patient with a retry bug delays nobody: 400 help requests, and a mail server that takes its
time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final
from uuid import uuid4

from tests.builders.entries import ago, phq9
from tests.builders.seen import saw
from tests.builders.world import ClinicWorld, Person
from tests.fixtures.running import RunningService, wait_until
from tests.proofs.seen import Seen, tell

MAIL_S: Final = 0.5
WITHIN_S: Final = 11.5


def fair_pages(running: RunningService, requests: int) -> Iterator[Seen]:
    """The line of the table."""
    claim = "behind one patient's help requests any other alert's first page leaves in time"
    yield from tell(claim, f"{requests} requests", partial(others_first_pages, running, requests))


def others_first_pages(running: RunningService, requests: int) -> None:
    """In the same clinic and in another one, halfway through the flood: within twice the time that
    one page takes alone.
    """
    here, there = running.clinic(), running.clinic()
    running.mail.delay_s = MAIL_S
    try:
        alone = seconds_to_the_page(running, here)
        flooding = here.patient()
        with ThreadPoolExecutor(8) as pool:
            began = time.monotonic()
            sent = [
                pool.submit(ask_at, running, flooding, began + place * WITHIN_S / requests)
                for place in range(requests)
            ]
            times = []
            for share in (0.3, 0.6, 0.9):
                time.sleep(max(0.0, began + share * WITHIN_S - time.monotonic()))
                times += [seconds_to_the_page(running, clinic) for clinic in (here, there)]
            assert {one.result() for one in sent} == {201}
        (alert,) = running.alerts(flooding)
        pages = len(running.pages_about(alert.id))
        saw(
            f"a page alone {alone:.2f} s; the others' {', '.join(f'{one:.2f}' for one in times)} s;"
            f" {alert.occurrence_count} requests were {pages} pages so far"
        )
        assert alert.occurrence_count == requests
        assert max(times) <= 2 * alone
    finally:
        running.mail.delay_s = 0.0


def ask_at(running: RunningService, patient: Person, moment: float) -> int:
    """One help request at its moment."""
    time.sleep(max(0.0, moment - time.monotonic()))
    asked = {"id": str(uuid4()), "recorded_at": ago(seconds=0)}
    return running.post(patient, asked, "/v1/help-requests").status


def seconds_to_the_page(running: RunningService, clinic: ClinicWorld) -> float:
    """From the answer to a new patient's item 9 of 2 to the arrival of the page about it."""
    patient = clinic.patient()
    assert running.post(patient, phq9(item9=2)).status == 201
    answered_at = time.monotonic()
    (alert,) = running.alerts(patient)
    wait_until(lambda: running.pages_about(alert.id), "the page is there", 120)
    return time.monotonic() - answered_at
