"""The caseload's statement: status rows, without reading any history.

Putting it together costs more than running it, so it is built once for each shape that a list can
have; what differs from call to call is a parameter.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Integer,
    LargeBinary,
    Select,
    Table,
    Text,
    and_,
    any_,
    bindparam,
    column,
    func,
    literal_column,
    select,
    true,
    tuple_,
    type_coerce,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, aggregate_order_by
from sqlalchemy.orm import Session

from models import Alert, Patient, PatientStatus, SearchPart, User
from models.alerts.alert import SEVERITIES
from models.base import UtcDateTime
from models.encryption import EncryptedText
from models.people.patient import SEARCHED_AT_MOST
from models.statements import Query, Statement
from services.access import Action, Actor, Scope, scopes
from services.caseload.worklist.reasons import FAMILIES
from services.caseload.worklist.row import CaseRow, Days
from services.caseload.worklist.sorting import Today, sort_keys
from services.patients.view import clinical_content_clause, in_team_of, in_view_clause
from services.rules.catalogue import CATALOGUE
from services.rules.mood_days import mood_day_at
from services.unit_of_work import ask


@dataclass(frozen=True, slots=True)
class CaseloadFilter:
    """Which part of the caseload; `q` is part of a name or of an MRN."""

    sort: str = "risk"
    q: str | None = None
    mine: bool = False
    limit: int = 50
    cursor: str | None = None


INSTANT: Final = DateTime(timezone=True)
NOBODY: Final = UUID(int=0)
SHAPES: Final = 256
# Of Unicode; no text goes on by it.
LAST_LETTER: Final = 0x10FFFF
_NOTHING: Final = sql_cast(literal_column("'{}'"), JSONB)


def load_rows(
    session: Session,
    actor: Actor,
    wanted: CaseloadFilter,
    now: datetime,
    silent: Collection[UUID],
    as_of: datetime,
    timezones: Iterable[str],
    after: Sequence[Any] = (),
) -> list[tuple[tuple[Any, ...], CaseRow]]:
    """Rows with their sort keys, one more than wanted, so that the caller sees whether there is
    another page.

    The order is made `as_of` an instant, the same for all pages of a list, so that time alone moves
    nobody from one page to another; `silent`: the patients for whom rule N1 is high then;
    `timezones`: of all patients; `after`: the keys of the last row of the page before.
    Raises `Forbidden`.
    """
    today = _today(timezones, as_of) if wanted.sort == "risk" else None
    shape = (wanted.sort, actor.roles, wanted.mine, bool(wanted.q), bool(after), today)
    words, width = _words(*shape)
    given = {
        "user_id": actor.user_id,
        "now": now,
        "as_of": as_of,
        "silent": list(silent),
        "part": wanted.q or "",
        "rows": wanted.limit + 1,
        **{f"after_{number}": part for number, part in enumerate(after)},
    }
    ask(session, found := Query(words, given))
    return [(tuple(row[:width]), CaseRow._make(row[width:])) for row in found.rows]


@lru_cache(SHAPES)
def _words(*shape: Any) -> tuple[Statement, int]:
    query, width = statement(*shape)
    return Statement(query), width


def _today(timezones: Iterable[str], now: datetime) -> Today:
    """The running mood day in the zones of the clinic's patients."""
    days = Days(now, timezones)
    usual = mood_day_at(now, UTC)
    elsewhere = {zone: day for zone, day in days.all_today().items() if day != usual}
    return Today(usual, tuple(sorted(elsewhere.items())))


def statement(
    sort: str,
    roles: frozenset[str],
    mine: bool,
    searched: bool,
    later: bool,
    today: Today | None,
    granted: bool = False,
) -> tuple[Select[Any], int]:
    """The statement for rows that begin with so many sort keys and go on as `CaseRow`.

    `later`: not the first page; `granted`: also those whom break-glass opened. Its parameters:
    `user_id`, `now`, `as_of` and `silent` (ids) of the order, `part` (of a name or an MRN), `rows`,
    and `after_0` and so on, the keys of the row before. Raises `Forbidden` when none of the roles
    has a caseload.
    """
    actor, now = _anybody(roles), cast(Any, bindparam("now", type_=INSTANT))
    clinical = _clinical(actor, now)
    alerts = _open_alerts().subquery()
    as_of = cast(Any, bindparam("as_of", type_=INSTANT))
    status = _status_at(now)
    ordered_by = _status_at(as_of) if later else status
    silent = Patient.id == any_(bindparam("silent", type_=ARRAY(Patient.id.type)))
    keys = sort_keys(sort, ordered_by.c, alerts, clinical, as_of, silent, today)
    order = [_plain(key).label(f"key_{number}") for number, key in enumerate(keys)]
    query = (
        select(*order, *_columns(status, alerts, clinical))
        .join(PatientStatus, _same(PatientStatus, PatientStatus.patient_id == Patient.id))
        .join(status, true())
        .outerjoin(User, _same(User, User.id == Patient.user_id))
        .outerjoin(alerts, alerts.c.patient_id == Patient.id)
        .where(in_view_clause(actor, Action.READ_PATIENTS, now, granted=granted))
        .order_by(*order)
        .limit(bindparam("rows", type_=Integer))
    )
    if mine:
        query = query.where(in_team_of(actor.user_id))
    if searched:
        query = query.where(_is_found(bindparam("part", type_=Text)))
    if later:
        query = query.join(ordered_by, true())
        seen = [bindparam(f"after_{number}", type_=key.type) for number, key in enumerate(keys)]
        query = query.where(tuple_(*keys) > tuple_(*seen))
    return query, len(keys)


