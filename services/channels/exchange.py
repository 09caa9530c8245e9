"""One request to a provider and its answer, both of bounded size, within a bounded time."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

import orjson

from services.channels.base import ChannelError
from services.channels.deadline import cut_after
from services.channels.destinations import DestinationRefused, guard
from services.channels.webhook import connection_to

MOST_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class ProviderAnswer:
    """Status and the first 64 kB; what it says of when to come back, if anything."""

    status: int
    body: bytes
    retry_after: str | None = None

    def document(self) -> dict[str, Any]:
        """The JSON object that it is; an empty one when it is none."""
        try:
            document = orjson.loads(self.body)
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: `name` begins every reason of a failure; seconds until the receiver is gone.

    `private`: are this machine and its own networks reached (`destinations`)? None where the
    operator has said whom to call.
    """

    name: str
    timeout_s: float
    private: bool | None = None

    def exchange(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None = None
    ) -> ProviderAnswer:
        """Send and read, following no redirect. Raises `ChannelError` when nothing came back."""
        started = monotonic()
        try:
            connection, target = connection_to(url, self.timeout_s)
        except ValueError as error:
            raise ChannelError(f"{self.name}_bad_address", permanent=True) from error
        if self.private is not None:
            guard(connection, private=self.private)
        try:
            connection.connect()
            left = max(0.0, self.timeout_s - (monotonic() - started))
            with cut_after(left, lambda: connection.sock):
                connection.request(method, target, content, dict(headers))
                response = connection.getresponse()
                again = response.headers.get("Retry-After")
                return ProviderAnswer(response.status, response.read(MOST_BYTES), again)
        except DestinationRefused as error:
            raise ChannelError(f"{self.name}_refused_address") from error
        except (OSError, http.client.HTTPException) as error:
            slow = monotonic() - started >= self.timeout_s
            reason = "timeout" if slow else "unreachable"
            raise ChannelError(f"{self.name}_{reason}") from error
        finally:
            connection.close()
