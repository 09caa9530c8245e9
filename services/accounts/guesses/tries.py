"""What one more try at a log-in may do: the contract's paragraph on delays as one table.

A check of a password is spent from an account's allowance. A known device has one of its own,
which nobody else can spend. Of the account's, some checks are always left for an address that has
hardly tried here: a stranger who goes on and on delays themselves, not the owner.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final


@dataclass(frozen=True, slots=True)
class Allowance:
    """`burst` checks at once, then one more each `every`."""

    burst: int
    every: timedelta


# 5 at once and 15 more are 20 in any minute; whoever waits for the next one waits 4 s.
CHECKS: Final = Allowance(5, timedelta(seconds=4))
# A known device's, or who is logged in and confirms the old password: nobody else spends it.
OWN: Final = Allowance(4, timedelta(seconds=4))
# Codes of a second factor, of which a million are possible and three fit: whoever has the password
# and guesses on and on is right once in four months, on average.
FACTOR: Final = Allowance(5, timedelta(seconds=30))
# What one address may spend on all accounts before it has to make way for others.
ADDRESS: Final = Allowance(20, timedelta(seconds=5))
# Codes have 100 bits: this bounds what wrong ones cost us, and nobody's right one waits.
CODES: Final = Allowance(10, timedelta(seconds=3))
FORGOTTEN_AFTER: Final = timedelta(minutes=15)
HARDLY_TRIED: Final = 3
# Nobody who logs in is sent away for longer than this.
LONGEST_WAIT: Final = timedelta(seconds=30)


class Trier(Enum):
    """Who tries at an account from a device that it does not know."""

    NEWCOMER = auto()  # this address has hardly tried here
    ALONE = auto()  # it has, and no other address does
    ONE_OF_MANY = auto()


# How many of the account's checks must be left for this one to get one of them.
NEEDED: Final = {Trier.NEWCOMER: 1, Trier.ALONE: 2, Trier.ONE_OF_MANY: 4}


@dataclass(frozen=True, slots=True)
class Count:
    """What is remembered of one key: tries since it was last quiet for 15 minutes, and until when
    its checks are spent.
    """

    tries: int
    last_at: datetime
    spent_until: datetime


def fresh(now: datetime) -> Count:
    """Nothing is remembered."""
    return Count(0, now, now)


def remembered(count: Count, now: datetime) -> Count:
    """The count as it is now. A clock that was set back since makes nobody wait."""
    if now - count.last_at >= FORGOTTEN_AFTER or count.spent_until - now > FORGOTTEN_AFTER:
        return fresh(now)
    return count


def trier(here: Count, anywhere: Count) -> Trier:
    """Who tries: `here` counts this address at this account, `anywhere` all addresses at it."""
    if here.tries < HARDLY_TRIED:
        return Trier.NEWCOMER
    return Trier.ALONE if here.tries >= anywhere.tries else Trier.ONE_OF_MANY


def wait_for(count: Count, allowance: Allowance, now: datetime, needed: int = 1) -> timedelta:
    """How long until so many checks are left; zero when they are."""
    spent = max(count.spent_until - now, timedelta(0))
    return max(spent - allowance.every * (allowance.burst - needed), timedelta(0))


def tried(count: Count, now: datetime) -> Count:
    """One more try, whatever came of it."""
    return replace(count, tries=count.tries + 1, last_at=max(count.last_at, now))


def spend(count: Count, allowance: Allowance, now: datetime) -> Count:
    """One check less."""
    return replace(count, spent_until=max(count.spent_until, now) + allowance.every)


def give_back(count: Count, allowance: Allowance, tries: int = 1) -> Count:
    """The try was right: it costs nothing."""
    return replace(
        count, tries=max(count.tries - tries, 0), spent_until=count.spent_until - allowance.every
    )
