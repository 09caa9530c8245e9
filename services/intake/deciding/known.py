"""What is sent, and what is known of the patient before it: one bounded read, under the lock of the
status row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import (
    Date,
    ScalarSelect,
    Select,
    and_,
    any_,
    bindparam,
    case,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session, aliased

from models import CheckIn, CheckInContent, Patient, PatientStatus, RecordId, StoredPlan
from models.statements import Query, Statement
from services.exactly_once import KNOWN_COLUMNS
from services.patients.history.check_ins import (
    ENTRY_COLUMNS,
    OF_ITS_CHECK_IN,
    TIME_BELIEVED,
    as_json,
    counting,
)
from services.patients.history.treatments import (
    LAST_REVISION,
    TREATMENT_COLUMNS,
    read_treatment,
    sessions_begun,
)
from services.patients.status.figures import DAILY
from services.patients.status.lock import (
    IS_TREATED,
    PROFILE_COLUMNS,
    LockedPatient,
    locked_patient,
)
from services.rules.courses import UNTREATED, Treatment
from services.rules.danger.standing_plans import StandingPlan as PlanRules
from services.rules.danger.triage import EntryKind
from services.rules.day_series import Series, SeriesEntry
from services.rules.decide.check_in import INSTRUMENTS
from services.rules.figures.numbers import FIGURE_NUMBERS
from services.rules.instruments.answers import Answers
from services.rules.instruments.definition import (
    BEHAVIOUR,
    CSSRS_FORMS,
    LIFETIME_CSSRS,
    Instrument,
)
from services.rules.mood_days import earliest_mood_day, find_zone, mood_day_at
from services.rules.side_effects.report import EffectsReport
from services.rules.worsening.numbers import DAILY_LOOKBACK_DAYS
from services.unit_of_work import ask

log = structlog.get_logger()

# Days between the day in UTC of a session and a mood day, by whatever clock.
CLOCKS_DIFFER_BY: Final = 2
_PATIENT: Final = bindparam("patient_id", type_=CheckIn.patient_id.type)
_INSTRUMENT: Final = bindparam("instrument", type_=CheckIn.instrument.type)
_JOINED: Final = bindparam("joined", type_=CheckIn.root_id.type)
_NOW: Final = bindparam("received_at", type_=CheckIn.received_at.type)


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent and around it; `earlier` are the earlier versions' answers, oldest first.

    `kept_day`: the mood day and zone of the first version, which every other keeps, also where the
    zone of then can no longer be told (an unknown name, a profile that has moved). `time_stated`: a
    clinician vouched for the time of the first version.
    """

    kind: EntryKind
    instrument: Instrument | None
    answers: Answers
    note: str | None
    recorded_at: datetime
    received_at: datetime
    timezone: str | None
    sent_at: datetime | None = None
    stated_mood_day: date | None = None
    client_total: int | None = None
    flags: frozenset[str] = frozenset()
    earlier: Sequence[Answers] = field(default=())
    kept_day: tuple[date, str] | None = None
    time_stated: bool = False


@dataclass(frozen=True, slots=True)
class CssrsOnFile:
    """What this clinic knew before. `is_complete`: a lifetime C-SSRS was completed; `behaviour`: an
    act or a preparation was said in any.
    """

    is_complete: bool = False
    behaviour: bool = False


NOTHING_ON_FILE: Final = CssrsOnFile()


