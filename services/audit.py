"""Recording who read or changed what. An entry gets its place in the chain later, by the sealer."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Uuid, bindparam, cast, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models import AuditDetail, AuditEntry, AuditKey
from models.base import new_id
from models.statements import Query, Statement
from services.access import Actor
from services.unit_of_work import ask

KEY_BYTES: Final = 32
JOINED_S: Final = 15 * 60
# Somebody on the staff sends an id again, and reads what was answered to it first.
AGAIN: Final = "first_answer_read"
_CLINIC: Final = cast(func.current_setting("interlude.clinic_id"), Uuid)
# The application puts in these columns alone; the sealer gives an entry its place.
_NEW: Final = {
    name: bindparam(f"new_{name}", type_=AuditEntry.__table__.c[name].type)
    for name in (
        *("id", "at", "actor_id", "action"),
        *("patient_id", "object_id", "about_ids", "detail_mac"),
    )
}
# Built once: every read by staff ends with one of them, and putting it together anew costs more.
_ENTRY: Final = (
    insert(AuditEntry).values(clinic_id=_CLINIC, **_NEW).on_conflict_do_nothing().cte("entry")
)
_DETAIL: Final = (
    insert(AuditDetail)
    .values(
        clinic_id=_CLINIC,
        entry_id=_NEW["id"],
        detail=bindparam("new_detail", type_=AuditDetail.__table__.c.detail.type),
    )
    .on_conflict_do_nothing()
    .cte("detail")
)
_ALONE: Final = Statement(select(literal(1)).add_cte(_ENTRY))
_WITH_DETAIL: Final = Statement(select(literal(1)).add_cte(_ENTRY, _DETAIL))


def record(
    session: Session,
    actor_id: UUID | None,
    action: str,
    now: datetime,
    patient_id: UUID | None = None,
    object_id: UUID | None = None,
    about: Sequence[UUID] = (),
    **detail: Any,
) -> None:
    """Put in one entry of the transaction's clinic. No clinical content, no name, no address.

    Waits for nobody. `actor_id` is null for what the service or its operator did; `about`: further
    patients and accounts that were shown or changed; `detail` holds strings, integers and lists of
    them.
    """
    _put_in(session, new_id(), actor_id, action, now, patient_id, object_id, about, detail)


def record_once(
    session: Session,
    joined_as: Sequence[object],
    actor_id: UUID | None,
    action: str,
    now: datetime,
    about: Sequence[UUID] = (),
    **detail: Any,
) -> None:
    """As `record`, for what may come a thousand times: what is joined as the same within 15 minutes
    is one entry, the first.
    """
    window = int(now.timestamp()) // JOINED_S
    name = "\x1f".join(map(str, (action, actor_id, window, *joined_as)))
    entry_id = UUID(bytes=hashlib.sha256(name.encode()).digest()[:16])
    _put_in(session, entry_id, actor_id, action, now, None, None, about, detail)


def record_read(
    session: Session, actor: Actor, action: str, now: datetime, patient_id: UUID | None = None
) -> None:
    """A read of one patient's data. Of a patient's own the log-in is named as well: it may be that
    of a further device, which somebody else invited.
    """
    login = None if actor.patient_id is None else actor.family_id
    record(session, actor.user_id, action, now, patient_id or actor.patient_id, login)


def _put_in(
    session: Session,
    entry_id: UUID,
    actor_id: UUID | None,
    action: str,
    now: datetime,
    patient_id: UUID | None,
    object_id: UUID | None,
    about: Sequence[UUID],
    detail: Mapping[str, Any],
) -> None:
    """Entry and details are there both or not at all; an id that is there already stays."""
    entry = {
        "id": entry_id,
        "at": now,
        "actor_id": actor_id,
        "action": action,
        "patient_id": patient_id,
        "object_id": object_id,
        "about_ids": list(about) or None,
        "detail_mac": digest_of(_key(session, patient_id), detail) if detail else None,
        **({"detail": detail} if detail else {}),
    }
    statement = _WITH_DETAIL if detail else _ALONE
    ask(session, Query(statement, {f"new_{name}": value for name, value in entry.items()}))


def digest_of(key: bytes, detail: Mapping[str, Any]) -> bytes:
    """HMAC-SHA256 of an entry's details: without the key nobody can try out what they were."""
    return hmac.new(key, canonical(detail), hashlib.sha256).digest()


def canonical(content: Mapping[str, Any]) -> bytes:
    """JSON of strings, integers, nulls and lists of them in the one way that is digested."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _key(session: Session, patient_id: UUID | None) -> bytes:
    """The key of what is about this patient (null: about none, the clinic's), made when needed."""
    subject = _CLINIC if patient_id is None else patient_id
    kept = select(AuditKey.key).where(AuditKey.clinic_id == _CLINIC, AuditKey.subject_id == subject)
    if found := session.scalar(kept):
        return found
    fresh = insert(AuditKey).values(
        clinic_id=_CLINIC, subject_id=subject, key=secrets.token_bytes(KEY_BYTES)
    )
    session.execute(fresh.on_conflict_do_nothing())
    return session.scalars(kept).one()
