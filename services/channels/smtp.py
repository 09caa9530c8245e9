"""Mail, by a real SMTP server."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from time import monotonic
from typing import Any, Final

from services.channels.addresses import ascii_mail_address
from services.channels.base import (
    TIMEOUT_S,
    ChannelError,
    Letter,
    Message,
    Receipt,
)
from services.channels.deadline import cut_after
from services.channels.wording import body, subject

# RFC 5321 and 4954: commands it does not know or wants in another order, a log-in that it misses.
# They may stand in answer to RCPT or DATA too, and say nothing about the mail.
ABOUT_THE_SERVER: Final = frozenset({500, 502, 503, 504, 530, 534, 535, 538})

# Folded at 78 a subject begins with a blank where a mail program takes it literally.
POLICY: Final = policy.default.clone(max_line_length=500)


class _Plain(smtplib.SMTP):
    """Its greeting must be there in time as a whole: each byte alone would be."""

    def connect(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """Connect and read the greeting."""
        with cut_after(self.timeout, lambda: self.sock):
            return super().connect(*args, **kwargs)


class _Tls(_Plain, smtplib.SMTP_SSL):
    """The same with TLS from the first byte."""


@dataclass(frozen=True, slots=True)
class SmtpChannel:
    """Hands mail to one server: `tls` from the first byte, `starttls` after a greeting."""

    host: str
    port: int
    mail_from: str
    public_url: str
    tls: bool = False
    starttls: bool = False
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout_s: float = TIMEOUT_S

    def greet(self) -> None:
        """Connect, greet and log in, and send nothing. Raises `ChannelError`."""
        with _as_channel_errors(self.timeout_s):
            server = self._connect()
            try:
                with cut_after(self.timeout_s, lambda: server.sock):
                    self._log_in(server)
            finally:
                server.close()

    def send(self, message: Message, now: datetime) -> Receipt:
        """Hand the mail to the server, which has taken it when this returns. Raises `ChannelError`.

        Only what is answered to RCPT or DATA speaks of this recipient or message, and only there
        5xx is permanent; whatever is wrong with the server, its settings or our log-in may be right
        in a minute.
        """
        with _as_channel_errors(self.timeout_s):
            mail = compose(message, self.mail_from, self.public_url, now)
            server = self._connect()
            try:
                with cut_after(self.timeout_s, lambda: server.sock):
                    self._hand_over(server, mail)
            finally:
                # Not quit(): the mail is taken or refused by now, and a server that hangs up
                # badly must not turn a delivered page into a failure.
                server.close()
        return Receipt.SENT

    def _connect(self) -> smtplib.SMTP:
        if not self.tls:
            return _Plain(self.host, self.port, timeout=self.timeout_s)
        # Without a context smtplib would take any certificate.
        context = ssl.create_default_context()
        return _Tls(self.host, self.port, timeout=self.timeout_s, context=context)

    def _hand_over(self, server: smtplib.SMTP, mail: EmailMessage) -> None:
        self._log_in(server)
        server.send_message(mail)

    def _log_in(self, server: smtplib.SMTP) -> None:
        if self.starttls:
            server.starttls(context=ssl.create_default_context())
        server.ehlo_or_helo_if_needed()
        if self.username is not None:
            server.login(self.username, self.password or "")


@contextmanager
def _as_channel_errors(timeout_s: float) -> Iterator[None]:
    started = monotonic()
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        code = min(code for code, _ in error.recipients.values())
        raise _refused(code) from error
    except smtplib.SMTPDataError as error:
        raise _refused(error.smtp_code) from error
    except smtplib.SMTPResponseException as error:
        raise ChannelError(f"smtp_{error.smtp_code}") from error
    except (OSError, smtplib.SMTPException) as error:
        slow = monotonic() - started >= timeout_s
        raise ChannelError("smtp_timeout" if slow else "smtp_unreachable") from error
    except (UnicodeError, ValueError) as error:
        raise ChannelError("smtp_bad_address", permanent=True) from error


def _refused(code: int) -> ChannelError:
    permanent = 500 <= code < 600 and code not in ABOUT_THE_SERVER
    return ChannelError(f"smtp_{code}", permanent=permanent)


def compose(message: Message, mail_from: str, public_url: str, now: datetime) -> EmailMessage:
    """The mail of a page, a stand-down, a morning's alerts or a letter. The same message gives the
    same `Message-ID` however often it is sent; what is about an alert refers to its first page.

    Raises `ValueError` for an address that is none.
    """
    domain = parseaddr(mail_from)[1].rpartition("@")[2]
    mail = EmailMessage(POLICY)
    mail["From"] = mail_from
    mail["To"] = ascii_mail_address(message.address)
    mail["Subject"] = message.subject if isinstance(message, Letter) else subject(message)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{message.notification_id}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    if isinstance(message, Letter):
        mail.set_content(message.text)
        return mail
    for notice in message.alerts:
        mail["X-Interlude-Alert"] = str(notice.alert_id)
    if message.first_id is not None:
        mail["References"] = mail["In-Reply-To"] = f"<{message.first_id}@{domain}>"
    mail.set_content(body(message, public_url, now))
    return mail
