"""Remake the pictures of `docs/pictures` from simulated patients: `python -m tools.pictures`.

The same input gives the same bytes, so a change of a picture shows up as a change of its file.
"""

from __future__ import annotations

import argparse
import io
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from services.reports.drawing.raster import png
from services.reports.pictures.cohort import cohort_svg
from services.reports.pictures.overlay import overlay_svg
from services.reports.pictures.sheet import trend_csv
from services.reports.pictures.survival import Reference, effect_curves, survival_svg
from services.reports.pictures.trend_picture import trend_svg
from services.reports.pictures.visit import visit_pdf
from services.rules.cohort.document import published_marks
from services.rules.cohort.figures import GroupFigures, share, sustained
from services.rules.cohort.numbers import COHORT_THRESHOLDS
from services.rules.cohort.tally import OVERALL, OutcomeTally, ShareName
from services.rules.statistics import FollowUpSpan
from services.rules.trend.document import TrendReport
from tools.simulated_reports import SEED, report

FOLDER: Final = Path(__file__).parent.parent / "docs" / "pictures"
NAME: Final = "Simulated patient"
GROUPS: Final = (
    ("ketamine, iv, induction", 182, 31, 53.6, 28.9, 8.4, 6.0),
    ("esketamine, intranasal, induction", 94, 12, 47.9, 22.3, 7.4, 5.3),
    ("ketamine, sublingual, maintenance", 12, 4, 41.7, 16.7, 8.3, None),
)
PAGE_SCALE: Final = 1.4  # of 72 dpi: pages that are read on a screen


def main() -> None:
    """Write every file; prints what was written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in files():
        (folder / name).write_bytes(body)
        print(f"{len(body):>7}  {name}")  # noqa: T201 -- a command's own output


def files() -> Iterator[tuple[str, bytes]]:
    """(name, content) of every file."""
    for entries in (0, 1, 3, 400):
        daily = report("phq9-daily", entries, treated=entries == 400)
        yield from pictured(f"daily-{entries}", trend_svg(daily, title=NAME))
        yield from _printed(f"daily-{entries}", daily)
        if entries == 400:
            yield "daily-400.csv", trend_csv(daily).encode()
            yield "daily-400-grey.png", _grey(png(trend_svg(daily, title=NAME)))
            yield from pictured("daily-400-overlay", overlay_svg(daily, title=NAME))
            yield from pictured("daily-400-survival", _survival(daily))
    forms = report("phq9", 27)
    yield from pictured("phq9-27", trend_svg(forms, title=NAME))
    yield "phq9-27-grey.png", _grey(png(trend_svg(forms, title=NAME)))
    yield from _printed("phq9-27", forms)
    yield from pictured("cohort", _cohort())


def pictured(name: str, svg: str) -> Iterator[tuple[str, bytes]]:
    """A drawing as SVG and as the PNG made from it."""
    yield f"{name}.svg", svg.encode()
    yield f"{name}.png", png(svg)


def _printed(name: str, found: TrendReport) -> Iterator[tuple[str, bytes]]:
    """The page for a visit, and what its pages look like."""
    from pypdfium2 import PdfDocument

    made = visit_pdf(found, name=NAME, mrn="SIM-0001")
    yield f"{name}.pdf", made
    for place, page in enumerate(PdfDocument(made), 1):
        seen = io.BytesIO()
        page.render(scale=PAGE_SCALE).to_pil().quantize(64).save(seen, "PNG", optimize=True)
        yield f"{name}-page-{place}.png", seen.getvalue()


def _grey(picture: bytes) -> bytes:
    """The same picture without colour, as a copier shows it."""
    from PIL import Image

    seen = io.BytesIO()
    Image.open(io.BytesIO(picture)).convert("L").save(seen, "PNG", optimize=True)
    return seen.getvalue()


def _survival(found: TrendReport) -> str:
    return survival_svg(
        effect_curves(found),
        title=f"{NAME}: how long the effect of a session holds",
        across="days since treatment",
        up="share still holding",
    )


def _cohort() -> str:
    return cohort_svg(
        [_group(place, *group) for place, group in enumerate(GROUPS)],
        under="Two-week PHQ-9, 14 to 31 days after the last session of a course",
        references=[
            Reference(days, percent / 100, f"McInnes 2022: {percent:g} % after {days} days")
            for days, percent in published_marks(COHORT_THRESHOLDS)
        ],
        notes=["Simulated. Courses without an outcome are counted as missing, never as failures."],
    )


def _group(
    place: int, label: str, n: int, missing: int, *percents: float | None
) -> tuple[str, GroupFigures]:
    """Made-up figures of a group, with its label; a share of nobody is not known."""
    dice = random.Random(SEED + place)  # noqa: S311 -- simulated
    durations = Counter(
        FollowUpSpan(int(dice.expovariate(1 / 110)) + 1, dice.random() < 0.7)
        for _ in range(round(n * (percents[0] or 0) / 100))
    )
    names: tuple[ShareName, ...] = ("response", "remission", "worsened", "item9_higher")
    return label, GroupFigures(
        group=OVERALL,
        tally=OutcomeTally(fates=Counter({"counted": n, "missing": missing})),
        small=False,
        baseline_mean=None,
        outcome_mean=None,
        shares={
            name: share(0, 0) if percent is None else share(round(n * percent / 100), n)
            for name, percent in zip(names, percents, strict=True)
        },
        sustained=sustained(durations),
    )


if __name__ == "__main__":
    main()
