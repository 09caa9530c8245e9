"""Flask with Flask-SQLAlchemy's ORM, written without a thought of speed."""

from __future__ import annotations

import os
from datetime import datetime
from uuid import UUID

import jwt
from flask import Flask, abort, jsonify, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import func
from sqlalchemy.dialects.postgresql import JSONB

SECRET = os.environ["PEER_SECRET"]
app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["PEER_DATABASE_URL"].replace(
    "postgresql://", "postgresql+psycopg://", 1
)
app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_pre_ping": True}
db = SQLAlchemy(app)


class Patient(db.Model):
    """Somebody who answers."""

    __tablename__ = "patients"
    id = db.Column(db.Uuid, primary_key=True)
    name = db.Column(db.Text, nullable=False)
    state = db.relationship("PatientState", uselist=False, back_populates="patient")


class PatientState(db.Model):
    """Where they stand."""

    __tablename__ = "patient_state"
    patient_id = db.Column(db.Uuid, db.ForeignKey("patients.id"), primary_key=True)
    forms = db.Column(db.Integer, nullable=False)
    last_total = db.Column(db.SmallInteger)
    last_at = db.Column(db.DateTime(timezone=True))
    patient = db.relationship("Patient", back_populates="state")


class CheckIn(db.Model):
    """What they answered."""

    __tablename__ = "check_ins"
    patient_id = db.Column(db.Uuid, db.ForeignKey("patients.id"), primary_key=True)
    id = db.Column(db.Uuid, primary_key=True)
    instrument = db.Column(db.Text, nullable=False)
    recorded_at = db.Column(db.DateTime(timezone=True), nullable=False)
    received_at = db.Column(db.DateTime(timezone=True), server_default=func.now())
    answers = db.Column(JSONB, nullable=False)
    total = db.Column(db.SmallInteger, nullable=False)
    item9 = db.Column(db.SmallInteger, nullable=False)


class Alert(db.Model):
    """When it looks bad."""

    __tablename__ = "alerts"
    id = db.Column(db.BigInteger, primary_key=True)
    patient_id = db.Column(db.Uuid, db.ForeignKey("patients.id"), nullable=False)
    check_in_id = db.Column(db.Uuid, nullable=False)
    reason = db.Column(db.Text, nullable=False)


def current_patient() -> Patient:
    """Whose token this is."""
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    try:
        patient_id = UUID(jwt.decode(token, SECRET, algorithms=["HS256"])["sub"])
    except jwt.PyJWTError:
        abort(401)
    patient = db.session.get(Patient, patient_id)
    return patient or abort(401)


@app.post("/v1/check-ins")
def post_check_in():
    """Store it once."""
    patient, body = current_patient(), request.get_json()
    answers = body["answers"]
    if not all(isinstance(one, int) and 0 <= one <= 3 for one in answers.values()):
        abort(422)
    total, item9, reason = sum(answers.values()), answers.get("q9", 0), None
    db.session.refresh(patient.state, with_for_update=True)
    form = db.session.get(CheckIn, (patient.id, UUID(body["id"])))
    if form is None:
        form = CheckIn(
            patient_id=patient.id,
            id=UUID(body["id"]),
            instrument=body["instrument"],
            recorded_at=datetime.fromisoformat(body["recorded_at"]),
            answers=answers,
            total=total,
            item9=item9,
        )
        db.session.add(form)
        if item9 > 0 or total - (patient.state.last_total or total) >= 5:
            reason = "item9" if item9 > 0 else "worse"
            db.session.add(Alert(patient_id=patient.id, check_in_id=form.id, reason=reason))
        patient.state.forms += 1
        patient.state.last_total, patient.state.last_at = total, form.recorded_at
        db.session.commit()
    return jsonify(id=str(form.id), total=form.total, alert=reason), 201