@dataclass(frozen=True, slots=True)
class SeriesSoFar:
    """A series with what joined it and is not stored yet, `unwritten`; `stored`: what was read."""

    series: Series
    stored: Sequence[Sequence[Any]]
    unwritten: tuple[SeriesEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class SoFar:
    """What came before in the same transaction and is not stored yet: the series that were joined,
    by instrument, and the reports of side effects.
    """

    series: Mapping[str, SeriesSoFar] = field(default_factory=dict)
    reports: tuple[EffectsReport, ...] = ()


NOTHING_YET: Final = SoFar()


@dataclass(frozen=True, slots=True)
class Known:
    """The patient, locked, and what stands around the entry.

    `row`: the stored answer to the entry's id, if there is one. `plan`: the standing plan in force.
    `unread`: the treatment could not be made sense of, so what rests on it is to be decided again.
    `series`: the check-ins that the entry joins, as stored (None: not read); `so_far`: what
    is not stored yet.
    """

    patient: LockedPatient
    row: Any
    plan: PlanRules | None
    treatment: Treatment
    unread: bool
    series: Sequence[Sequence[Any]] | None
    so_far: SoFar = NOTHING_YET
    cssrs: CssrsOnFile = NOTHING_ON_FILE


def known_of(
    patient_id: UUID, record_id: UUID | None = None, joins: tuple[Sent, UUID] | None = None
) -> Query:
    """What asks for what an entry of this patient, whose status row is locked, is decided against.

    `record_id`: its own. `joins`: what was sent, and the id of its first version, of a form that
    joins a series.
    """
    sent, joined = joins or (None, None)
    instrument = sent.instrument.code if sent and sent.instrument else None
    with_series = instrument in INSTRUMENTS
    return Query(
        _statement(with_series),
        {
            "patient_id": patient_id,
            "record_id": record_id,
            "revision": LAST_REVISION,
            "instrument": instrument,
            "joined": joined,
            "since": _since(sent) if sent and with_series else None,
            "received_at": sent.received_at if sent else None,
        },
    )


def known_ids(record_ids: Sequence[UUID]) -> Query:
    """What asks which of these ids were used before."""
    return Query(_KNOWN_IDS, {"record_ids": list(record_ids)})


def of_another(query: Query, record_id: UUID, ids: Query) -> Query:
    """What `known_of` has asked, as if about another entry that joins the same series and looks
    back no further; `ids`: what `known_ids` has asked.
    """
    (row,) = query.rows
    used = next((one._asdict() for one in ids.rows if one.known_id == record_id), _UNUSED)
    values = {**query.values, "record_id": record_id}
    return Query(query.statement, values, [row._replace(**used)])


def stored_series(
    session: Session, known: Known, sent: Sent, root_id: UUID
) -> Sequence[Sequence[Any]]:
    """The check-ins that the form joins, as stored; asked for where they were not read."""
    if known.series is not None:
        return known.series
    ask(session, query := known_of(known.patient.patient_id, joins=(sent, root_id)))
    return query.one_or_none().series or ()


def load_known(session: Session, patient_id: UUID, status: Any) -> Known:
    """What is known of this patient, for what joins no series."""
    ask(session, query := known_of(patient_id))
    return read_known(session, status, query)


def read_known(
    session: Session, status: Any, query: Query, joins: tuple[Sent, UUID] | None = None
) -> Known:
    """What `known_of` has asked, beside the locked status row; `joins` as there."""
    row, patient_id = query.one_or_none(), query.values["patient_id"]
    sent, joined = joins or (None, None)
    plan = None
    if row.plan_id is not None:
        zone = find_zone(row.timezone) or UTC
        plan = PlanRules(row.set_at, row.until_at, mood_day_at(row.set_at, zone), row.plan_id)
    treatment = _treatment(row) if status.treated else UNTREATED
    is_series = query.values["instrument"] in INSTRUMENTS
    return Known(
        patient=locked_patient(patient_id, status, row),
        row=row,
        plan=plan,
        treatment=treatment or UNTREATED,
        unread=treatment is None,
        series=(row.series or ()) if is_series else None,
        cssrs=_cssrs_on_file(session, patient_id, status, sent, joined),
    )


def _cssrs_on_file(
    session: Session, patient_id: UUID, status: Any, sent: Sent | None, joined: UUID | None
) -> CssrsOnFile:
    """Asked only where it can matter: of a C-SSRS, and beside a positive item 9. An entry that is
    decided again later may be on file itself: then nothing is.
    """
    if sent is None or status.last_cssrs_on is None or sent.instrument is None:
        return NOTHING_ON_FILE
    if not sent.instrument.triage and not sent.answers.get(sent.instrument.item9_link_id or ""):
        return NOTHING_ON_FILE
    row = session.execute(_ON_FILE, {"patient_id": patient_id, "joined": joined}).one()
    return CssrsOnFile(bool(row.is_complete), bool(row.behaviour))


def _since(sent: Sent) -> date:
    """The first mood day that the rules may look back to, or one before it."""
    try:
        if sent.kept_day is not None:
            first = sent.kept_day[0]
        else:
            first = earliest_mood_day(sent.recorded_at, sent.received_at, sent.sent_at)
        return date.fromordinal(max(1, first.toordinal() - DAILY_LOOKBACK_DAYS))
    except Exception as error:  # noqa: BLE001 -- a fault in this must not cost the answer
        log.error("days_unknown", kind=type(error).__name__)
        return date.min


def _treatment(row: Any) -> Treatment | None:
    """None when it cannot be read: whoever needs help gets it without."""
    try:
        return read_treatment(row)
    except Exception as error:  # noqa: BLE001 -- a fault in this must not cost the answer
        log.error("treatment_unread", kind=type(error).__name__)
        return None


_UNUSED: Final = {column.key: None for column in KNOWN_COLUMNS}
_KNOWN_IDS: Final = Statement(
    select(*KNOWN_COLUMNS).where(
        RecordId.id == any_(bindparam("record_ids", type_=ARRAY(RecordId.id.type)))
    )
)


@cache  # putting a statement together costs more than running it
def _statement(with_series: bool) -> Statement:
    plan = and_(
        StoredPlan.clinic_id == Patient.clinic_id,
        StoredPlan.patient_id == Patient.id,
        StoredPlan.ended_at.is_(None),
    )
    # Of the untreated nobody looks for sessions.
    treatment = (case((IS_TREATED, one)).label(one.name) for one in TREATMENT_COLUMNS)
    series = (as_json(_series()).label("series"),) if with_series else ()
    return Statement(
        select(
            *PROFILE_COLUMNS,
            *KNOWN_COLUMNS,
            StoredPlan.id.label("plan_id"),
            StoredPlan.set_at,
            StoredPlan.until_at,
            *treatment,
            *series,
        )
        .select_from(Patient)
        .join(PatientStatus, PatientStatus.patient_id == Patient.id)
        .outerjoin(RecordId, RecordId.id == bindparam("record_id", type_=RecordId.id.type))
        .outerjoin(StoredPlan, plan)
        .where(Patient.id == _PATIENT)
    )


_ON_FILE: Final = (
    select(
        func.bool_or(and_(CheckIn.instrument == LIFETIME_CSSRS, CheckIn.complete.is_(True))).label(
            "is_complete"
        ),
        func.bool_or(CheckInContent.answers[BEHAVIOUR].astext == "1").label("behaviour"),
    )
    .join(CheckInContent, OF_ITS_CHECK_IN)
    .where(
        CheckIn.patient_id == _PATIENT,
        CheckIn.instrument.in_(CSSRS_FORMS),
        CheckIn.root_id != _JOINED,
        TIME_BELIEVED,
    )
)


def _date(name: str) -> Any:
    return bindparam(name, type_=Date())


def _day(of: Any, *more: Any) -> ScalarSelect[Any]:
    other = aliased(CheckIn)
    return (
        select(of(other))
        .where(
            counting(_PATIENT, _INSTRUMENT, other),
            *(condition(other) for condition in more),
        )
        .scalar_subquery()
    )


def _series() -> Select[Any]:
    """Other forms are few and all come. Of daily ones: the lookback, the days of the baseline (the
    first ones, and those around the first session of each course, one of which it stands before),
    those from the last session on, or from the first that shares its window, and the lookback from
    the last complete one (what joins may have taken back the one that was). Around sessions some
    days more, since the clock of an answer may disagree with that of a session.
    """
    first = _day(lambda other: func.min(other.mood_day))
    last = _day(
        lambda other: func.max(other.mood_day),
        lambda other: other.total.is_not(None),
        lambda other: other.root_id != _JOINED,
    )
    windows, spans = FIGURE_NUMBERS.windows, FIGURE_NUMBERS.measures.session
    begun = sessions_begun(_NOW)
    window = func.make_interval(0, 0, 0, 0, spans.shared_hours)
    is_apart = or_(begun.c.apart.is_(None), begun.c.apart >= window)
    last_session = select(func.max(begun.c.day)).where(is_apart).scalar_subquery()
    opening = select(func.min(begun.c.day).label("day")).group_by(begun.c.course_id).subquery()
    beside = func.generate_series(
        -windows.baseline_days - CLOCKS_DIFFER_BY,
        (windows.provisional_days or 0) + CLOCKS_DIFFER_BY,
    )
    around_openings = select(opening.c.day + beside.column_valued()).scalar_subquery()
    needed = or_(
        _INSTRUMENT != DAILY,
        CheckIn.mood_day >= _date("since"),
        CheckIn.mood_day >= last_session - spans.before_days - CLOCKS_DIFFER_BY,
        CheckIn.mood_day == any_(func.array(around_openings)),
        CheckIn.mood_day < first + windows.baseline_days,
        CheckIn.mood_day >= last - DAILY_LOOKBACK_DAYS,
    )
    return select(*ENTRY_COLUMNS).where(counting(_PATIENT, _INSTRUMENT), needed)
