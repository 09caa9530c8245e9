"""FastAPI with asyncpg doing our job for a daily form, as tightly as one would by hand.

Locks the status row, reads the known answer and the history, and writes the rows that we write as
one statement. It knows no clinics' walls (row-level security), no token families, no encryption, no
card, no amendments, no help requests, no danger in refused bodies and no audit: where it was in
doubt it does less than we do.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from statistics import fmean, median, stdev
from typing import Annotated, Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import jwt
import orjson
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field

SECRET = os.environ["PEER_SECRET"]
CLINIC = UUID("00000000-0000-7000-8000-000000000001")
RULE_VERSION = "2026.11"
SAFETY = ("S1", "S2", "S2p", "S3", "S4", "S5", "S6a", "S6b", "S7a", "S7b", "S8", "S9", "S10")
LOOKBACK = timedelta(days=28)
LOCK = """
SELECT revision, item9_positive_at, last_session_at FROM patient_status
WHERE clinic_id = $1 AND patient_id = $2 FOR UPDATE
"""
KNOWN = """
SELECT p.timezone, p.status, r.content_digest, r.first_answer, (
    SELECT json_agg(json_build_array(c.mood_day, c.total, c.q9_highest) ORDER BY c.mood_day)
    FROM check_ins c
    WHERE c.clinic_id = p.clinic_id AND c.patient_id = p.id AND c.instrument = $4
        AND NOT c.superseded AND c.counts_in_trend AND c.mood_day >= $5
) AS series
FROM patients p LEFT JOIN record_ids r ON r.id = $3
WHERE p.clinic_id = $1 AND p.id = $2
"""
WRITE = """
WITH entry AS (
    INSERT INTO check_ins (clinic_id, patient_id, id, root_id, version, instrument,
        instrument_version, mood_day, recorded_at, answered_at, received_at, timezone, zone,
        utc_offset_s, total, complete, answered, q9, q9_highest, flags, revision)
    VALUES ($1, $2, $3, $3, 1, $4, '1.0.0', $5, $6, $6, $7, $8, $8, $9, $10, true, $11, $12, $12,
        '{}', $13)
), contents AS (
    INSERT INTO check_in_contents (clinic_id, patient_id, check_in_id, answers)
    VALUES ($1, $2, $3, $14)
), decided AS (
    INSERT INTO decisions (clinic_id, id, patient_id, entry_id, rule_version, tier, decided,
        decided_at, revision)
    VALUES ($1, $15, $2, $3, '2026.11', $16, $17, $7, $13)
), kept AS (
    INSERT INTO record_ids (clinic_id, id, patient_id, kind, content_digest, first_answer,
        received_at)
    VALUES ($1, $3, $2, 'check_in', $18, $19, $7)
)
UPDATE patient_status SET revision = $13, last_check_in_at = $7, last_item9_on = $5,
    last_item9 = $12, daily_m7 = $20, daily_slope = $21, daily_figures_at = $7,
    item9_positive_at = CASE WHEN $12 > 0 THEN $6 ELSE item9_positive_at END
