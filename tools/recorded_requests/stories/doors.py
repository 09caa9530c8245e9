"""At the end: every call by everybody, the reports of the whole clinic, and the operator's view."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from tools.own_service import PASSWORD
from tools.recorded_requests.people import World, document
from tools.recorded_requests.recorder import Caller, Story, at

# Left out: what would end the log-ins that the rest of the record needs.
ENDS_LOG_INS: Final = ("/v1/auth/logout", "/v1/me/password")
PARAMETER: Final = re.compile(r"\{(\w+)\}")
UNKNOWN: Final = "5eed0000-0000-4000-8000-00000000dead"


def worklist(world: World) -> Story:
    """The clinic's alerts, in parts and one by one."""
    yield at(46, 14)
    sam, olly, admin = world.sam, world.olly, world.admin
    for query in (
        "status=triggered",
        "status=acknowledged",
        "status=resolved&limit=3",
        "severity=critical",
        "severity=medium&status=triggered",
        "severity=none",
        "limit=1",
        "cursor=x",
        f"patient_id={UNKNOWN}",
    ):
        for reader in (sam, olly, admin):
            reader.get(f"/v1/alerts?{query}")
    page = document(sam.get("/v1/alerts?status=resolved&limit=5"))
    while page["next_cursor"]:
        path = f"/v1/alerts?status=resolved&limit=5&cursor={page['next_cursor']}"
        page = document(sam.get(path))
    for item in document(sam.get("/v1/alerts?limit=200"))["items"]:
        for reader in (sam, olly, admin, world.stranger):
            reader.get(f"/v1/alerts/{item['id']}")


def reports(world: World) -> Story:
    """Outcomes of the clinic, and all that stands on file about each patient."""
    yield at(46, 16)
    sam, olly, admin = world.sam, world.olly, world.admin
    outcomes = "/v1/cohort/outcomes"
    for query in (
        "",
        "?product=ketamine",
        "?strict=true",
        "?from=2026-03-01&to=2026-04-30",
        "?x=1",
    ):
        sam.get(f"{outcomes}{query}")
    for kind in ("text/csv", "image/svg+xml", "image/png"):
        sam.get(outcomes, Accept=kind)
    for reader in (olly, admin, world.stranger):
        reader.get(outcomes)
    for patient in document(sam.get("/v1/patients?limit=100"))["items"]:
        path = f"/v1/patients/{patient['id']}"
        for part in ("", "/due", "/courses", "/sessions", "/screenings", "/care-team"):
            sam.get(f"{path}{part}")
        for instrument in ("phq9", "phq9-daily", "gad7"):
            sam.get(f"{path}/trend?instrument={instrument}")
        sam.get(f"{path}/trend", Accept="text/csv")
        sam.get(f"/v1/check-ins?patient_id={patient['id']}")


def doors(world: World) -> Story:
    """Every operation of the document, with ids that name nothing, by everybody."""
    yield at(47, 14)
    world.recorder.masks.know(UNKNOWN, "an id of nobody")
    openapi = world.nobody.get("/openapi.json").get_json()
    quinn = world.sam.patient("Quinn")
    everybody = (world.nobody, quinn, world.sam, world.olly, world.admin, world.stranger)
    for path, operations in openapi["paths"].items():
        if path in ENDS_LOG_INS or path.startswith(("/metrics", "/docs", "/openapi")):
            continue
        address = PARAMETER.sub(lambda found: known(found[1]), path)
        for method in sorted(operations.keys() - {"parameters"}):
            knock(everybody, method.upper(), address)
        world.sam.send("TRACE", address)
    for path in ("/v1", "/v1/nothing", "/v1/patients/x", "/favicon.ico"):
        world.nobody.get(path)
        world.sam.get(path)


def knock(everybody: Sequence[Caller], method: str, address: str) -> None:
    """One call by each of them; a body says nothing."""
    body: dict[str, Any] | None = {} if method in ("POST", "PUT", "PATCH") else None
    for who in everybody:
        who.send(method, address, body)


def known(parameter: str) -> str:
    """A value for a part of an address that names nothing."""
    return "phq9" if parameter == "code" else UNKNOWN


def operator(world: World) -> Story:
    """What the operator sees and runs."""
    yield at(48, 9)
    recorder, nobody = world.recorder, world.nobody
    recorder.worker()
    for path in ("/healthz", "/readyz", "/safetyz", "/docs"):
        nobody.get(path)
    metrics = recorder.app.test_client().get("/metrics").get_data(as_text=True)
    names = sorted({line.partition(" ")[0] for line in metrics.splitlines() if line[:1] != "#"})
    recorder.keep("Nobody", "names of /metrics", names=names)
    for words in (
        ("caseload", "verify"),
        ("audit", "verify"),
        ("rules", "replay", "--since", "2026-03-01"),
        ("cohort", "outcomes", world.clinic, "--json"),
        ("cohort", "outcomes", world.clinic, "--csv", "-", "--courses"),
        ("rules", "simulate", "--patients", "20", "--json"),
        ("cohort", "simulate", "50"),
        ("--help",),
        ("rules", "--help"),
    ):
        recorder.run(*words)
    recorder.tables()
    for path in ("/v1/me/password", "/v1/auth/logout"):
        world.tia.post(path, {"old_password": "no", "new_password": PASSWORD})


STORIES: Final = (worklist, reports, doors, operator)
