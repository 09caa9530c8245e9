"""A demo that lives: phones of made-up patients answer, over HTTP and a line that loses some of it.

What they answer is near to how their story ends and harmless, unless a bad night is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from api.play.outbox import Disk, Item
from api.play.phones import Reply, Wire
from api.play.simulated_phone import Line, Phone
from services.clock import utcnow
from services.demo.clinic import ZONE
from services.demo.series import DAYS, NOISE, Story, answers, true_levels
from services.evaluation.simulation.patients import score

# Of what is sent, and of what is answered.
LOST: Final = 0.1
MILD: Final = ("nausea", "dizziness", "headache")
BAD_NIGHT: Final = 2


@dataclass
class LivingPhone:
    """One patient's, and who they are; its disk is kept from one run to the next."""

    story: Story
    disk: Disk
    line: Line
    dice: Random
    answered: int = 0
    phone: Phone = field(init=False)

    def __post_init__(self) -> None:
        """The app starts."""
        zone = ZoneInfo(ZONE)
        self.phone = Phone(self.disk, self.line, lambda: utcnow().astimezone(zone), ZONE, self.dice)

    def answer(self, item9: int = 0) -> str:
        """The patient opens the app and fills something in; what it was."""
        form = self._daily(item9) if item9 else self.dice.choice(self._forms())()
        self.phone.answer(form | {"id": str(UUID(int=self.dice.getrandbits(128), version=4))})
        self.answered += 1
        return str(form.get("instrument", form["type"]))

    def _forms(self) -> Sequence[Callable[[], Item]]:
        return (self._daily, self._daily, self._mood, self._effects)

    def _daily(self, item9: int = 0) -> Item:
        total = score(true_levels(self.story)[DAYS] + self.dice.gauss(0, NOISE.sd))
        return _form("phq9-daily", answers(total, item9))

    def _mood(self) -> Item:
        return _form("mood", {"q1": self.dice.randrange(4, 9)})

    def _effects(self) -> Item:
        effect = {"code": self.dice.choice(MILD), "grade": 1}
        return {"type": "side_effects", "effects": [effect]}


def _form(instrument: str, given: Mapping[str, int]) -> Item:
    return {"type": "check_in", "instrument": instrument, "answers": dict(given)}


def live(
    phones: Sequence[LivingPhone], rounds: int, wait: Callable[[], object], *, bad_night: bool
) -> Iterator[tuple[str, str, int]]:
    """So many times somebody answers, and every phone sends what it has: whose, what, and how many
    entries of all wait after it. With `bad_night` the one in the middle says item 9 = 2.
    """
    for number in range(rounds):
        one = phones[number % len(phones)]
        what = one.answer(BAD_NIGHT if bad_night and number == rounds // 2 else 0)
        for each in phones:
            each.phone.sync()
        yield one.story.name, what, sum(len(each.disk.unsent()) for each in phones)
        wait()


def losing(wire: Wire, dice: Random) -> Line:
    """A line over which one in ten requests does not arrive, and one in ten answers neither."""

    def send(method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Reply:
        if dice.random() < LOST:
            raise ConnectionResetError
        reply = wire.send(method, path, headers, body)
        if dice.random() < LOST:
            raise ConnectionResetError
        return reply

    return send


def open_disk(folder: Path, patient: str) -> Disk:
    """What a phone keeps; made when it is not there. The folder is its owner's alone: tokens."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Disk(folder / f"{patient}.db")
