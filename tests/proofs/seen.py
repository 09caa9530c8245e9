"""One line of the table of `make prove`, and what the proofs share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any, TypeVar

import orjson

from api.play.phones import Reply
from tests.builders.world import ClinicWorld, Person
from tests.fixtures.running import RunningService

CHECK_INS = "/v1/check-ins"
FIRST_CONTACT = "mailto:first@hospital.test"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Seen:
    """A claim, the size at which it was tried, what was seen, and whether that is enough.

    `ok` is None when it could not be tried here; `seen` then says why.
    """

    claim: str
    size: str
    seen: str
    ok: bool | None


def verdict(claim: str, size: str, seen: str, problems: Iterable[str]) -> Seen:
    """Good when nothing was found against it; else what was found, the first few of it."""
    found = list(problems)
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    return Seen(claim, size, "; ".join(found[:5]) + more if found else seen, not found)


def ward(running: RunningService, **clinic: Any) -> ClinicWorld:
    """A clinic of its own with one mail contact before the administrator."""
    made = running.world().clinic(**clinic)
    made.contact(FIRST_CONTACT)
    return made


def post(
    running: RunningService, person: Person, body: Any, path: str = CHECK_INS, **headers: str
) -> Reply:
    """Send once as this person's phone, on a connection of its own."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return running.send("POST", path, {**person.headers, **named}, content)


def at_once(work: Sequence[Callable[[], T]]) -> list[T]:
    """Run all of it in threads that start together; results in the same order."""
    gate = Barrier(len(work))

    def begin(task: Callable[[], T]) -> T:
        gate.wait(30)
        return task()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(begin, work))


def mails_about(running: RunningService, alert_id: object) -> list[str]:
    """The Message-IDs of the pages about an alert that the mail server has."""
    inbox = list(running.mail.inbox)
    return [str(m["Message-ID"]) for m in inbox if m["X-Interlude-Alert"] == str(alert_id)]
