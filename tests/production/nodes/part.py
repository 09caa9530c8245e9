"""Three nodes, a fire, and every check-in deleted: all that was acknowledged comes back.

Phones send all the while; what was acknowledged before the instant must be there, also from before
the fire, and what came in after it is listed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg

from api.embedded.urls import DatabaseUrls
from migrations.roles import APP, AUDITOR, libpq_url
from services.clock import utcnow
from tests.builders.entries import phq9
from tests.fixtures.mail import MailServer
from tests.fixtures.running import receivers, wait_until
from tests.fixtures.webhook import WebhookReceiver
from tests.production.failover.phones import Acknowledged, Phones, posting
from tests.production.guided.pages import blocks
from tests.production.lab.database import PASSWORD, make_database
from tests.production.lab.patroni import DatabaseNode
from tests.production.lab.service import ShippedService
from tests.production.lab.three_nodes import ThreeNodes, three_nodes
from tests.production.nodes.following import PAGE, follow
from tests.production.nodes.losing import back_up, burn, copy_anew, replace
from tests.production.nodes.watched import metrics_are_there
from tests.production.packages import need
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

PHONES: Final = 8
GOING_ON_S: Final = 5.0
ANSWERED_WITHIN_S: Final = 120.0
# The spoilt folder's server, as the page starts it.
SPOILT_PORT: Final = 5433
CHECKPOINT_WITHIN_S: Final = 60.0


def nodes_restored(trial: Trial) -> Iterator[Seen]:
    """The whole story; ends what it started."""
    need("etcd-client")
    trial.tell("making three nodes")
    with three_nodes(trial.folder) as lab, receivers() as (mail, webhook):
        urls = make_database(lab.door.port, trial.folder)
        story = _Story(trial, lab, urls, mail, webhook)
        yield from story.until_the_deed()
        yield story.restored()
        yield from story.afterwards()


class _Story:
    """What phones were told, and the instant that is restored."""

    def __init__(
        self,
        trial: Trial,
        lab: ThreeNodes,
        urls: DatabaseUrls,
        mail: MailServer,
        webhook: WebhookReceiver,
    ) -> None:
        self.trial, self.lab, self.urls = trial, lab, urls
        self.receivers = mail, webhook
        self.data = trial.folder / "service"
        self.acknowledged: list[Acknowledged] = []
        self.before_fire = 0
        self.instant, self.instant_s = utcnow(), 0.0
        kept = {name: str(self.data / f"audit_{name}") for name in ("endings", "checkpoint")}
        self.endings = ("--endings", kept["endings"])
        self.known = (*self.endings, "--checkpoint", kept["checkpoint"])
        self.was_primary = lab.nodes[0]

    @contextmanager
    def service(self) -> Iterator[ShippedService]:
        """On the three nodes, reports from a standby; the block may start it."""
        replica = f"127.0.0.1:{self.lab.door.replica_port}/interlude"
        given = {"REPLICA_DATABASE_URL": f"postgresql+psycopg://{APP}:{PASSWORD}@{replica}"}
        service = ShippedService(self.urls, self.data, *self.receivers, given=given)
        try:
            yield service
        finally:
            service.stop()

    def until_the_deed(self) -> Iterator[Seen]:
        """A backup, a fire, a new node, a new copy, and every check-in deleted, under load."""
        tell = self.trial.tell
        with self.service() as service:
            service.start()
            clinic = service.world().clinic()
            clinic.contact(service.webhook.url)
            assert service.post(clinic.patient("Pat Quiet"), phq9(item9=3)).status == 201
            # What was ended, `restore finish` ends again.
            lost_phone = clinic.patient("Pat Lost")
            assert service.send("POST", "/v1/auth/logout", lost_phone.headers).status == 204
            people = [clinic.patient() for _ in range(PHONES)]
            with posting(service.url, people, self.trial.seed) as phones:
                _go_on(phones)
                tell("backup")
                yield back_up(self.lab)
                _go_on(phones)
                tell("fire")
                lost, seen = burn(self.lab)
                self.before_fire = phones.count()
                yield seen
                _go_on(phones)
                tell("a new node")
                yield replace(self.lab, lost)
                tell("a new copy")
                yield copy_anew(self.lab)
                yield metrics_are_there(self.lab)
                self._run(service, *SEAL)
                _go_on(phones)
                self._delete()
                time.sleep(EARLIER.total_seconds())
            self._run(service, *SEAL)
            self.acknowledged = phones.acknowledged()

    def _delete(self) -> None:
        time.sleep(EARLIER.total_seconds())
        with psycopg.connect(libpq_url(self.urls.admin), autocommit=True) as admin:
            admin.execute("SET session_replication_role = replica")
            now, self.instant_s = utcnow() - EARLIER, time.monotonic() - EARLIER.total_seconds()
            self.instant = whole_ms(now)
            admin.execute(DEED)

    def restored(self) -> Seen:
        """By the page, block after block."""
        hand_out, stop, restore, form, follow_it, _ = blocks(PAGE, "Restore")
        primary = self.was_primary = self.lab.primary()
        others = self.lab.others(primary)
        follow(hand_out, primary)
        for node in (*others, primary):
            follow(stop, node)
        began = time.monotonic()
        self.trial.tell("restore")
        follow(restore, primary, {"TIME": as_written(self.instant)})
        restored = time.monotonic()
        self.trial.tell("form the cluster again")
        follow(form, primary)
        for node in others:
            follow(follow_it, node)
        self.lab.wait_until_whole()
        whole = time.monotonic()
        with psycopg.connect(libpq_url(self.urls.admin)) as admin:
            there = {row[0] for row in admin.execute(KNOWN)}
        due = [one for one in self.acknowledged if one.at <= self.instant_s]
        return verdict(
            "three nodes restored by the page to one second before every check-in was deleted",
            f"{len(due)} acknowledged check-ins, {self.before_fire} of them before the fire",
            f"all {len(due)} are back; replayed after {restored - began:.0f} s, one primary and two"
            f" standbys that stream after {whole - began:.0f} s",
            [f"{one.id} is not back" for one in due if one.id not in there]
            + ["nothing was acknowledged before or after the fire"]
            * (not 0 < self.before_fire < len(due)),
        )

    def afterwards(self) -> Iterator[Seen]:
        """The service's own part, then the archive, the spoilt folder and reports."""
        with self.service() as service:
            unfinished = self._run(service, "restore", "verify", code=1)
            self._run(service, "restore", "finish", *self.endings)
            lines = self._run(service, "restore", "verify", *self.known)
            claim = "restore verify on three nodes: refused before restore finish, good after it"
            yield is_verified(claim, unfinished, lines)
            self.trial.tell("what was lost")
            yield self._listed(service)
            checkpoint = self.data / "audit_checkpoint"
            checkpoint.rename(checkpoint.with_name("audit_checkpoint.before-restore"))
            service.start()
            yield self._reports(service)
        primary = self.lab.primary()
        primary.backrest("check")
        primary.backrest("--type=full", "backup")
        yield verdict("the archive goes on after the restore, with a new backup", "one", "made", [])

    def _listed(self, service: ShippedService) -> Seen:
        """What came in after the instant, from the former primary's folder."""
        *_, start = blocks(PAGE, "Restore")
        node = self.was_primary
        follow(start, node)
        try:
            where = f"host={node.machine.address} port={SPOILT_PORT} dbname=interlude"
            words = f"{where} user={AUDITOR} password={PASSWORD}"
            shown = service.command("restore", "lost", words).stdout
        finally:
            node.run("sh", "-c", _stopped(start))
        lost = [one for one in self.acknowledged if one.at > self.instant_s]
        there = {row.id for row in service.rows(KNOWN)}
        missing = [str(one.id) for one in lost if one.id not in there]
        return verdict(
            "restore lost: what came in after the instant is listed from the spoilt folder",
            f"{len(missing)} check-ins",
            shown.splitlines()[-1] if shown else "nothing",
            [f"{name} is lost and not listed" for name in missing if name not in shown],
        )

    def _reports(self, service: ShippedService) -> Seen:
        """The door to the standbys is used once they have a restart point of the new primary."""
        for node in (self.lab.primary(), *self.lab.others(self.lab.primary())):
            _checkpoint(node)
        seen: list[str] = []

        def is_near() -> bool:
            words = service.command("check").stdout.splitlines()
            seen[:] = [" ".join(line.split()) for line in words if "replica" in line]
            return bool(seen) and "behind" in seen[0] and "NO" not in seen[0]

        wait_until(is_near, "reports are read from a standby", CHECKPOINT_WITHIN_S)
        return verdict("reports through HAProxy's door to the standbys", "two", seen[0], [])

    def _run(self, service: ShippedService, *words: str, code: int = 0) -> str:
        done = service.command(*words)
        if done.returncode != code:
            raise AssertionError(f"{' '.join(words)}: {done.stdout}{done.stderr}"[-1500:])
        return done.stdout


def _go_on(phones: Phones) -> None:
    """Until phones have been answered for a while."""
    since = time.monotonic() + GOING_ON_S
    wait_until(
        lambda: any(one.at > since for one in phones.acknowledged()[-1:]),
        "phones are answered",
        ANSWERED_WITHIN_S,
    )


def _stopped(start: str) -> str:
    """The page's command for the spoilt folder, to stop it."""
    command = start.split(" -l ")[0].replace("\\\n", " ")
    return f"{command} -m fast stop"


def _checkpoint(node: DatabaseNode) -> None:
    as_postgres = ("runuser", "-u", "postgres", "--")
    node.run(*as_postgres, "psql", "-q", "-h", "/var/lib/postgresql/15", "-c", "CHECKPOINT")


def part() -> Part:
    """For the table."""
    return Part("nodes restored", nodes_restored)
