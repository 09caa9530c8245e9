"""Who is paged: they resolve each alert that reaches them, so that the next answer pages anew."""

from __future__ import annotations

import http.client
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any, Final
from uuid import UUID

import orjson

from tests.builders.world import Person
from tests.fixtures.running import RunningService
from tests.production.beside import beside

DONE: Final = (200, 409)
RESOLVED: Final = orjson.dumps({"disposition": "safe_plan_made"})
LOOK_S: Final = 0.1


@dataclass
class OnCall:
    """`amiss`: every answer but that an alert is resolved."""

    service: RunningService
    clinician: Person
    amiss: Counter[str] = field(default_factory=Counter)
    _paged: list[tuple[float, UUID]] = field(default_factory=list)
    _read: int = 0
    _reading: Lock = field(default_factory=Lock)

    def respond_until(self, stopping: Event) -> None:
        """Resolve the alerts of the pages that came, again and again until it is done."""
        seen = 0
        still_open: list[UUID] = []
        while not stopping.wait(LOOK_S):
            paged = self.paged()
            still_open += [alert for _, alert in paged[seen:]]
            seen = len(paged)
            still_open = [alert for alert in still_open if not self._is_resolved(alert)]

    def alerts(self) -> set[UUID]:
        """All that they were paged about so far."""
        return {alert for _, alert in self.paged()}

    def paged(self) -> list[tuple[float, UUID]]:
        """Every page that has come, as the instant (monotonic seconds) and its alert. It has come
        when it is here, however far behind they are with responding.
        """
        hook = self.service.webhook
        with self._reading:
            arrived = len(hook.requests)
            new = slice(self._read, arrived)
            for at, request in zip(hook.arrived_at[new], hook.requests[new], strict=True):
                notice: Any = request.json()
                if "alert_id" in notice and notice["status"] != "resolved":
                    self._paged.append((at, UUID(notice["alert_id"])))
            self._read = arrived
            return list(self._paged)

    def _is_resolved(self, alert: UUID) -> bool:
        headers = {"Content-Type": "application/json", **self.clinician.headers}
        try:
            path = f"/v1/alerts/{alert}/resolve"
            status = self.service.send("POST", path, headers, RESOLVED).status
        except (OSError, http.client.HTTPException) as error:
            self.amiss[f"resolve: {type(error).__name__}"] += 1
            return False
        if status not in DONE:
            self.amiss[f"resolve: {status}"] += 1
        # An alert that was lost with an asynchronous primary is nobody's any more.
        return status in (*DONE, 404)


@contextmanager
def responding(service: RunningService, clinician: Person) -> Iterator[OnCall]:
    """Somebody on call, for the length of a block."""
    on_call = OnCall(service, clinician)
    with beside(on_call.respond_until):
        yield on_call
