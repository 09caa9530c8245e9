"""The place of the second factor in every log-in. Nobody can enrol one yet."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from services.exceptions import SecondFactorRequired


def enrolled_factors(session: Session, user_id: UUID) -> tuple[str, ...]:  # noqa: ARG001 - the door
    """The kinds of second factor that the account has: none can be enrolled in this version."""
    return ()


def check_second_factor(
    session: Session, user_id: UUID, totp: str | None, recovery_code: str | None
) -> None:
    """Raise `SecondFactorRequired` when the account has a factor and none was sent."""
    factors = enrolled_factors(session, user_id)
    if factors and not (totp or recovery_code):
        raise SecondFactorRequired(factors=list(factors))
