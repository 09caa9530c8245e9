"""What a use case can refuse. `api/http/problems.py` holds the one table from these to problem
documents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class ServiceError(Exception):
    """Base of all refusals. `detail` is for people and never carries patient data."""

    detail = "The request could not be carried out."

    def __init__(self, detail: str | None = None, **extra: Any) -> None:
        super().__init__(detail or self.detail)
        self.detail = detail or self.detail
        self.extra: dict[str, Any] = extra

    def __reduce__(self) -> tuple[Any, ...]:
        """As it is, whatever it was made from: a refusal may come from another process."""
        return ServiceError.__new__, (type(self), self.detail), self.__dict__


class Unauthenticated(ServiceError):
    """No token, or one that does not hold."""

    detail = "Log in again."


class TokenExpired(Unauthenticated):
    """A genuine token that has expired."""

    detail = "The access token has expired: refresh it."


class LoginFailed(Unauthenticated):
    """One message for every cause."""

    detail = "E-mail or password is wrong, or the account is not active."


class SignInRefused(LoginFailed):
    """A clinic's provider, or what came back from it, lets nobody in; `reason` (in `extra`) is for
    the audit.
    """

    detail = "The sign-in was not taken: begin again."


class SecondFactorRequired(Unauthenticated):
    """The password was right; `factors` (in `extra`) says what else is needed."""

    detail = "A second factor is required."


class WrongFactor(SecondFactorRequired):
    """The password was right, and the second factor was not."""

    detail = "The code is wrong, or was used already: wait for the next one."


class WrongPasskey(WrongFactor):
    """The answer of a passkey does not hold: not of this account, this site, or this question."""

    detail = "This passkey does not open your account, or it took too long: try once more."


class CopiedPasskey(WrongPasskey):
    """Its counter did not go on since the last time: somebody may have a copy of it."""

    detail = "This passkey may have been copied: log in with another factor, and remove it."


class ChooseClinic(ServiceError):
    """The password fits accounts in several clinics; `clinics` (in `extra`) names them."""

    detail = "You have accounts in several clinics: choose one."


class Forbidden(ServiceError):
    """This role has no business on this route."""

    detail = "Your role may not do this."


class SecondAdminNeeded(Forbidden):
    """Whoever asked for it does not confirm it."""

    detail = "A second administrator has to confirm this."


class EnrolFirst(Forbidden):
    """The clinic asks its staff for a second factor, and the account has none."""

    detail = "Your clinic asks for a second factor: add one to your account first."


class NotFound(ServiceError):
    """Nothing that you may see has this id."""

    detail = "There is nothing here that you may see."


class Invalid(ServiceError):
    """Well formed but wrong: JSON path of a field -> messages. Never echoes a value."""

    detail = "Some fields are not valid."

    def __init__(self, errors: Mapping[str, Sequence[str]], detail: str | None = None) -> None:
        super().__init__(detail, errors={path: list(messages) for path, messages in errors.items()})
        self.errors = self.extra["errors"]


class AdultsOnly(Invalid):
    """Version 1 is for adults."""

    detail = "Patients must be 18 or older."


class ContentConflict(ServiceError):
    """The id is known with different content; `stored` (in `extra`) shows the caller's own
    record.
    """

    detail = "This id was already sent with different content."


class IdTaken(ServiceError):
    """The id belongs to somebody else's record."""

    detail = "This id cannot be used: make a new one."


class DrillRunning(ServiceError):
    """The clinic's last drill has not ended."""

    detail = "A drill is running: resolve it first."


class AlreadyResolved(ServiceError):
    """The alert has ended."""

    detail = "The alert is already resolved."


class TakenMeanwhile(ContentConflict):
    """Somebody else has the alert, and whoever wanted to take it did not know."""

    detail = "Somebody else has taken this alert in the meantime."


class ChangedMeanwhile(ContentConflict):
    """Somebody has changed this since the one who changes it now has seen it."""

    detail = "Somebody has changed this in the meantime."


class ErasureWithdrawn(ChangedMeanwhile):
    """Somebody has taken the request back."""

    detail = "This request was taken back: ask anew."


class AlreadyErased(ChangedMeanwhile):
    """The erasure is done, and nothing brings the patient back."""

    detail = "The patient is erased already."


class InvitationInvalid(ServiceError):
    """Unknown, spent and expired codes alike."""

    detail = "The code is not valid: ask your clinic for a new one."


class ResetCodeInvalid(InvitationInvalid):
    """Unknown, spent and expired codes for a new password alike."""

    detail = "The code is not valid: ask for a new one."


class MethodCodeInvalid(InvitationInvalid):
    """Wrong, spent and expired codes for an address alike."""

    detail = "The code is not valid: ask for a new one."


class AddressCodeInvalid(InvitationInvalid):
    """Unknown, spent and expired codes for a new address alike."""

    detail = "The code is not valid: ask for the change once more."


class LinkInvalid(InvitationInvalid):
    """A forged, spent or expired link from a letter."""

    detail = "The link is not valid any more: log in again, and wait for a new one."


class RateLimited(ServiceError):
    """Too many attempts; `retry_after_s` seconds to wait."""

    detail = "Too many attempts: wait a moment."

    def __init__(self, retry_after_s: int) -> None:
        super().__init__()
        self.retry_after_s = retry_after_s


class AppTooOld(ServiceError):
    """The app says that it is older than the oldest version that is supported."""

    detail = "This version of the app is too old: update it. Urgent answers are still taken."


class Unavailable(ServiceError):
    """A part that is needed does not answer."""

    detail = "The service is not available at the moment: try again."


class OutcomeUnknown(Unavailable):
    """The connection was lost during the commit: what was written may stand or not."""

    detail = "It is not known whether this was saved: send it again."


class OpenAlertExists(ServiceError):
    """A safety alert of this patient is open."""

    detail = "A safety alert of this patient is open: resolve it first."


class NotFollowed(ServiceError):
    """The clinic no longer reads this patient's answers."""

    detail = "Your clinic no longer reads these answers."


class LastAdmin(ServiceError):
    """A clinic keeps at least one active administrator."""

    detail = "The clinic needs at least one active administrator."
