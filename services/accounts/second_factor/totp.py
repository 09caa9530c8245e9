"""The arithmetic of authenticator apps (RFC 6238): which time step is a code of?"""

from __future__ import annotations

from datetime import datetime
from hmac import compare_digest
from typing import Final
from unicodedata import normalize

import pyotp

# RFC 6238, 5.2: steps of 30 s, and one step either side for a phone's clock and a slow hand.
STEP_S: Final = 30
WINDOW: Final = (-1, 0, 1)
DIGITS: Final = 6
ISSUER: Final = "Interlude"


def new_secret() -> str:
    """A new secret of 160 bits (RFC 4226, 4), in base32."""
    return pyotp.random_base32()


def uri_of(secret: str, account: str) -> str:
    """What an authenticator app reads from a QR code; `account` is the name that it shows."""
    return pyotp.TOTP(secret, interval=STEP_S).provisioning_uri(name=account, issuer_name=ISSUER)


def step_of(typed: str, secret: str, now: datetime, after: int) -> int | None:
    """The time step that this is the code of, later than step `after`; None for no such.

    A last step that is still to come was used while the clock was ahead: now that it was set back
    it makes nobody wait for that day.
    """
    digits = digits_of(typed)
    if len(digits) != DIGITS:
        return None
    app, present = pyotp.TOTP(secret, interval=STEP_S), int(now.timestamp()) // STEP_S
    after = 0 if after > present + max(WINDOW) else after
    steps = (present + offset for offset in WINDOW)
    fitting = [one for one in steps if compare_digest(app.generate_otp(one), digits)]
    return next((one for one in fitting if one > after), None)


def digits_of(typed: str) -> str:
    """The digits of a code, of whichever script, without what was put between them; a letter among
    them makes it none: nothing.
    """
    signs = [sign for sign in normalize("NFKC", typed) if sign.isalnum()]
    if not all(sign.isdecimal() for sign in signs):
        return ""
    return "".join(str(int(sign)) for sign in signs)
