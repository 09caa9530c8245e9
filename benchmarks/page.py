"""`docs/benchmarks.md`: words by hand, and between two marks what was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"


def put(page: Path, part: str, content: str) -> None:
    """Write what was measured between the marks of a part; raises `ValueError` without them."""
    first, last = f"<!-- measured: {part} -->", f"<!-- end: {part} -->"
    before, found, rest = page.read_text().partition(first)
    _, ends, after = rest.partition(last)
    if not found or not ends:
        raise ValueError(f"{page} has no part {part!r}")
    page.write_text(f"{before}{first}\n{content.strip()}\n{last}{after}")
