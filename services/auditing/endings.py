"""What was ended or taken away, and who is paged since, outside the database: an older backup would
bring the one back to life and forget the other.

An erased patient, a log-in of a lost phone, a changed password, another person on call: a database
that was restored to before them knows nothing of it. The sealer sees each within seconds and puts
it down in a file that only grows, as ids and times; `restore finish` reads it, ends again what was
ended, and names what only a person can do again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, Self
from uuid import UUID

import orjson

from services.auditing.checkpoints import SealError
from services.auditing.verify import ERASED

# What is done again after a restore: the patient goes, the one log-in ends, all log-ins of the
# account end; or nothing is, and a person has to look.
Again = Literal["erase", "end log-in", "end log-ins", "look"]
ENDINGS: Final[Mapping[str, Again]] = {
    ERASED: "erase",
    "logged_out": "end log-in",
    "device_ended": "end log-in",
    "other_devices_ended": "end log-ins",
    "token_reused": "end log-in",
    "password_changed": "end log-ins",
    "password_reset": "end log-ins",
    "second_factor_added": "end log-ins",
    "second_factor_removed": "end log-ins",
    "second_factor_reset": "end log-ins",
    "passkey_added": "end log-ins",
    "passkey_removed": "end log-ins",
    # A new phone, often in the place of a lost one.
    "invitation_accepted": "end log-ins",
    "address_changed": "end log-ins",
    "sign_in_unlinked": "end log-ins",
    # Roles, or an account that was switched off.
    "user_changed": "end log-ins",
    "consent_withdrawn": "look",
    "address_change_undone": "look",
    "sign_in_provider_removed": "look",
    # Whom a page reaches, and when: the entry does not say to whom it was changed.
    "contact_added": "look",
    "contact_removed": "look",
    "last_resort_replaced": "look",
    "contact_method_added": "look",
    "contact_method_verified": "look",
    "contact_method_removed": "look",
    "contact_methods_ordered": "look",
    "policy_changed": "look",
    "schedule_made": "look",
    "schedule_changed": "look",
    "schedule_ended": "look",
    "override_made": "look",
    "override_ended": "look",
    # The ladder, the hours, the zone; or something else of the clinic's.
    "clinic_changed": "look",
    "care_team_changed": "look",
    "user_invited": "look",
}
# Of these a person has to look at what the log-ins' end does not bring back: roles, an account that
# was switched off, the mail address of an account and of its contacts.
LOOK_TOO: Final = ("user_changed", "address_changed")
# Only where it is about staff: no page goes to a patient.
OF_STAFF: Final = ("user_invited",)
# Whose log-ins end: the account that was changed by somebody, else whoever did it.
OF_ANOTHER: Final = ("second_factor_reset", "sign_in_unlinked", "user_changed")
IDS: Final = ("clinic_id", "entry_id", "actor_id", "patient_id", "object_id")


@dataclass(frozen=True, slots=True)
class EndingEntry:
    """One entry of the audit that has to outlive a restore: ids and when, no name and no reason."""

    at: datetime
    action: str
    clinic_id: UUID
    entry_id: UUID
    actor_id: UUID | None
    patient_id: UUID | None
    object_id: UUID | None

    @property
    def again(self) -> Again:
        """What is to be done about it in a database that does not know of it."""
        return ENDINGS.get(self.action, "look")

    @property
    def needs_a_person(self) -> bool:
        """No command does it again, or not all of it."""
        return self.again == "look" or self.action in LOOK_TOO

    @property
    def account_id(self) -> UUID | None:
        """Whose log-ins end."""
        return self.object_id if self.action in OF_ANOTHER else self.actor_id

    def line(self) -> bytes:
        """One line of JSON."""
        ids = {name: getattr(self, name) for name in IDS}
        shown = {"at": self.at.isoformat(), "action": self.action}
        return orjson.dumps(shown | {name: one and str(one) for name, one in ids.items()}) + b"\n"

    @classmethod
    def of_line(cls, line: bytes) -> Self:
        """Read a line again; raises `ValueError`."""
        try:
            shown: dict[str, Any] = orjson.loads(line)
            ids = {name: UUID(shown[name]) if shown[name] else None for name in IDS}
            return cls(at=datetime.fromisoformat(shown["at"]), action=shown["action"], **ids)  # type: ignore[arg-type] # the first two are never null
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("no ending") from error

    @classmethod
    def of_entry(cls, entry: Mapping[str, Any]) -> Self:
        """That of a row of the audit."""
        return cls(
            entry["at"],
            entry["action"],
            entry["clinic_id"],
            entry["id"],
            entry["actor_id"],
            entry["patient_id"],
            entry["object_id"],
        )


def endings_file(key_file: Path) -> Path:
    """Where the sealer that signs with this key keeps them."""
    return key_file.with_name("audit_endings")


def keep_endings(path: Path) -> Callable[[Iterable[Mapping[str, Any]]], None]:
    """What puts the endings among entries down at the end of a file, safe from a power cut before
    it returns. One may stand there twice, when sealing it was taken back. The file is there from
    now on, if empty: whoever copies it need not ask whether anything has ended yet.

    Raises `OSError`.
    """
    path.touch(mode=0o600)

    def keep(entries: Iterable[Mapping[str, Any]]) -> None:
        lines = [EndingEntry.of_entry(one).line() for one in entries if _is_kept(one)]
        if not lines:
            return
        with path.open("a+b") as file:
            _drop_cut_line(file)
            file.write(b"".join(lines))
            file.flush()
            os.fsync(file.fileno())

    return keep


def _is_kept(entry: Mapping[str, Any]) -> bool:
    of_patient = entry["patient_id"] is not None
    return entry["action"] in ENDINGS and not (of_patient and entry["action"] in OF_STAFF)


def _drop_cut_line(file: BinaryIO) -> None:
    """What was being written as the power went: its entry was not sealed, and comes again."""
    file.seek(0)
    whole = file.read()
    file.truncate(whole.rfind(b"\n") + 1)


def read_endings(path: Path) -> Sequence[EndingEntry]:
    """All that a file holds, each once, in its order; raises `SealError` for anything else in it,
    and `OSError`. A last line without its end does not count.
    """
    lines = path.read_bytes().split(b"\n")[:-1]
    try:
        return list(dict.fromkeys(EndingEntry.of_line(line) for line in lines if line.strip()))
    except ValueError as error:
        raise SealError(f"{path} cannot be read as endings") from error