def _is_found(part: ColumnElement[str]) -> ColumnElement[bool]:
    """It is in the patient's name or number. A range of an index: behind the row policies LIKE
    would read every patient.
    """
    begins = func.left(func.search_key(part), SEARCHED_AT_MOST)
    found = SearchPart.part.between(begins, begins.concat(func.chr(LAST_LETTER)))
    return Patient.id.in_(select(SearchPart.patient_id).where(found))


def _anybody(roles: frozenset[str]) -> Actor:
    """Somebody with these roles, whose id is given when the statement runs."""
    user_id = cast(Any, bindparam("user_id", type_=User.id.type))
    return Actor(user_id, NOBODY, roles, epoch=0, family_id=NOBODY, pair_id=NOBODY)


def _clinical(actor: Actor, now: Any) -> ColumnElement[bool]:
    """Whose clinical content is shown; everybody's, where being in the list already says so."""
    if Scope.CLINIC_WITHOUT_CLINICAL in scopes(actor, Action.READ_PATIENTS):
        return clinical_content_clause(actor, now)
    return true()


def _status_at(instant: ColumnElement[datetime]) -> Any:
    """The status row as it is at an instant: what time alone changed is in its forecasts."""
    row = cast(Table, PatientStatus.__table__)
    two_weeks, daily = row.c.two_week_forecast, row.c.daily_forecast
    changed = _figures_at(two_weeks, instant).op("||")(_figures_at(daily, instant))
    columns = [column(each.name, each.type) for each in row.c]
    return func.jsonb_populate_record(literal_column(row.name), changed).table_valued(*columns)


def _figures_at(steps: Any, instant: ColumnElement[datetime]) -> ColumnElement[Any]:
    step = func.jsonb_array_elements(steps).table_valued(column("value", JSONB))
    begins_at = sql_cast(step.c.value["from"].astext, INSTANT)
    last = select(step.c.value["figures"]).where(begins_at <= instant).order_by(begins_at.desc())
    return func.coalesce(last.limit(1).scalar_subquery(), _NOTHING)


def _columns(status: Any, alerts: Any, clinical: ColumnElement[bool]) -> list[Any]:
    """In the order of `CaseRow`."""
    known = (
        dict(status.c.items())
        | dict(Patient.__table__.c.items())
        | {
            "needs_invitation": func.coalesce(User.needs_invitation, False),
            "open_alerts": func.coalesce(alerts.c.count, 0),
            "rank": alerts.c.rank,
            "family": alerts.c.family,
            "clinical": clinical,
        }
    )
    return [_plain(known[name]).label(name) for name in CaseRow._fields]


def _plain(column: Any) -> Any:
    """As the driver gives it (instants in UTC: the connection's zone), without a call a value."""
    if isinstance(column.type, UtcDateTime):
        return type_coerce(column, INSTANT)
    return type_coerce(column, LargeBinary) if isinstance(column.type, EncryptedText) else column


def _same(table: Any, key: ColumnElement[bool]) -> ColumnElement[bool]:
    """Join inside the clinic: every key begins with it, so each row is one probe of an index."""
    return and_(table.clinic_id == Patient.clinic_id, key)


def _open_alerts() -> Select[Any]:
    """By patient how many alerts are open, the rank of the most severe (0: critical), what it is
    about, and whether symptoms have returned. One read of what is open, which is never much.
    """
    rank = func.array_position(sql_cast(list(SEVERITIES), ARRAY(Text)), Alert.severity)
    family = func.array_position(sql_cast(list(FAMILIES), ARRAY(Text)), Alert.family)
    most_severe = aggregate_order_by(Alert.family, rank, family, Alert.family)
    return (
        select(
            Alert.patient_id,
            func.count().label("count"),
            (func.min(rank) - 1).label("rank"),
            type_coerce(func.array_agg(most_severe), ARRAY(Text))[1].label("family"),
            func.bool_or(Alert.family == CATALOGUE["M3"].family).label("returned"),
        )
        .where(Alert.status != "resolved", Alert.patient_id.is_not(None))
        .group_by(Alert.patient_id)
    )
