"""What the mail with a code says: nothing about who the account belongs to, or what it is for."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from services.channels.letters import Letter

SUBJECT: Final = "[Interlude] Your code for a new password"
TEXT: Final = """\
Somebody, probably you, asked for a new password for your Interlude account.

Your code: {code}

Enter it in the app, under "forgotten password", together with your new password. It works once,
until {until} UTC. If you asked several times, only the newest code works.
Afterwards every device has to log in again.

If it was not you, do nothing: your password stays as it is. Nobody at your clinic or of Interlude
will ever ask you for this code.
"""


def letter_of(mail_id: UUID, address: str, code: str, expires_at: datetime) -> Letter:
    """The letter that carries this code; `expires_at` in UTC."""
    text = TEXT.format(code=code, until=f"{expires_at:%Y-%m-%d %H:%M}")
    return Letter(mail_id, address, SUBJECT, text)
