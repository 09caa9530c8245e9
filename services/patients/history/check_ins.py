"""Check-ins of one instrument as the pure rules take them, and which versions count."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    Text,
    and_,
    cast,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased
from sqlalchemy.orm.util import AliasedClass

from models import CheckIn, CheckInContent
from services.rules.day_series import SeriesEntry
from services.rules.instruments.definition import LIFETIME_CSSRS
from services.rules.mood_days import ENTERED_LATE, IMPLAUSIBLE_TIME, is_recalled

ENTRY_COLUMNS: Final[tuple[ColumnElement[Any] | InstrumentedAttribute[Any], ...]] = (
    CheckIn.mood_day,
    CheckIn.answered_at,
    CheckIn.received_at,
    # The rules know entries by words: so no UUID is made here only to be written again.
    cast(CheckIn.root_id, Text).label("root_id"),
    CheckIn.version,
    CheckIn.total,
    CheckIn.q9_highest,
    CheckIn.answered,
    CheckIn.zone,
    CheckIn.flags,
)
# Answers and notes stand beside their check-in, in a table that the alert worker cannot read.
OF_ITS_CHECK_IN: Final[ColumnElement[bool]] = and_(
    CheckInContent.clinic_id == CheckIn.clinic_id,
    CheckInContent.patient_id == CheckIn.patient_id,
    CheckInContent.check_in_id == CheckIn.id,
)
# What a stamp from long before the patient was known says of a day counts once a clinician stated
# its time; until then it counts in no trend, and the flag says for which reason.
TIME_BELIEVED: Final[ColumnElement[bool]] = or_(
    CheckIn.counts_in_trend, ~CheckIn.flags.contains([IMPLAUSIBLE_TIME])
)
_LIFETIME = aliased(CheckIn)
# Beside a check-in: whether this patient has completed a lifetime C-SSRS here.
LIFETIME_ON_FILE: Final[ColumnElement[bool]] = exists().where(
    _LIFETIME.clinic_id == CheckIn.clinic_id,
    _LIFETIME.patient_id == CheckIn.patient_id,
    _LIFETIME.instrument == LIFETIME_CSSRS,
    _LIFETIME.complete.is_(True),
)
_LAST: Final = -len(ENTRY_COLUMNS)


def entry_of(row: Row[Any]) -> SeriesEntry:
    """An entry from a row whose last columns are `ENTRY_COLUMNS`.

    Taken by place, which costs a fraction of looking ten columns up by name.
    """
    mood_day, at, received_at, root_id, _, total, q9_highest, answered, zone, flags = row[_LAST:]
    return SeriesEntry(
        mood_day=mood_day,
        recorded_at=at,
        received_at=received_at,
        entry_id=root_id,
        total=total,
        item9_max=q9_highest,
        answered=answered,
        late=ENTERED_LATE in flags,
        recalled=is_recalled(mood_day, at, zone, flags),
    )


def as_json(entries: Select[Any]) -> ScalarSelect[Any]:
    """A query of `ENTRY_COLUMNS` as one value, for a statement that reads other things as well."""
    one = entries.subquery()
    cells = func.json_build_array(
        one.c.mood_day,
        one.c.answered_at,
        one.c.received_at,
        one.c.root_id,
        one.c.total,
        one.c.q9_highest,
        one.c.answered,
        one.c.zone,
        one.c.flags,
    )
    return select(func.json_agg(cells, type_=JSON())).scalar_subquery()


def entries_of_json(stored: Sequence[Sequence[Any]] | None) -> list[SeriesEntry]:
    """The entries that `as_json` gave."""
    return [_entry_of_json(*cells) for cells in stored or ()]


def _entry_of_json(
    mood_day: str,
    answered_at: str,
    received_at: str,
    root_id: str,
    total: int | None,
    q9_highest: int | None,
    answered: int,
    zone: str,
    flags: Sequence[str],
) -> SeriesEntry:
    day, at = date.fromisoformat(mood_day), datetime.fromisoformat(answered_at).astimezone(UTC)
    received = datetime.fromisoformat(received_at).astimezone(UTC)
    late, recalled = ENTERED_LATE in flags, is_recalled(day, at, zone, flags)
    return SeriesEntry(day, at, received, root_id, total, q9_highest, answered, late, recalled)


def counting(
    patient_id: UUID | BindParameter[UUID] | InstrumentedAttribute[UUID],
    instrument: str | BindParameter[str],
    of: type[CheckIn] | AliasedClass[CheckIn] = CheckIn,
) -> ColumnElement[bool]:
    """The versions that the trend rests on: of each form the last that counts. `of`: the table,
    where it stands in a query more than once.

    A version sent with an expired token or stamped implausibly does not count at first; until it
    does, the one before it stands.
    """
    newer = aliased(CheckIn)
    overtaken = exists().where(
        newer.clinic_id == of.clinic_id,
        newer.patient_id == of.patient_id,
        newer.root_id == of.root_id,
        newer.version > of.version,
        newer.counts_in_trend,
    )
    return and_(
        of.patient_id == patient_id,
        of.instrument == instrument,
        of.counts_in_trend,
        or_(~of.superseded, ~overtaken),
    )


def whole_series(session: Session, patient_id: UUID, instrument: str) -> list[SeriesEntry]:
    """All check-ins of an instrument that count, in no particular order."""
    rows = session.execute(select(*ENTRY_COLUMNS).where(counting(patient_id, instrument)))
    return [entry_of(row) for row in rows]
