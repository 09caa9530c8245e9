"""A primary that has lost both standbys acknowledges nothing: no new answer, and none again.

The dangerous case is the repetition. An answer whose commit waits for a second node is on the
primary's own disk; when that PostgreSQL is killed and recovers, it can be read. Whoever sends it
again then must not be told that it is stored, until a second node has it.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import suppress
from threading import Thread
from time import monotonic
from typing import Final

import orjson

from tests.builders.entries import phq9
from tests.builders.world import ClinicWorld, Person
from tests.fixtures.running import wait_until
from tests.production.lab.service import ShippedService
from tests.production.lab.three_nodes import ThreeNodes
from tests.proofs.seen import Seen, verdict

IS_THERE: Final = "SELECT 1 FROM check_ins WHERE clinic_id = %s AND id = %s::uuid"
# So long it is tried; every answer but 2xx is right meanwhile.
TRIED_S: Final = 20.0
RECOVERED_WITHIN_S: Final = 90.0
TAKEN_WITHIN_S: Final = 120.0


def alone(lab: ThreeNodes, service: ShippedService, clinic: ClinicWorld) -> Iterator[Seen]:
    """Leaves the cluster whole."""
    person, document = clinic.patient(), phq9(item9=3)
    form = orjson.dumps(document)
    primary = lab.primary()
    # The first use of a log-in is a commit of its own: it may not be what waits for a standby.
    known = _is_acknowledged(service, person, orjson.dumps(phq9()), TAKEN_WITHIN_S)
    problems = [] if known else ["an answer was not taken while all was whole"]
    for standby in lab.others(primary):
        standby.kill_database()
    try:
        if _is_acknowledged(service, person, form, TRIED_S):
            problems.append("a new answer was acknowledged by one node alone")
        primary.kill_postgres()
        wait_until(primary.is_primary, "its PostgreSQL has recovered", RECOVERED_WITHIN_S)
        if not service.rows(IS_THERE, clinic.id, document["id"]):
            problems.append("the primary had not stored it: the repetition was not tried")
        if _is_acknowledged(service, person, form, TRIED_S):
            problems.append("a repetition was acknowledged by one node alone")
    finally:
        lab.wait_until_whole()
    if not _is_acknowledged(service, person, form, TAKEN_WITHIN_S):
        problems.append("it was not taken when the others were back")
    yield verdict(
        "without any standby nothing is acknowledged, not even what the primary itself has stored",
        f"tried for {TRIED_S:g} s, before and after its PostgreSQL was killed",
        "0 times 2xx, stored on it all the while; taken when the others were back",
        problems,
    )


def _is_acknowledged(service: ShippedService, person: Person, form: bytes, within_s: float) -> bool:
    """Whether a phone that sends it again and again is told that it is stored, in this time."""
    accepted: list[int] = []

    def send_until(deadline: float) -> None:
        while monotonic() < deadline and not accepted:
            with suppress(OSError, http.client.HTTPException):
                status = service.post(person, form).status
                if status in (200, 201):
                    accepted.append(status)

    # A request that is given no answer at all is not waited for.
    deadline = monotonic() + within_s
    sender = Thread(target=send_until, args=(deadline,), daemon=True)
    sender.start()
    sender.join(within_s)
    return bool(accepted)
