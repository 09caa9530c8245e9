"""An authenticator app that somebody has enrolled, and their recovery codes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pyotp

from services.accounts.second_factor.enrolment import begin_totp, confirm_totp
from services.accounts.second_factor.proof import Proof
from services.clock import utcnow
from tests.builders.browser import PASSWORD
from tests.builders.world import Person


@dataclass(frozen=True)
class Authenticator:
    """It knows the secret; the code of the step at `enrolled_at` was used for enrolling."""

    secret: str
    recovery_codes: list[str]
    enrolled_at: datetime

    def code(self, at: datetime | None = None, steps: int = 1) -> str:
        """What it shows so many steps later: the next code, which the server takes already."""
        return code_of(self.secret, at or utcnow(), steps)


def code_of(secret: str, at: datetime, steps: int = 0) -> str:
    """The code of a secret, so many steps of 30 s from then."""
    return pyotp.TOTP(secret).at(at, counter_offset=steps)


def enrol(person: Person, at: datetime | None = None, password: str = PASSWORD) -> Authenticator:
    """As the person does it (who has the password); other log-ins of theirs end."""
    now = at or utcnow()
    with person.app.app_context():
        secret = begin_totp(person.actor, Proof(password), now).secret
        codes = confirm_totp(person.actor, code_of(secret, now), now)
    return Authenticator(secret, codes, now)
