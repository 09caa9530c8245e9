"""Phones on a line that loses, cuts and doubles, and killed as their server is: nothing is lost,
nothing stands twice, every danger is on an alert.

The phones do what `docs/mobile.md` says and no more. Their days lie in the past and are played in
minutes; each phone's life is drawn from a seed of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

import orjson
import psycopg
import pytest

from api.play.outbox import Disk, Item
from api.play.phones import Wire
from api.play.simulated_phone import Phone, never
from tests.builders.phone.life import OFF, ZONES, Expected, Life, shown
from tests.builders.seen import saw
from tests.builders.world import ClinicWorld, Person
from tests.fixtures.bad_line import BadLine, bad_line
from tests.fixtures.running import RunningService, wait_until

pytestmark = pytest.mark.xdist_group("running")
THREADS: Final = 6
KILLED: Final = 0.01
TRIES: Final = 4
HEALED_TRIES: Final = 40
LONGEST_S: Final = 900.0
UP_LIMIT_S: Final = 60.0
# All that an app that follows the document may be answered: that it is stored; what a gateway says,
# and the service while it dies and comes back; that its token is old, or that an amendment came
# before its original. What is neither 200 nor 201 is tried again. Of our 503 the line may leave no
# more than the status.
EXPLAINED: Final = {
    "200", "201", "item 200", "item 201", "no answer", "502 (not ours)", "503 unavailable",
    "503 (not ours)", "item 503 unavailable", "401 token_expired", "item 404 not_found",
}  # fmt: skip
# Of a form that only an app with a fault makes.
REFUSED: Final = "item 422 validation_failed"
CHECK_INS = "SELECT id::text, mood_day FROM check_ins WHERE clinic_id = %s"
OTHERS = """
SELECT id::text, mood_day FROM side_effect_reports WHERE clinic_id = %s
UNION ALL SELECT id::text, NULL FROM help_requests WHERE clinic_id = %s
"""
OCCURRENCES = """
SELECT entry_id::text AS id, count(*) AS times FROM alert_occurrences
WHERE clinic_id = %s GROUP BY entry_id
"""
UNSEEN = """
SELECT a.id FROM alerts a WHERE a.clinic_id = %s AND a.severity IN ('critical', 'high')
  AND NOT EXISTS (SELECT FROM notifications n WHERE n.clinic_id = a.clinic_id
    AND n.alert_id = a.id AND n.kind = 'page' AND n.state IN ('sent', 'delivered'))
"""
LISTS: Final = ("/v1/check-ins", "/v1/side-effects", "/v1/help-requests")


def _now() -> datetime:
    return datetime.now(UTC)


class Killed(Exception):
    """The app is gone; what is on its disk is all that is left."""


@dataclass
class Carried:
    """A phone in somebody's pocket: the patient taps, the system kills the app, it starts again."""

    person: Person
    path: Path
    line: BadLine
    life: Life
    dice: Random
    now: datetime
    batch: int
    kills: int = 0
    killing: float = KILLED
    days_played: int = 0
    expected: dict[str, Expected] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    own_cards: set[str] = field(default_factory=set)
    cards: set[str] = field(default_factory=set)

    def live(self, days: list[date]) -> None:
        """All days, with some of them off the net; the first pair of tokens is there."""
        tokens = self.person.tokens(_now())
        self._use(lambda phone: phone.accept(tokens))
        offline = 0
        for number, day in enumerate(days):
            offline = self.dice.randrange(1, 7) if self.dice.random() < 0.08 else offline - 1
            for at, form in list(self.life.forms(day, number)):
                self._answer(at, form)
                if offline <= 0:
                    self._go_online(at)
            self.days_played += 1

    def catch_up(self) -> bool:
        """On a good line, nothing more to send: everything is stored and read."""
        self.killing = 0.0
        for _ in range(HEALED_TRIES):
            self.now = shown(self.now, timedelta(minutes=10))
            if self._use(Phone.sync) and not self._use(lambda phone: phone.disk.unsent()):
                return True
        return False

    def _answer(self, at: datetime, form: Item) -> None:
        """Tapped until it is on the phone: until then the patient sees that it is not."""
        self.now, of = at, self.expected.get(form.get("of", ""))
        while not self._use(lambda phone: phone.answer(form)):
            if self._use(lambda phone: form["id"] in phone.disk.ids()):
                break
        self.expected[form["id"]] = self.life.expected(at, form, of)

    def _go_online(self, at: datetime) -> None:
        """The app tries, and again after some minutes, also when it was killed on the way."""
        for number in range(TRIES):
            self.now = shown(at, timedelta(minutes=6 * number + 1))
            if self.dice.random() < 0.05:
                self._use(Phone.refresh)
            if self._use(Phone.sync):
                return

    def _use(self, what: Callable[[Phone], Any]) -> Any:
        """One start of the app for one thing; None when it is killed."""
        with closing(Disk(self.path)) as disk, self.phone(disk) as phone:
            try:
                return what(phone)
            except Killed:
                self.kills += 1
                return None

    @contextmanager
    def phone(self, disk: Disk) -> Iterator[Phone]:
        """The app on a disk."""
        with closing(Wire(self.line.url, tries=1)) as wire:
            yield Phone(
                disk=disk,
                line=wire.send,
                clock=lambda: shown(self.now, self.life.off),
                zone=self.life.zone,
                dice=self.dice,
                step=self._step if self.killing else never,
                sends_at=lambda: _now() + self.life.off,
                batch=self.batch,
                outcomes=self.outcomes,
                own_cards=self.own_cards,
                cards=self.cards,
            )

    def _step(self, _name: str) -> None:
        if self.dice.random() < self.killing:
            raise Killed


