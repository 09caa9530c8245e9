"""What each rule costs the staff of a clinic, and how much of it they found useless."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, and_, case, false, func, or_, select

from models import Alert, AlertEvent, AlertFeedback, AlertResolution, Notification
from models.on_call.drill import DRILL
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.exceptions import Invalid

USUAL_SPAN: Final = timedelta(days=30)
LONGEST_SPAN: Final = timedelta(days=400)
# What got out: neither what is still to be sent nor what nobody received.
OUT: Final = ("sent", "delivered")


def get_rule_burden(
    actor: Actor, now: datetime, from_at: datetime | None = None, to_at: datetime | None = None
) -> dict[str, Any]:
    """A row for each rule that opened an alert in `[from_at, to_at)` (default: the last 30 days),
    the one with most pages first; the read is recorded.

    Times in seconds from the opening, of the alerts that were taken or resolved at all. An alert
    was judged when it was resolved or somebody said whether it was useful; it was noise when it
    was resolved as a false alarm, or when more of those who said so found it useless than useful.
    Drills are no rule's burden: their times stand with the drills.

    Raises `Forbidden`, and `Invalid` for a span that is empty or over 400 days.
    """
    until = to_at or now
    since = from_at or until - USUAL_SPAN
    if since >= until:
        raise Invalid({"from": ["Must be before `to`."]})
    if until - since > LONGEST_SPAN:
        raise Invalid({"to": ["At most 400 days after `from`."]})
    with acting(actor, now) as session:
        scopes(actor, Action.READ_CLINIC)
        rows = session.execute(_by_rule(since, until)).mappings().all()
        audit.record(session, actor.user_id, "rule_burden_read", now)
    return {"from": since, "to": until, "items": [_shown(dict(row)) for row in rows]}


def _by_rule(since: datetime, until: datetime) -> Select[Any]:
    each = _each_alert(since, until).cte("each")
    taken, resolved = each.c.taken_s, each.c.resolved_s
    return (
        select(
            each.c.rule,
            func.count().label("alerts"),
            func.count().filter(each.c.status != "resolved").label("open"),
            func.sum(each.c.occurrence_count).label("occurrences"),
            func.sum(each.c.pages).label("pages"),
            *_spread("acknowledge", taken),
            *_spread("resolve", resolved),
            func.count(each.c.noise).label("judged"),
            func.count().filter(each.c.noise).label("noise"),
        )
        .group_by(each.c.rule)
        .order_by(func.sum(each.c.pages).desc(), each.c.rule)
    )


def _each_alert(since: datetime, until: datetime) -> Select[Any]:
    same = and_(AlertEvent.alert_id == Alert.id, AlertEvent.clinic_id == Alert.clinic_id)
    taken_at = (
        select(func.min(AlertEvent.at)).where(same, AlertEvent.kind == "acknowledged")
    ).scalar_subquery()
    pages = (
        select(func.count())
        .where(
            Notification.clinic_id == Alert.clinic_id,
            Notification.alert_id == Alert.id,
            Notification.kind == "page",
            Notification.state.in_(OUT),
        )
        .scalar_subquery()
    )
    useless = (
        select(func.sum(case((AlertFeedback.useful, -1), else_=1)))
        .where(AlertFeedback.clinic_id == Alert.clinic_id, AlertFeedback.alert_id == Alert.id)
        .scalar_subquery()
    )
    is_judged = or_(AlertResolution.disposition.is_not(None), useless.is_not(None))
    is_noise = or_(
        func.coalesce(AlertResolution.disposition == "false_alarm", false()),
        func.coalesce(useless, 0) > 0,
    )
    return (
        select(
            Alert.rule,
            Alert.status,
            Alert.occurrence_count,
            pages.label("pages"),
            func.extract("epoch", taken_at - Alert.triggered_at).label("taken_s"),
            func.extract("epoch", Alert.resolved_at - Alert.triggered_at).label("resolved_s"),
            case((is_judged, is_noise)).label("noise"),
        )
        .outerjoin(
            AlertResolution,
            and_(
                AlertResolution.clinic_id == Alert.clinic_id, AlertResolution.alert_id == Alert.id
            ),
        )
        .where(Alert.family != DRILL, Alert.triggered_at >= since, Alert.triggered_at < until)
    )


def _spread(what: str, seconds: Any) -> list[Any]:
    """How many, the middle one, and the one that nine of ten stay under."""
    return [
        func.count(seconds).label(f"{what}_n"),
        *(
            func.percentile_cont(share).within_group(seconds).label(f"{what}_{name}")
            for name, share in (("median", 0.5), ("p90", 0.9))
        ),
    ]


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "rule": row["rule"],
        "alerts": row["alerts"],
        "open": row["open"],
        "occurrences": int(row["occurrences"]),
        "pages": int(row["pages"]),
        "time_to_acknowledge": _seconds(row, "acknowledge"),
        "time_to_resolve": _seconds(row, "resolve"),
        "judged": row["judged"],
        "noise": row["noise"],
        "noise_percent": round(100 * row["noise"] / row["judged"], 1) if row["judged"] else None,
    }


def _seconds(row: dict[str, Any], what: str) -> dict[str, Any]:
    found = {name: row[f"{what}_{name}"] for name in ("median", "p90")}
    whole = {f"{name}_s": None if s is None else round(s) for name, s in found.items()}
    return {"n": row[f"{what}_n"], **whole}
