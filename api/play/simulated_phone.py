"""A phone that does what `docs/mobile.md` says, and no more: the document is tried by it.

It knows nothing but its disk, its clock and a line. Whoever holds it may kill it at any `step`:
that is an exception there, and then a new phone on the same disk.
"""

from __future__ import annotations

import http.client
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any, Final
from uuid import UUID

from api.play.outbox import LONGEST_WAIT_S, Disk, Item, State, Waiting
from api.play.phones import Reply

Line = Callable[[str, str, Mapping[str, str], bytes | None], Reply]
Clock = Callable[[], datetime]

BATCH: Final = 100
TAKEN: Final = (200, 201)
RISKY_WAIT_S: Final = 60.0
ALONE: Final = {"check_in": "/v1/check-ins", "help_request": "/v1/help-requests"}
RISKY_CSSRS: Final = ("q3", "q4", "q5", "q6", "q6b")


def is_risky(item: Item) -> bool:
    """Decided on the phone, without asking anybody."""
    answers = item.get("answers", {})
    if item["type"] == "help_request":
        return True
    if item.get("instrument") == "cssrs-screener":
        return any(answers.get(link) == 1 for link in RISKY_CSSRS)
    grave = any(one["grade"] == 4 for one in item.get("effects", ()))
    return grave or (answers.get("q9") or 0) >= 1


def never(_step: str) -> None:
    """Nobody kills this phone."""


