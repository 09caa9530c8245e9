"""Somebody deletes every check-in: the database comes back as it was one second before.

What the runbook says for that night is what is run, block by block. pgBackRest keeps a base backup
and the archive, by the operator's own files. Phones send all the while; what was acknowledged
before the instant must be back, and nothing that was ended may live.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from services.clock import utcnow
from tests.builders.entries import phq9
from tests.builders.workers import FIRST
from tests.fixtures.running import RunningService, receivers, wait_until
from tests.production.guided.operator import HospitalOperator
from tests.production.guided.pages import GUIDE, RUNBOOK, blocks, full_name, with_values
from tests.production.lab.hospital import Hospital
from tests.production.lab.traffic import PhoneTraffic
from tests.production.part import Part, Trial
from tests.production.restored import (
    DEED,
    EARLIER,
    KNOWN,
    SEAL,
    as_written,
    is_verified,
    whole_ms,
)
from tests.proofs.seen import Seen, verdict

PHONES: Final = 6
# Who says once that they are in danger, and then nothing.
QUIET_PHONES: Final = 3
BEFORE_BACKUP_S: Final = 5.0
AFTER_BACKUP_S: Final = 15.0
PAGES: Final = """
SELECT id, alert_id, page_round, page_step, contact_id, user_id FROM notifications
WHERE kind = 'page'
"""
QUEUED_ANEW: Final = """
SELECT DISTINCT notification_id AS id FROM notification_attempts
WHERE outcome = 'page_queued_anew'
"""
NIGHT: Final = "When it is needed"
ENABLED: Final = re.compile(r"^systemctl enable --now (.*)$", re.M)


def restore(trial: Trial) -> Iterator[Seen]:
    """The whole story; ends what it started."""
    with receivers() as (mail, webhook):
        hospital = Hospital(trial, mail, webhook)
        try:
            with hospital.timed("cluster and archive made"):
                hospital.make()
            with hospital.service() as running:
                story = _Story(hospital, running)
                story.until_the_deed()
                yield from story.afterwards()
        finally:
            hospital.cluster.stop()


class _Story:
    """One hospital's night, as its phones and its on-call desk saw it."""

    def __init__(self, hospital: Hospital, running: RunningService) -> None:
        self.hospital = hospital
        clinic = running.world().clinic()
        clinic.contact(hospital.webhook.url)
        clinic.contact(f"mailto:{FIRST}")
        self.patients = [clinic.patient(f"Pat {place}") for place in range(PHONES)]
        self.quiet = [clinic.patient(f"Pat Quiet {place}") for place in range(QUIET_PHONES)]
        self.lost_phone = clinic.patient("Pat Lost")
        self.lost_token = str(self.lost_phone.tokens(utcnow())["refresh_token"])
        self.traffic = PhoneTraffic(running, self.patients, hospital.trial.seed)
        self.instant = utcnow()
        self.operator = HospitalOperator(hospital, running)

    def until_the_deed(self) -> None:
        """A backup, more check-ins, a log-in that is ended, and every check-in deleted; the phones
        go on all the while.
        """
        hospital, running = self.hospital, self.traffic.service
        for patient in self.quiet:
            assert running.post(patient, phq9(item9=3)).status == 201
        with self.traffic.going_on():
            time.sleep(BEFORE_BACKUP_S)
            with hospital.timed("base backup"):
                hospital.repository.run("--type=full", "backup")
            hospital.command(running, *SEAL)
            time.sleep(AFTER_BACKUP_S)
            # Somebody lost their phone, and says so too late to be in what is restored.
            assert running.send("POST", "/v1/auth/logout", self.lost_phone.headers).status == 204
            time.sleep(EARLIER.total_seconds() / 2)
            with hospital.cluster.connect("interlude") as admin:
                admin.execute("SET session_replication_role = replica")
                self.instant = whole_ms(utcnow() - EARLIER)
                admin.execute(DEED)
            time.sleep(EARLIER.total_seconds())
        hospital.command(running, *SEAL)

    def afterwards(self) -> Iterator[Seen]:
        """By the runbook, and what is there at each of its steps."""
        hospital, running = self.hospital, self.traffic.service
        stop, hand_out, restore, finish, start, back_up, lost = blocks(RUNBOOK, NIGHT)
        self._follow("stopped", stop)
        self._follow("last file handed out", hand_out)
        self._follow("restored", with_values(restore, TIME=f"'{as_written(self.instant)}'"))
        with hospital.timed("replayed"):
            wait_until(hospital.is_promoted, "recovery ends", 120)
        pages_then = {row[0]: row for row in hospital.rows(PAGES)}
        sent_before = self._keys()
        hospital.webhook.reset()
        hospital.mail.reset()
        unfinished = hospital.command(running, "restore", "verify", code=1)
        lines = self._follow("finished and verified", finish)
        yield self._is_back()
        claim = "restore verify: refused before restore finish, good after it"
        yield is_verified(claim, unfinished, lines)
        yield self._chain_goes_on(running, start)
        running.start()
        yield self._pages(running, pages_then, sent_before)
        yield self._phones(running)
        self._follow("backup of what is there now", back_up)
        yield self._what_was_lost(lost)
        yield hospital.drill(running)

    def _follow(self, step: str, block: str) -> str:
        with self.hospital.timed(step):
            return self.operator.follow(block)

    def _keys(self) -> set[UUID]:
        """Of the pages that have arrived: webhooks and mails."""
        requests = list(self.hospital.webhook.requests)
        keys = {request.headers["Idempotency-Key"] for request in requests}
        mails = [str(mail["Message-ID"]) for mail in list(self.hospital.mail.inbox)]
        return {UUID(key) for key in keys | {name.strip("<>").split("@")[0] for name in mails}}

    def _is_back(self) -> Seen:
        """Every form whose answer a phone had before the instant."""
        known = {str(row[0]) for row in self.hospital.rows(KNOWN)}
        due = self.traffic.until(self.instant)
        problems = [f"{name} is not back" for name in due if name not in known]
        steps = ", ".join(f"{name} {took:.1f} s" for name, took in self.hospital.steps.items())
        return verdict(
            "restored to one second before every check-in was deleted: all is back",
            f"{len(due)} acknowledged check-ins of {PHONES} phones",
            f"all {len(due)} are back; {steps}",
            problems or ([] if due else ["nothing was acknowledged"]),
        )

    def _chain_goes_on(self, running: RunningService, start: str) -> Seen:
        """The sealer refuses a chain that its checkpoint does not know, and goes on without it; all
        that the guide enables is started again.
        """
        refused = self.hospital.command(running, *SEAL, code=1)
        self.operator.follow(start)
        enabled = {full_name(unit) for line in ENABLED.findall("".join(blocks(GUIDE)))
                   for unit in line.split()}  # fmt: skip
        missing = sorted(enabled - self.operator.started)
        sealed = self.hospital.command(running, *SEAL)
        shown = self.hospital.command(running, "audit", "verify")
        return verdict(
            "the audit's chain goes on once the sealer's checkpoint was moved away, and not before;"
            " all that the guide enables is started",
            f"one restore, {len(enabled)} units",
            " ".join(f"{sealed} {shown}".split()),
            [refused] * bool(refused) + [f"{unit} is not started again" for unit in missing],
        )

    def _what_was_lost(self, block: str) -> Seen:
        """The old files tell what came in after the instant, while the service is at work."""
        try:
            shown = self._follow("what was lost", block)
        finally:
            self.operator.stop_spoilt()
        known = {str(row[0]) for row in self.hospital.rows(KNOWN)}
        lost = [name for name in self.traffic.acknowledged if name not in known]
        problems = [f"{name} is lost and not listed" for name in lost if name not in shown]
        problems += [] if lost else ["nothing was lost, so nothing is shown"]
        return verdict(
            "restore lost: what was acknowledged after the instant is listed from the old files",
            f"{len(lost)} check-ins of the last second and after the deletion",
            next((line for line in shown.splitlines() if "are missing here" in line), "nothing"),
            problems,
        )

    def _pages(
        self, running: RunningService, then: Mapping[UUID, Any], sent_before: set[UUID]
    ) -> Seen:
        """Each page of an open alert came again, and each that was decided before has one key."""
        due = {row.id for row in running.rows(QUEUED_ANEW)}
        wait_until(lambda: due <= self._keys(), "every page goes out again", 60)
        again = self._keys()
        step = {row[1:6]: row[0] for row in then.values()}
        decided = {row.id: tuple(row)[1:6] for row in running.rows(PAGES)}
        twice = [
            f"{page} of a step that was paged as {step[decided[page]]}"
            for page in again
            if page in decided and step.get(decided[page], page) != page
        ]
        strange = [f"{page} is no page of this database" for page in again - decided.keys()]
        return verdict(
            "pages of open alerts are queued anew and go out, none twice without its key",
            f"{len(due)} pages",
            f"{len(due & sent_before)} that had been sent came again under their keys,"
            f" {len(due - sent_before)} for the first time",
            twice
            + strange
            + ([] if due & sent_before else ["no page that had been sent came again"]),
        )

    def _phones(self, running: RunningService) -> Seen:
        """Phones that were not lost go on, with the same answers; the lost one is out."""
        problems = []
        header = {"Authorization": f"Bearer {self.lost_token}"}
        if running.send("POST", "/v1/auth/refresh", header).status != 401:
            problems.append("the log-in of the lost phone is alive again")
        kept = list(self.traffic.until(self.instant).values())[:: max(1, PHONES)]
        for one in kept:
            reply = running.post(one.patient, one.form)
            if reply.body != one.answer:
                problems.append(f"{one.form['id']} is answered otherwise: {reply.status}")
        return verdict(
            "phones go on: the same id has the same answer; a log-in ended since stays ended",
            f"{len(kept)} forms sent again",
            "byte for byte; the lost phone is refused",
            problems,
        )


def part() -> Part:
    """For the table."""
    return Part("restore", restore)
