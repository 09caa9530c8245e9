"""Who gets pages: a mail server that refuses one address, and a webhook."""

from __future__ import annotations

import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from tools.mail_receiver import MailReceiver

NOBODY: Final = "nobody@"


class Mailbox:
    """An aiosmtpd handler that keeps what it receives."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, EmailMessage]] = []

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd's name
        self,
        server: Any,  # noqa: ARG002 -- aiosmtpd's arguments
        session: Any,  # noqa: ARG002 -- the same
        envelope: Any,
        address: str,
        options: list[str],  # noqa: ARG002 -- the same
    ) -> str:
        """Take everybody but one."""
        if address.startswith(NOBODY):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 -- aiosmtpd's name
        self,
        server: Any,  # noqa: ARG002 -- aiosmtpd's arguments
        session: Any,  # noqa: ARG002 -- the same
        envelope: Any,
    ) -> str:
        """Keep one message."""
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.messages.append((", ".join(envelope.rcpt_tos), message))
        return "250 OK"

    def taken(self) -> list[dict[str, str]]:
        """What came since the last look."""
        new, self.messages = self.messages, []
        return [_shown(recipients, message) for recipients, message in new]


def _shown(recipients: str, message: EmailMessage) -> dict[str, str]:
    body = message.get_body(("plain",))
    headers = {name: str(value) for name, value in message.items()}
    return {"for": recipients, **headers, "body": body.get_content() if body else ""}


class Webhook:
    """An HTTP receiver that takes every page."""

    def __init__(self) -> None:
        self.requests: list[dict[str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    @property
    def url(self) -> str:
        """An address to page."""
        return f"http://127.0.0.1:{self._server.server_port}/page"

    def start(self) -> None:
        """Receive."""
        self._thread.start()

    def stop(self) -> None:
        """End the server and its thread."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def taken(self) -> list[dict[str, str]]:
        """What came since the last look."""
        new, self.requests = self.requests, []
        return new

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        kept = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                shown = ("Idempotency-Key", "Interlude-Signature", "User-Agent")
                headers = {name: self.headers.get(name, "") for name in shown}
                kept.requests.append({**headers, "body": body.decode()})
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_of_request: object) -> None:
                """A request line is no business of the output."""

        return Handler


def open_mailbox() -> tuple[Mailbox, MailReceiver]:
    """A mailbox and its server on loopback, which is to be stopped."""
    mailbox = Mailbox()
    receiver = MailReceiver(mailbox)
    receiver.start()
    return mailbox, receiver
