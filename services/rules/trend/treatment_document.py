"""Treatment in the trend report as JSON: courses and sessions, what they did, what they cost."""

from __future__ import annotations

from services.rules.courses import Session
from services.rules.figures.effect_duration import Duration, EffectDuration
from services.rules.figures.onset import Onset
from services.rules.side_effects.burden import Burden, Tally
from services.rules.statistics import Step
from services.rules.trend.treatment import CourseFigures, SessionFigures, TreatmentFigures
from services.rules.trend.wire import Json, day, instant, number
from services.rules.worsening.return_of_symptoms import Relapse


def treatment_fields(found: TreatmentFigures) -> Json:
    """Return the fields of the trend JSON that come from courses and sessions."""
    return {
        "sessions": [_session(figures) for figures in found.sessions],
        "effect_duration": _effect_duration(found.effect_duration),
        "onset": _onset(found.onset),
        "course": _course(found.course),
        "relapse": _relapse(found.relapse),
    }


def burden_fields(burden: Burden) -> Json:
    """Return what one session cost in side effects."""
    return {
        "session_id": burden.session_id,
        **_tally(burden.total),
        "acute": _tally(burden.acute),
        "persistent": _tally(burden.persistent),
        "long_term": _tally(burden.long_term),
        "resolved_within_24h": {
            "resolved": burden.resolved,
            "known": burden.known,
            "percent": number(burden.percent_resolved),
        },
    }


def _session(figures: SessionFigures) -> Json:
    session, effect, held = figures.session, figures.effect, figures.duration
    return {
        "id": session.id,
        "started_at": instant(session.started_at),
        "course_id": session.course_id,
        "number": figures.number,
        "product": session.product,
        "route": session.route,
        "dose": _dose(session),
        "pre": number(effect.pre),
        "pre_is_floor": effect.is_floor,
        "nadir": number(effect.nadir),
        "nadir_on": day(effect.nadir_on),
        "observed_days": effect.observed_days,
        "effect": number(effect.effect),
        "shares_window_with": [
            other.id for other in figures.window.sessions if other.id != session.id
        ],
        **_duration(held),
    }


def _dose(session: Session) -> Json | None:
    if session.dose_value is None:
        return None
    return {"value": number(session.dose_value), "unit": session.dose_unit}


def _duration(held: Duration) -> Json:
    interval = None if held.low is None else {"low": held.low, "high": held.high}
    return {
        "duration_days": held.days,
        "duration_status": held.status,
        "interval": interval,
        "censored_by": held.censored_by,
    }


def _effect_duration(found: EffectDuration) -> Json:
    return {
        "n": found.n,
        "events": found.events,
        "censored": found.censored,
        "no_effect": found.no_effect,
        "unmeasured": found.unknown,
        "median_days": found.median,
        "curve": [_step(step) for step in found.curve],
    }


def _step(step: Step) -> Json:
    return {
        "days": step.days,
        "at_risk": step.at_risk,
        "events": step.events,
        "censored": step.censored,
        "survival": number(step.survival),
    }


def _onset(found: Onset | None) -> Json | None:
    if found is None:
        return None
    return {"on": day(found.on), "days": found.days, "hours": number(found.hours)}


def _course(found: CourseFigures | None) -> Json | None:
    if found is None:
        return None
    course, response = found.course, found.response
    return {
        "id": course.id,
        "product": course.product,
        "phase": course.phase,
        "started_on": day(course.started_on),
        "ended_on": day(course.ended_on),
        "sessions": len(found.sessions),
        "last_induction_on": day(response.since if response else None),
        "response_duration_days": response.days if response else None,
        "response_status": response.status if response else None,
    }


def _relapse(found: Relapse | None) -> Json | None:
    if found is None:
        return None
    return {"on": day(found.on), "confirmed_on": day(found.confirmed_on), "form": found.form}


def _tally(tally: Tally) -> Json:
    return {"count": tally.count, "max_grade": tally.max_grade}
