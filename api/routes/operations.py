"""Is it alive, ready, safe? For load balancers, operators and their monitoring; no token."""

from __future__ import annotations

from dataclasses import asdict
from hmac import compare_digest
from typing import Any, Final

import structlog
from flask import Response, current_app, request
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

from api.http.auth import now, public
from api.http.bodies import Routes, json_answer
from api.http.client_address import is_loopback
from api.http.problems import MEDIA_TYPE, RETRY_AFTER_S, document, respond
from api.observability.metrics import DatabaseFigures, exposition
from api.settings import Settings
from migrations.numbered import migrations, newest_migration
from models.revision import migration_problem
from schemas.operations import AliveSchema, ReadySchema, SafetyProblem, SafetySchema
from services.exceptions import Unauthenticated
from services.operations.archive import archive
from services.operations.keys import missing_key
from services.operations.revision import database_revision, oldest_served, write_probe
from services.operations.rule_files import running_version, unloadable
from services.operations.safety import REASONS, Safety, safety, totals
from services.replica.standing import replica_standing

routes = Routes("operations", __name__, description="Is it alive, ready, safe?")
log = structlog.get_logger()
UNAVAILABLE: Final = "SERVICE_UNAVAILABLE"


@routes.reads("/healthz", AliveSchema)
@public
def healthz() -> Response:
    """The process answers; it does not ask the database."""
    return json_answer({"status": "alive"})


@routes.reads("/readyz", ReadySchema)
@public
@routes.alt_response(503, UNAVAILABLE)
def readyz() -> Response:
    """May requests be sent here: the database answers, takes writes, and is at the revision of
    this version, or at a later one that leaves it all it needs.
    """
    write_probe()
    found = database_revision()
    if migration_problem(found, newest_migration(), migrations(), oldest_served()):
        return not_now("The database is not at the revision that this version needs.")
    if missing_key():
        return not_now("The secret key is not the one that the database was written with.")
    return json_answer({"status": "ready", "revision": found})


@routes.reads("/safetyz", SafetySchema)
@public
@routes.alt_response(503, schema=SafetyProblem, content_type=MEDIA_TYPE, description="Why not")
def safetyz() -> Response:
    """Do pages get out: 503, with the reasons in words, when no worker is at work, when a critical
    or high page waits too long for its clinic's ladder or reached nobody, when the next step of a
    critical alert is late, when the database takes no writes, when a rule file would not load, when
    mail or a clock does not work for a worker, when the auditor is late or has found something,
    or without a public URL.
    """
    write_probe()
    figures = safety_figures()
    if figures["late"]:
        return not_now(" ".join(REASONS.get(word, word) for word in figures["late"]), **figures)
    return json_answer(figures)


@routes.reads("/metrics", {"type": "string"}, content_type="text/plain")
@public
@routes.alt_response(401, "UNAUTHORIZED")
def metrics() -> Response:
    """Prometheus metrics: counts, states and ages; no ids, no patient data. For whoever shows
    `METRICS_TOKEN` as Bearer, or asks from this machine while no proxy stands in front.
    """
    if not _may_scrape():
        raise Unauthenticated
    body = exposition(_database_figures())
    response: Response = current_app.response_class(body, content_type=CONTENT_TYPE_LATEST)
    return response


def _database_figures() -> DatabaseFigures:
    takes_writes = _takes_writes()
    try:
        found, counted, replica = safety(now()), totals(), replica_standing()
        archived = archive()
    except SQLAlchemyError as error:
        log.error("metrics_without_database", kind=type(error).__name__)
        return DatabaseFigures()
    return DatabaseFigures(found, counted, _late(found), takes_writes, replica, archived)


def _takes_writes() -> bool:
    try:
        write_probe()
    except SQLAlchemyError as error:
        log.error("database_takes_no_writes", kind=type(error).__name__)
        return False
    return True


def _may_scrape() -> bool:
    settings: Settings = current_app.config["INTERLUDE"]
    kind, _, shown = request.headers.get("Authorization", "").partition(" ")
    wanted = settings.metrics_token.encode()
    if wanted and kind.lower() == "bearer" and compare_digest(shown.strip().encode(), wanted):
        return True
    # Who forwards for somebody else is a proxy, also when nobody has named it.
    forwards = settings.trusted_proxies or "X-Forwarded-For" in request.headers
    return not forwards and is_loopback(request.remote_addr or "")


def safety_figures() -> dict[str, Any]:
    """What `SafetySchema` documents."""
    found = safety(now())
    figures = asdict(found)
    # For Prometheus alone: nobody is in danger by them.
    for name in ("times_taken", "unsealed_s", "unplanned_reminders_s", "api_ahead"):
        figures.pop(name)
    return {
        "late": _late(found),
        "unsent_pages": figures.pop("unsent"),
        **figures,
        "rules": {"version": running_version(), "unloadable": list(unloadable())},
    }


def _late(found: Safety) -> list[str]:
    """What the database says needs an operator, and what this process knows by itself."""
    settings: Settings = current_app.config["INTERLUDE"]
    late = [*found.late, *(["rules_unloadable"] if unloadable() else [])]
    # Mail is the workers' business; links and cookies are ours as well.
    if not settings.public_url and "no_public_url" not in late:
        late.append("no_public_url")
    return late


def not_now(detail: str, **figures: Any) -> Response:
    """503 as a problem document, with the figures beside it."""
    problem = document(503, "unavailable", "Temporarily unavailable", detail, **figures)
    return respond(problem, {"Retry-After": str(RETRY_AFTER_S)})