def test_phones_on_bad_lines_lose_nothing(
    running: RunningService,
    tmp_path: Path,
    phones: int = 6,
    days: int = 5,
    kills: int = 1,
    seed: int = 1,
    kill_database: Callable[[], None] | None = None,
) -> None:
    clinic, starts = running.clinic(), _now()
    # The last of them is over everywhere, whatever zone and clock a phone has.
    calendar = [starts.date() - timedelta(days=back) for back in range(days + 1, 1, -1)]
    with bad_line(running.url, seed) as line:
        carried = [
            _carried(clinic, line, tmp_path / str(number), starts, Random(f"{seed} {number}"))
            for number in range(phones)
        ]
        with ThreadPoolExecutor(THREADS) as pool:
            lives = [pool.submit(one.live, calendar) for one in carried]
            Deaths(running, carried, lives, kill_database).happen(kills, phones * days)
            for life in lives:
                life.result()
            wait_until(running.is_ready, "the API is back")
            line.heal()
            late = [n for n, ok in enumerate(pool.map(Carried.catch_up, carried)) if not ok]
        assert late == [], "phones that still have something to send"
        _check(running, clinic, carried, tmp_path)
    wait_until(
        lambda: not running.rows(UNSEEN, clinic.id), "somebody was reached about every alert"
    )
    saw(_summary(carried, line, kills))


def _carried(
    clinic: ClinicWorld, line: BadLine, path: Path, starts: datetime, dice: Random
) -> Carried:
    zone = dice.choice(ZONES)
    life = Life(Random(dice.random()), starts, dice.choice(OFF), zone)
    batch = dice.choice((3, 100))
    return Carried(clinic.patient(timezone=zone), path, line, life, dice, starts, batch)


@dataclass(frozen=True)
class Deaths:
    """The API dies so many times while days are played, and the database where it is the run's own;
    what died is up again before the next dies.
    """

    running: RunningService
    carried: Sequence[Carried]
    lives: Sequence[Future[None]]
    kill_database: Callable[[], None] | None

    def happen(self, times: int, phone_days: int) -> None:
        """Evenly over the days."""
        for number in range(times):
            self._wait_for(phone_days * (number + 0.5) / times)
            if self.kill_database is not None and number % 2:
                self.kill_database()
                # The looker's own connection died with it; it takes another one the next time.
                with suppress(psycopg.OperationalError):
                    self.running.rows("SELECT 1")
            else:
                self.running.kill_api()
            wait_until(self.running.is_ready, "the service is up again", UP_LIMIT_S)

    def _wait_for(self, days: float) -> None:
        wait_until(
            lambda: sum(one.days_played for one in self.carried) >= days or self._is_over(),
            "days go by",
            LONGEST_S,
        )

    def _is_over(self) -> bool:
        return all(life.done() for life in self.lives)


