"""A password that somebody sets: none that is easy to guess (NIST SP 800-63B, 3.1.1.2: long enough,
not a common one, not made of what stands beside it; no rule about kinds of characters).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import select

from models import Clinic, User
from services.accounts.passwords import Turn, hash_password, normalised, turn_of
from services.exceptions import Invalid
from services.unit_of_work import transaction

# A guesser's tries, as zxcvbn counts them: its lists of common passwords, words and names come with
# it. What 1e8 tries do not find it calls safely unguessable behind a slow hash (its score 3).
GUESSES_LEAST: Final = 1e8
# More letters only add tries, and the estimate's own cost: 0.2 s at most for so many.
ESTIMATED: Final = 40
ABOUT_US: Final = ("interlude", "ketamine", "esketamine", "clinic")
TOO_EASY: Final = (
    "Too easy to guess: a common password, or made of names, dates, rows of keys or repetitions."
    " Several words that have nothing to do with each other are good."
)


def hash_new_password(clinic_id: UUID, user_id: UUID, password: str, field: str) -> str:
    """The hash of what somebody sets for an account of the clinic.

    Raises `Invalid`, naming the field, when it is easy to guess for whoever knows the account.
    """
    with transaction(clinic_id) as session:
        about = session.execute(
            select(User.email, User.name, Clinic.name)
            .join(Clinic, Clinic.id == User.clinic_id)
            .where(User.id == user_id)
        ).one_or_none()
    with turn_of(Turn.STRANGER):
        if is_easy(password, about or ()):
            raise Invalid({field: [TOO_EASY]})
    return hash_password(password, Turn.STRANGER)


def is_easy(password: str, about: Sequence[str] = ()) -> bool:
    """Would few tries find it? `about`: texts that a guesser knows, such as name and address."""
    from zxcvbn import zxcvbn  # 12 MB of words that few processes need

    known = sorted({word for text in about for word in _parts(text)})
    estimate = zxcvbn(normalised(password)[:ESTIMATED], [*ABOUT_US, *known])
    return float(estimate["guesses"]) < GUESSES_LEAST


def _parts(text: str) -> list[str]:
    """A text's words, alone and run together."""
    words = re.findall(r"[^\W\d_]+", text)
    return [text, "".join(words), *words]
