"""FastAPI with raw asyncpg: one statement a check-in, prepared by the driver."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated
from uuid import UUID

import asyncpg
import jwt
import orjson
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field

SECRET = os.environ["PEER_SECRET"]
WRITE = """
WITH before AS (
    SELECT last_total FROM patient_state WHERE patient_id = $1 FOR UPDATE
), stored AS (
    INSERT INTO check_ins (patient_id, id, instrument, recorded_at, answers, total, item9)
    SELECT $1, $2, $3, $4, $5, $6, $7 FROM before
    ON CONFLICT (patient_id, id) DO NOTHING
    RETURNING id
), state AS (
    UPDATE patient_state SET forms = forms + 1, last_total = $6, last_at = $4
    WHERE patient_id = $1 AND EXISTS (SELECT FROM stored)
), alerted AS (
    INSERT INTO alerts (patient_id, check_in_id, reason)
    SELECT $1, stored.id, CASE WHEN $7 > 0 THEN 'item9' ELSE 'worse' END
    FROM stored, before WHERE $7 > 0 OR $6 - before.last_total >= 5
    RETURNING reason
)
SELECT (SELECT count(*) FROM before) AS known, (SELECT count(*) FROM stored) AS stored,
    (SELECT reason FROM alerted) AS alert
"""


class CheckIn(BaseModel):
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
    form: CheckIn, patient_id: Annotated[UUID, Depends(patient)], request: Request
) -> dict[str, object]:
    """Store it once."""
    total, item9 = sum(form.answers.values()), form.answers.get("q9", 0)
    answers = orjson.dumps(form.answers).decode()
    values = (patient_id, form.id, form.instrument, form.recorded_at, answers, total, item9)
    async with request.app.state.pool.acquire() as connection:
        row = await connection.fetchrow(WRITE, *values)
    if not row["known"]:
        raise HTTPException(404)
    return {"id": form.id, "total": total, "alert": row["alert"]}