def _check(
    running: RunningService, clinic: ClinicWorld, carried: list[Carried], folder: Path
) -> None:
    """The promises, one by one."""
    expected = {id: one for phone in carried for id, one in phone.expected.items()}
    rows = running.rows(CHECK_INS, clinic.id) + running.rows(OTHERS, clinic.id, clinic.id)
    faulty = {id for id, one in expected.items() if one.is_faulty}
    assert Counter(row.id for row in rows) == Counter(set(expected) - faulty), "stored once"
    wrong = [row for row in rows if row.mood_day and row.mood_day not in expected[row.id].days]
    assert wrong == [], "the right mood day"
    risky = {id for id, one in expected.items() if one.is_risky}
    paged = {row.id: row.times for row in running.rows(OCCURRENCES, clinic.id)}
    assert [id for id in risky if paged.get(id) != 1] == [], "on an alert, once"
    assert risky <= set().union(*(phone.own_cards for phone in carried)), "a card before the net"
    assert risky <= set().union(*(phone.cards for phone in carried)), "the server's card"
    for number, phone in enumerate(carried):
        own_faults = faulty & set(phone.expected)
        explained = EXPLAINED | {REFUSED} if own_faults else EXPLAINED
        assert set(phone.outcomes) <= explained, phone.outcomes
        with closing(Disk(phone.path)) as disk:
            assert set(disk.ids()) == set(disk.refused()) == own_faults, "left on the phone"
        copies = _copies(running, phone, folder / f"fresh {number}")
        assert copies[0] == copies[1] == copies[2], f"phone {number}"
        assert _answers(copies[0]) == _answers_last_sent(phone), f"phone {number}"


def _copies(running: RunningService, carried: Carried, path: Path) -> list[dict[str, Item]]:
    """The phone's own, what a new one reads from the beginning, and what the lists hold; without
    the cards, which are as of when they were read.
    """
    with closing(Disk(carried.path)) as disk, closing(Disk(path)) as fresh:
        own, tokens = disk.copy(), orjson.loads(disk.kept("tokens") or "{}")
        with carried.phone(fresh) as again:
            again.accept(tokens)
            assert again.sync()
        # On a slow machine the phone's own token is over, and this one has asked for another.
        tokens = orjson.loads(fresh.kept("tokens") or "{}")
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        found = [own, fresh.copy(), {one["id"]: one for one in _listed(running, headers)}]
    return [{id: one | {"safety": None} for id, one in copy.items()} for copy in found]


def _listed(running: RunningService, headers: dict[str, str]) -> Iterator[Item]:
    for path in LISTS:
        cursor: str | None = ""
        while cursor is not None:
            page: Any = running.send("GET", f"{path}?limit=500{cursor}", headers).json()
            yield from page["items"]
            cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else None


def _answers(copy: dict[str, Item]) -> dict[str, Any]:
    return {id: _content(one) for id, one in copy.items()}


def _answers_last_sent(carried: Carried) -> dict[str, Any]:
    """What the patient last said: a correction stands in the place of what it corrects."""
    last: dict[str, Any] = {}
    for id, one in carried.expected.items():
        last.pop(str(one.item.get("of")), None)
        if not one.is_faulty:
            last[id] = _content(one.item)
    return last


def _content(entry: Item) -> Any:
    if "effects" in entry:
        return [(one["code"], one["grade"]) for one in entry["effects"]]
    answers = entry.get("answers", {})
    return {link: value for link, value in answers.items() if value is not None}


def _summary(carried: list[Carried], line: BadLine, kills: int) -> str:
    everything = [one for phone in carried for one in phone.expected.values()]
    risky = sum(one.is_risky for one in everything)
    faulty = sum(one.is_faulty for one in everything)
    outcomes = sum((phone.outcomes for phone in carried), Counter[str]())
    troubles = ", ".join(f"{count} x {name}" for name, count in sorted(line.troubles.items()))
    answered = ", ".join(f"{count} x {name}" for name, count in sorted(outcomes.items()))
    killed = sum(phone.kills for phone in carried)
    return (
        f"{len(everything) - faulty} entries, each once and on its day; {risky} risky, each on an"
        f" alert and paged; {faulty} of a faulty app, refused and kept; {line.requests} requests:"
        f" {troubles}; answers: {answered}; apps killed {killed} x, the service {kills} x"
    )
