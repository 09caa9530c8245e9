"""Screening before treatment: is there a valid one, and what speaks against a session.

Somebody is screened before and monitored during every treatment (clinical reference 0, facts 13 and
14); a screening expires, because health changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from services.rules.courses import PRODUCTS, Product
from services.rules.numbers import DATA, read

Weight = Literal["absolute", "needs_decision"]
ScreeningFlag = Literal["screening_missing", "screening_expired", "contraindication"]


@dataclass(frozen=True, slots=True)
class Contraindication:
    """What speaks against some products; `absolute` ones cannot be reasoned away."""

    code: str
    label: str
    weight: Weight
    products: frozenset[Product]


@dataclass(frozen=True, slots=True)
class Screening:
    """One screening, valid from its day through `expires_on`; codes of what was found."""

    screened_on: date
    expires_on: date
    contraindications: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScreeningList:
    """One version of the list, contraindications by code. `default_days`: for how many a screening
    holds when nobody says otherwise.
    """

    version: str
    default_days: int
    contraindications: Mapping[str, Contraindication]

    def against(
        self, screening: Screening, product: Product | None
    ) -> tuple[Contraindication, ...]:
        """What was found that counts for a product (None: for any), in the order recorded.

        A code that this version does not know counts for every product and needs a decision.
        """
        found = [self._of(code) for code in screening.contraindications]
        return tuple(one for one in found if product is None or product in one.products)

    def _of(self, code: str) -> Contraindication:
        unknown = Contraindication(code, code, "needs_decision", frozenset(PRODUCTS))
        return self.contraindications.get(code, unknown)


SCREENING_LIST: Final = read(DATA / "screening.toml", ScreeningList)

CONTRAINDICATIONS: Final[tuple[str, ...]] = tuple(SCREENING_LIST.contraindications)


def default_expiry(screened_on: date, known: ScreeningList = SCREENING_LIST) -> date:
    """Return the last day on which a screening holds unless a clinician says otherwise."""
    return screened_on + timedelta(days=known.default_days)


def newest(screenings: Iterable[Screening], on_day: date) -> Screening | None:
    """Return the last screening made on a day or before it; ties: the last of those given."""
    made = [one for one in screenings if one.screened_on <= on_day]
    return max(reversed(made), key=lambda one: one.screened_on, default=None)


def screening_flags(
    screening: Screening | None,
    on_day: date,
    product: Product | None = None,
    known: ScreeningList = SCREENING_LIST,
) -> frozenset[ScreeningFlag]:
    """Return what is wrong with the screening for a session on a day; empty when nothing is.

    A screening made after the day does not count for it. `product` None asks for any product.
    """
    if screening is None or screening.screened_on > on_day:
        return frozenset({"screening_missing"})
    found: set[ScreeningFlag] = set()
    if screening.expires_on < on_day:
        found.add("screening_expired")
    if known.against(screening, product):
        found.add("contraindication")
    return frozenset(found)
