"""How the patients of a clinic fared, as JSON, as a table and as a chart."""

from __future__ import annotations

from typing import Any, Final

from flask import Response

from api.http.auth import current_actor, now
from api.http.bodies import Routes, json_answer
from api.http.media_types import CSV, JSON, SVG, also_in, file_answer, wanted_form
from schemas.clinicians.cohort import CohortOut, CohortQuery
from services.reports.cohort.chart import outcomes_svg
from services.reports.cohort.outcomes import Asked, Outcomes, get_outcomes
from services.reports.cohort.table import groups_csv
from services.turns import DRAWING

routes = Routes("cohort", __name__, description="Outcomes of a whole clinic")

FORMS: Final = (CSV, SVG)


@routes.reads("/v1/cohort/outcomes", CohortOut, CohortQuery)
@also_in(routes, FORMS)
def get_cohort_outcomes(query: dict[str, Any]) -> Response:
    """Response, remission, worsening and item 9 at 14-31 days after a course, by product, route
    and phase, with how long responses lasted. The counts are of the whole clinic.
    """
    # Before the work: a form that is not made here costs nothing.
    form = wanted_form(FORMS)
    actor = current_actor()
    with DRAWING.turn(actor.user_id):
        return rendered(form, get_outcomes(actor, Asked(**query), now()))


def rendered(form: str, outcomes: Outcomes) -> Response:
    """The outcomes in that form."""
    if form == JSON:
        return json_answer(outcomes.document())
    if form == CSV:
        return file_answer(groups_csv(outcomes.cohort), CSV, "cohort.csv")
    return file_answer(outcomes_svg(outcomes), SVG, "cohort.svg")