WHERE clinic_id = $1 AND patient_id = $2
"""
ALERT = """
INSERT INTO alerts (clinic_id, id, patient_id, family, severity, triggered_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (clinic_id, patient_id, family) WHERE status = 'open'
DO UPDATE SET occurrence_count = alerts.occurrence_count + 1
"""
Decision = dict[str, Any]


class Form(BaseModel):
    """What a phone sends."""

    id: UUID
    instrument: str
    answers: dict[str, Annotated[int, Field(ge=0, le=3)]]
    recorded_at: datetime
    timezone: str


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """A pool for each process."""
    async with asyncpg.create_pool(os.environ["PEER_DATABASE_URL"]) as app.state.pool:
        yield


app = FastAPI(lifespan=lifespan)
bearer = HTTPBearer()


async def patient(
    credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)],
) -> UUID:
    """Whose token this is."""
    try:
        return UUID(jwt.decode(credentials.credentials, SECRET, ["HS256"])["sub"])
    except jwt.PyJWTError as error:
        raise HTTPException(401) from error


@app.post("/v1/check-ins", status_code=201)
async def post_check_in(
    form: Form, patient_id: Annotated[UUID, Depends(patient)], request: Request
) -> Response:
    """Store it once, with what was decided and what was answered."""
    now = datetime.now(UTC)
    day = form.recorded_at.astimezone(ZoneInfo(form.timezone)).date()
    digest = hashlib.sha256(orjson.dumps(form.model_dump(), option=orjson.OPT_SORT_KEYS)).digest()
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        status = await connection.fetchrow(LOCK, CLINIC, patient_id)
        since = day - LOOKBACK
        known = await connection.fetchrow(
            KNOWN, CLINIC, patient_id, form.id, form.instrument, since
        )
        if status is None or known is None or known["status"] != "active":
            raise HTTPException(404)
        if known["first_answer"] is not None:
            if known["content_digest"] != digest:
                raise HTTPException(409)
            return _answer(known["first_answer"])
        body = await _store(connection, form, patient_id, status, known, digest, day, now)
    return _answer(body)


async def _store(
    connection: Any,
    form: Form,
    patient_id: UUID,
    status: Any,
    known: Any,
    digest: bytes,
    day: date,
    now: datetime,
) -> bytes:
    total, item9 = sum(form.answers.values()), form.answers.get("q9", 0)
    series = [(date.fromisoformat(on), found) for on, found, _ in orjson.loads(known["series"])]
    series.append((day, total))
    decided = _decide(item9, total, [found for _, found in series[:-1]], status)
    tier = "high" if item9 else "medium" if decided[-2]["fired"] else None
    body = orjson.dumps(_record(form, patient_id, day, total, item9, now))
    offset = form.recorded_at.utcoffset() or timedelta()
    await connection.execute(
        WRITE,
        *(CLINIC, patient_id, form.id, form.instrument, day, form.recorded_at, now, form.timezone),
        *(int(offset.total_seconds()), total, len(form.answers), item9, status["revision"] + 1),
        *(orjson.dumps(form.answers).decode(), uuid4(), tier, orjson.dumps(decided).decode()),
        *(digest, body, _mean(series, day), _slope(series, day)),
    )
    if tier is not None:
        family = "suicide_risk" if item9 else "m2"
        await connection.execute(ALERT, CLINIC, uuid4(), patient_id, family, tier, now)
    return body


def _decide(item9: int, total: int, before: Sequence[int], status: Any) -> list[Decision]:
    """Every rule with its inputs, whether it fired or not."""
    recent = status["item9_positive_at"] is not None
    inputs = {"item9": item9, "recent_risk": recent}
    found = [_decision(rule, inputs, fired=rule == "S2" and item9 > 0) for rule in SAFETY]
    spread = stdev(before) if len(before) > 1 else 0.0
    reference = median(before) if before else total
    smooth = float(reference)
    for one in (*before[-14:], total):
        smooth = 0.3 * one + 0.7 * smooth
    limit = reference + max(4.0, 2 * spread)
    figures = {"value": total, "sd": spread, "reference": reference, "ewma": smooth}
    found.append(_decision("M2", {**figures, "limit": limit}, fired=smooth > limit))
    rise = total - fmean(before[-3:]) if before else 0.0
    found.append(_decision("M5", {"rise": rise, "limit": 5}, fired=rise >= 5))
    return found


def _decision(rule: str, inputs: dict[str, Any], *, fired: bool) -> Decision:
    return {
        "rule": rule,
        "rule_version": RULE_VERSION,
        "fired": fired,
        "tier": "high" if fired else None,
        "inputs": inputs,
        "about": None,
    }


def _mean(series: Sequence[tuple[date, int]], day: date) -> float:
    return fmean(total for on, total in series if (day - on).days < 7)


def _slope(series: Sequence[tuple[date, int]], day: date) -> float:
    """Theil-Sen over a fortnight, a week's worth."""
    recent = {on: total for on, total in series if (day - on).days < 14}
    days = [(on.toordinal(), total) for on, total in sorted(recent.items())]
    slopes = [(b - a) / (y - x) for place, (x, a) in enumerate(days) for y, b in days[place + 1 :]]
    return 7 * median(slopes) if slopes else 0.0


def _record(
    form: Form, patient_id: UUID, day: date, total: int, item9: int, now: datetime
) -> dict[str, Any]:
    safety = {"level": "support", "call": "112"} if item9 else None
    return {
        "id": form.id,
        "patient_id": patient_id,
        "instrument": form.instrument,
        "instrument_version": "1.0.0",
        "answers": form.answers,
        "recorded_at": form.recorded_at,
        "received_at": now,
        "timezone": form.timezone,
        "mood_day": day,
        "note": None,
        "score": {"total": total, "complete": True, "answered": len(form.answers)},
        "flags": [],
        "seen_at": None,
        "safety": safety,
    }


def _answer(body: bytes) -> Response:
    return Response(body, 201, media_type="application/json")
