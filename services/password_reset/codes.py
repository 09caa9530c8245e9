"""What a code for a new password is worth, and until when."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Final

from services.accounts.invitation_codes import code_digest

# From when it was asked for, so that a worker that comes back mails no code out of the blue.
VALID_FOR: Final = timedelta(minutes=30)


def reset_code_digest(code: str) -> bytes:
    """What a code is found by; letter case, spaces and hyphens do not count."""
    return code_digest(code, "password_resets.code")


def credentials_digest(password_hash: str, epoch: int) -> bytes:
    """What a code may replace: this password in this epoch, and nothing that came later.

    The same bytes as `door_forgotten_password` of migration 0001 answers.
    """
    return hashlib.sha256(f"{epoch} {password_hash}".encode()).digest()
