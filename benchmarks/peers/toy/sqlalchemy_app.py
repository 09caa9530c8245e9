"""FastAPI with SQLAlchemy's ORM and asyncpg, as its documentation writes it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field
from sqlalchemy import ForeignKey, SmallInteger, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import DateTime

SECRET = os.environ["PEER_SECRET"]
URL = os.environ["PEER_DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://", 1)
engine = create_async_engine(URL)
sessions = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    """The tables of `schema.sql`."""

    type_annotation_map = {datetime: DateTime(timezone=True)}  # noqa: RUF012 -- read once


class Patient(Base):
    """Somebody who answers."""

    __tablename__ = "patients"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]


class PatientState(Base):
    """Where they stand."""

    __tablename__ = "patient_state"
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"), primary_key=True)
    forms: Mapped[int]
    last_total: Mapped[int | None] = mapped_column(SmallInteger)
    last_at: Mapped[datetime | None]


class CheckIn(Base):
    """What they answered."""

    __tablename__ = "check_ins"
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    instrument: Mapped[str]
    recorded_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    total: Mapped[int] = mapped_column(SmallInteger)
    item9: Mapped[int] = mapped_column(SmallInteger)


class Alert(Base):
    """When it looks bad."""

    __tablename__ = "alerts"
    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"))
    check_in_id: Mapped[UUID]
    reason: Mapped[str]


class Form(BaseModel):
    """What a phone sends."""

    id: UUID
    instrument: str
    answers: dict[str, Annotated[int, Field(ge=0, le=3)]]
    recorded_at: datetime
    timezone: str


app = FastAPI()
bearer = HTTPBearer()


async def open_session() -> AsyncIterator[AsyncSession]:
    """One a request."""
    async with sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(open_session)]


async def current_patient(
    credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)], session: Session
) -> Patient:
    """Whose token this is."""
    try:
        patient_id = UUID(jwt.decode(credentials.credentials, SECRET, ["HS256"])["sub"])
    except jwt.PyJWTError as error:
        raise HTTPException(401) from error
    patient = await session.get(Patient, patient_id)
    if patient is None:
        raise HTTPException(401)
    return patient


@app.post("/v1/check-ins", status_code=201)
async def post_check_in(
    form: Form, patient: Annotated[Patient, Depends(current_patient)], session: Session
) -> dict[str, object]:
    """Store it once."""
    total, item9 = sum(form.answers.values()), form.answers.get("q9", 0)
    state = await session.scalar(
        select(PatientState).where(PatientState.patient_id == patient.id).with_for_update()
    )
    known = await session.get(CheckIn, (patient.id, form.id))
    reason = None
    if known is None and state is not None:
        if item9 > 0 or total - (state.last_total or total) >= 5:
            reason = "item9" if item9 > 0 else "worse"
            session.add(Alert(patient_id=patient.id, check_in_id=form.id, reason=reason))
        fields = form.model_dump(include={"id", "instrument", "recorded_at", "answers"})
        session.add(CheckIn(patient_id=patient.id, total=total, item9=item9, **fields))
        state.forms += 1
        state.last_total, state.last_at = total, form.recorded_at
        await session.commit()
    return {"id": form.id, "total": total, "alert": reason}
