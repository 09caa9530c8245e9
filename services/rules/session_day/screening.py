"""Screening before treatment: is there a valid one, and what speaks against a session.

Somebody is screened before and monitored during every treatment (clinical reference 0, facts 13 and
14); a screening expires, because health changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, cast, get_args

from services.rules.courses import PRODUCTS, Product
from services.rules.instruments.definition import InstrumentError
from services.rules.instruments.toml_table import Table
from services.rules.threshold_files import DATA, ThresholdError, read_thresholds

Weight = Literal["absolute", "needs_decision"]
ScreeningFlag = Literal["screening_missing", "screening_expired", "contraindication"]


@dataclass(frozen=True, slots=True)
class Contraindication:
    """What speaks against some products; `absolute` ones cannot be reasoned away."""

    code: str
    label: str
    weight: Weight
    products: frozenset[str]


@dataclass(frozen=True, slots=True)
class Screening:
    """One screening, valid from its day through `expires_on`; codes of what was found."""

    screened_on: date
    expires_on: date
    contraindications: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Validity:
    """For how many days a screening holds when nobody says otherwise."""

    default_days: int


@dataclass(frozen=True, slots=True)
class ScreeningList:
    """One version of the list, contraindications by code."""

    version: str
    validity: Validity
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


def read_screening_list(path: Path = DATA / "screening.toml") -> ScreeningList:
    """Read one version of the list. Raises ThresholdError naming the file and the field."""
    file = read_thresholds(path)
    rows = Table({"contraindications": file.tables.get("contraindications", [])}, path.name)
    try:
        found = [_contraindication(row) for row in rows.tables("contraindications")]
    except InstrumentError as error:
        raise ThresholdError(str(error)) from error
    by_code = {one.code: one for one in found}
    if not found or len(by_code) != len(found):
        raise ThresholdError(f"{path.name}: contraindications: at least one code, each once")
    return ScreeningList(file.version, file.table("validity", Validity), MappingProxyType(by_code))


def _contraindication(row: Table) -> Contraindication:
    found = Contraindication(
        code=row.text("code"),
        label=row.text("label"),
        weight=cast(Weight, row.text("weight")),
        products=frozenset(row.texts("products")),
    )
    row.text("source")
    row.finish()
    if found.weight not in get_args(Weight):
        raise row.error("weight", f"must be one of {', '.join(get_args(Weight))}")
    if not found.products <= set(PRODUCTS):
        raise row.error("products", "must list products")
    return found


SCREENING_LIST: Final = read_screening_list()

CONTRAINDICATIONS: Final[tuple[str, ...]] = tuple(SCREENING_LIST.contraindications)


def default_expiry(screened_on: date, known: ScreeningList = SCREENING_LIST) -> date:
    """Return the last day on which a screening holds unless a clinician says otherwise."""
    return screened_on + timedelta(days=known.validity.default_days)


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
