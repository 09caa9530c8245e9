"""A small real SMTP server on loopback, for the local mailbox and for tests."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable
from typing import Any

from aiosmtpd.smtp import SMTP

LIMIT_S = 10.0


class MailReceiver:
    """An SMTP server in a thread of its own; `port` is known once it has started.

    Args:
        handler: an aiosmtpd handler (`handle_RCPT`, `handle_DATA` …).
        port: 0 takes a free one.
        tls: with a context the server offers STARTTLS.
        smtp_options: more arguments of `aiosmtpd.smtp.SMTP`.
    """

    def __init__(
        self,
        handler: object,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        **smtp_options: Any,
    ) -> None:
        self.host, self.port = host, port
        self._handler, self._tls, self._smtp_options = handler, tls, smtp_options
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mail", daemon=True)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.BaseTransport] = set()

    def start(self) -> None:
        """Listen; raises `OSError` when the port is taken."""
        self._thread.start()
        self.listen()

    def listen(self) -> None:
        """Accept connections, again on the same port after `refuse_connections`."""
        self._server = self._in_loop(self._listen)
        self.port = self._server.sockets[0].getsockname()[1]

    def refuse_connections(self) -> None:
        """Close the port and every open connection, as a server that has died."""
        self._in_loop(self._close)

    def stop(self) -> None:
        """End the server and its thread."""
        self._in_loop(self._close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(LIMIT_S)
        self._loop.close()

    def call(self, function: Callable[[], object]) -> None:
        """Run a function in the server's thread, where its events live."""
        self._loop.call_soon_threadsafe(function)

    def _in_loop(self, function: Callable[[], Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(function(), self._loop).result(LIMIT_S)

    async def _listen(self) -> asyncio.Server:
        return await self._loop.create_server(self._protocol, self.host, self.port)

    def _protocol(self) -> SMTP:
        return _TrackedSMTP(
            self._handler,
            self._open,
            enable_SMTPUTF8=True,
            loop=self._loop,
            hostname="localhost",
            tls_context=self._tls,
            **self._smtp_options,
        )

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        for transport in list(self._open):
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()
        # Connections report their end in the next turns of the loop.
        while self._open:
            await asyncio.sleep(0.005)
        self._server = None


class _TrackedSMTP(SMTP):
    """An SMTP session that its server can find again to cut it."""

    def __init__(
        self, handler: object, open_transports: set[asyncio.BaseTransport], **options: Any
    ) -> None:
        super().__init__(handler, **options)
        self._open_transports = open_transports
        self._raw: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._raw = self._raw or transport
        self._open_transports.add(self._raw)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._raw is not None:
            self._open_transports.discard(self._raw)
        super().connection_lost(error)
