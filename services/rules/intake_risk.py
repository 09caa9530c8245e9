"""Does an indication for treatment say that a patient comes with suicidal ideation?"""

import tomllib
from collections.abc import Iterable
from pathlib import Path

_FILE = Path(__file__).parent / "data" / "intake_risk.toml"
TERMS: tuple[str, ...] = tuple(tomllib.loads(_FILE.read_text("utf-8"))["terms"])


def says_suicidal_ideation(indications: Iterable[str]) -> bool:
    """True when any indication names suicidal ideation, in words or by its code."""
    return any(term in said.casefold() for said in indications for term in TERMS)