@dataclass
class Phone:
    """One start of the app. `clock` is what it shows, with its offset; `sends_at` what it shows
    when it sends, where the days of a story are played faster than they go by.
    """

    disk: Disk
    line: Line
    clock: Clock
    zone: str
    dice: Random
    step: Callable[[str], None] = never
    sends_at: Clock | None = None
    batch: int = BATCH
    outcomes: Counter[str] = field(default_factory=Counter)
    # What the patient has seen: ids with the phone's own card, and with the server's.
    own_cards: set[str] = field(default_factory=set)
    cards: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """A card stays until its entry is stored, also when the app was killed under it."""
        for one in self.disk.unsent():
            if is_risky(one.item):
                self.own_cards.add(one.id)

    def accept(self, tokens: Mapping[str, Any]) -> None:
        """The pair of an invitation."""
        self.disk.keep("tokens", json.dumps(tokens))

    def answer(self, form: Item) -> bool:
        """The patient taps "done": on disk before anything is shown; True when it is."""
        stamped = dict(form)
        if not form["type"].endswith("_amendment"):
            stamped.setdefault("recorded_at", self.clock().isoformat())
        if form["type"] in ("check_in", "side_effects"):
            stamped.setdefault("timezone", self.zone)
        self.step("answered")
        self.disk.put(stamped)
        self.step("on disk")
        if is_risky(stamped):
            self.own_cards.add(stamped["id"])
        return True

    def sync(self) -> bool:
        """Send what is due, then read what has changed; False when it is to be tried again."""
        return self._send_all() and self._read_changes()

    def _send_all(self) -> bool:
        count = self.batch
        while batch := self.disk.oldest(count, self.clock()):
            self.disk.mark([one.id for one in batch], State.SENT)
            self.step("marked as sent")
            reply = self._send(batch)
            self.step("answered by the server")
            status = 0 if reply is None else reply.status
            if reply is None or status in (408, 429) or status >= 500:
                self._try_later(batch, reply)
                return False
            if status == 401:
                if not self.refresh():
                    return False
            elif status in (413, 422) and len(batch) > 1:
                count = len(batch) // 2
            else:
                self._take(batch, self._results(reply, batch))
        return True

    def _send(self, batch: Sequence[Waiting]) -> Reply | None:
        """A risky answer alone by its own call, all else by a sync."""
        first = batch[0].item
        if len(batch) == 1 and first["type"] in ALONE and is_risky(first):
            body = {name: value for name, value in first.items() if name != "type"}
            return self._ask("POST", ALONE[first["type"]], body)
        return self._ask("POST", "/v1/sync", {"items": [one.item for one in batch]})

    def _results(self, reply: Reply, batch: Sequence[Waiting]) -> list[Any]:
        """Of a sync its results; a single call, or a refusal of the whole, is the only one."""
        found: Any = reply.json()
        if "results" in found:
            return list(found["results"])
        name = "record" if reply.status in TAKEN else "problem"
        return [{"status": reply.status, name: found}] * len(batch)

    def _take(self, batch: Sequence[Waiting], results: Sequence[Any]) -> None:
        for one, result in zip(batch, results, strict=True):
            status = result["status"]
            content = result.get("record") or result["problem"]
            self.outcomes[f"item {status} {content.get('code', '')}".strip()] += 1
            if content.get("safety"):
                self.cards.add(one.id)
            self.step("result read")
            if status in TAKEN:
                self.disk.mark([one.id], State.STORED)
            elif status in (500, 503) or self._comes_too_early(one, content):
                self._try_later([one], None)
            else:
                self.disk.mark([one.id], State.REFUSED, content)
            self.step("result kept")

    def _comes_too_early(self, one: Waiting, problem: Item) -> bool:
        """Its original is still to be sent."""
        unsent = {other.id for other in self.disk.unsent()}
        return problem.get("code") == "not_found" and one.item.get("of") in unsent

    def _try_later(self, batch: Sequence[Waiting], reply: Reply | None) -> None:
        asked = float(reply.headers.get("retry-after", 0)) if reply is not None else 0.0
        waits = []
        for one in batch:
            wait = min(LONGEST_WAIT_S, max(asked, 2.0**one.tries * self.dice.uniform(0.5, 1)))
            waits.append((one.id, min(wait, RISKY_WAIT_S) if is_risky(one.item) else wait))
        self.disk.try_later(waits, self.clock())

    def _read_changes(self) -> bool:
        while True:
            cursor = self.disk.kept("cursor")
            reply = self._ask("GET", f"/v1/changes?cursor={cursor}" if cursor else "/v1/changes")
            self.step("changes read")
            if reply is not None and reply.status == 401:
                if not self.refresh():
                    return False
                continue
            if reply is not None and reply.status == 422 and cursor:
                self.disk.forget_copy()
                continue
            if reply is None or reply.status != 200:
                return False
            page: Any = reply.json()
            self.disk.apply(page["items"], page["next_cursor"])
            self.step("changes kept")
            if not page["items"]:
                return True

    def refresh(self) -> bool:
        """A new pair, on disk before it is used; False when there is none for now."""
        reply = self._ask("POST", "/v1/auth/refresh", by="refresh")
        self.step("refreshed")
        if reply is None or reply.status != 200:
            return False
        self.disk.keep("tokens", reply.body.decode())
        return True

    def _ask(self, method: str, path: str, body: Any = None, by: str = "access") -> Reply | None:
        """One try; None when there was no answer, or not the whole of it."""
        tokens = json.loads(self.disk.kept("tokens") or "{}")
        headers = {
            "Authorization": f"Bearer {tokens.get(by + '_token')}",
            "Content-Type": "application/json",
            "Interlude-Sent-At": (self.sends_at or self.clock)().isoformat(),
            "X-Request-Id": str(UUID(int=self.dice.getrandbits(128))),
        }
        content = None if body is None else json.dumps(body).encode()
        try:
            reply = self.line(method, path, headers, content)
            if reply.status in TAKEN:
                reply.json()  # a line cut within the head looks like an answer without a body
        except (OSError, http.client.HTTPException, ValueError):
            self.outcomes["no answer"] += 1
            return None
        code = "" if reply.status < 400 else self._code(reply)
        self.outcomes[f"{reply.status} {code}".strip()] += 1
        return reply

    def _code(self, reply: Reply) -> str:
        """Of a problem of the server's; what stands between may answer in any words."""
        try:
            return str(reply.json()["code"])
        except (ValueError, KeyError, TypeError):
            return "(not ours)"
