"""The heartbeat outside: somebody else raises the alarm when it stops (a dead man's switch)."""

from __future__ import annotations

import http.client
from time import monotonic
from typing import Final

import structlog

from services.channels.deadline import cut_after
from services.channels.destinations import DestinationRefused, guard
from services.channels.webhook import connection_to

WITHIN_S: Final = 10.0
_log = structlog.get_logger()


def touch(url: str, *, private: bool) -> bool:
    """GET it; True for a 2xx. It says that all is well and nothing else, and follows no redirect.

    A heartbeat that gets lost is an alarm outside, as it should be: the next run tries again.
    `private`: also to this machine and its own networks.
    """
    started = monotonic()
    try:
        connection, target = connection_to(url, WITHIN_S)
        guard(connection, private=private)
        try:
            connection.connect()
            left = max(0.0, WITHIN_S - (monotonic() - started))
            with cut_after(left, lambda: connection.sock):
                connection.request("GET", target, headers={"User-Agent": "interlude"})
                status = connection.getresponse().status
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, DestinationRefused, ValueError) as error:
        _log.warning("heartbeat_lost", kind=type(error).__name__)
        return False
    if not 200 <= status < 300:
        _log.warning("heartbeat_lost", status=status)
    return 200 <= status < 300
