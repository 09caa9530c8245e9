"""Today: who needs somebody first, and why; counts that lead to whom they count."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Self
from urllib.parse import urlencode

from flask import Response, g, request

from api.browser.session import reader
from api.console.shell import at, page, shows
from api.http.auth import now
from api.page.caseload import HEADERS, ORDER, caseload_page
from services.access import Action, reaches
from services.caseload.worklist.listing import print_caseload
from services.caseload.worklist.needs import NEEDS, Work, find_work
from services.caseload.worklist.statement import CaseloadFilter

ROWS: Final = 50
# Need: as its count is named, and what it means where that is not the word itself.
NAMES: Final = {
    "alert": ("Open alerts", "An alert is open, whoever has it"),
    "risk": ("Risk", "Item 9 or a C-SSRS was positive lately, or silent after risk"),
    "silence": ("Silent after risk", "No answer to item 9 or a C-SSRS since they were at risk"),
    "wearing_off": ("Wearing off", "Symptoms have come back since the last session"),
    "maintenance": ("Maintenance due", "In the next days, today, or overdue"),
    "non_response": ("Non-response", "No response after enough sessions"),
    "session_today": ("Session today", "A session is planned for today"),
    "contact_missing": ("No number", "Nobody can be called: no telephone number on file"),
    "needs_invitation": ("Phone lost", "The phone needs a new invitation"),
}
SORTS: Final = {
    "risk": "Most urgent first",
    "silence": "Longest silent first",
    "trend": "Worst course first",
    "name": "By name",
}


@dataclass(frozen=True, slots=True)
class AskedWork:
    """What is asked for in the address; whatever is unknown there counts as not asked."""

    need: str = ""
    mine: bool = False
    q: str = ""
    sort: str = "risk"
    start: int = 0

    @classmethod
    def of_request(cls) -> Self:
        """As it stands in the address."""
        given = request.args
        need, sort, start = given.get("need", ""), given.get("sort", ""), given.get("from", "")
        return cls(
            need if need in NEEDS else "",
            given.get("mine") == "1",
            given.get("q", "").replace("\0", "").strip()[:100],
            sort if sort in SORTS else "risk",
            int(start) if start.isdecimal() and len(start) < 6 else 0,
        )

    @property
    def filter(self) -> CaseloadFilter:
        """For the caseload."""
        return CaseloadFilter(self.sort, self.q or None, self.mine, ROWS)

    def address(self, **other: Any) -> str:
        """The address of the same list, but for what is given."""
        wanted = replace(self, **{"start": 0, **other})
        query = {
            "need": wanted.need,
            "mine": "1" if wanted.mine else "",
            "q": wanted.q,
            "sort": "" if wanted.sort == "risk" else wanted.sort,
            "from": wanted.start or "",
        }
        text = urlencode({name: value for name, value in query.items() if value})
        return at(f"/today?{text}" if text else "/today")


@shows("/today", Action.READ_PATIENTS)
def show_today() -> Response:
    """The patients in view: all, or who has one need."""
    asked, actor = AskedWork.of_request(), reader().actor
    work = find_work(actor, asked.filter, asked.need, asked.start, now())
    return page(
        "today/today.html",
        asked=asked,
        work=work,
        chips=chips(asked, work),
        sorts=SORTS.items(),
        is_clinical="clinician" in actor.roles,
        breaks_glass=reaches(actor, Action.BREAK_GLASS),
        last=asked.start + len(work.items),
        before=asked.address(start=max(0, asked.start - ROWS)) if asked.start else None,
        after=_after(asked, work),
        order=ORDER[asked.sort],
    )


@shows("/today/print", Action.READ_PATIENTS)
def print_today() -> Response:
    """The caseload for paper, a line for each patient."""
    wanted = AskedWork.of_request().filter
    g.page_headers = HEADERS  # its style stands in the page
    return caseload_page(print_caseload(reader().actor, wanted, now()), wanted)


def chips(asked: AskedWork, work: Work) -> list[dict[str, Any]]:
    """The counts; each leads to whom it counts."""
    everybody = {"name": "Everybody", "hint": "All patients in your view", "count": work.total}
    found = [{**everybody, "need": ""}]
    found += [
        {"need": need, "name": name, "hint": hint, "count": work.counts[need]}
        for need, (name, hint) in NAMES.items()
    ]
    return [
        {**one, "address": asked.address(need=one["need"]), "current": one["need"] == asked.need}
        for one in found
    ]


def _after(asked: AskedWork, work: Work) -> str | None:
    start = asked.start + ROWS
    return asked.address(start=start) if start < work.found else None
