"""How the patients of a clinic fared, as JSON, as a table and as a chart."""

from __future__ import annotations

from typing import Any

from flask import Response

from api.http.auth import current_actor, now
from api.http.bodies import Routes, json_answer
from api.http.media_types import JSON, also_in, file_answer, wanted_form
from api.report_process import made_apart
from schemas.clinicians.cohort import CohortOut, CohortQuery
from services.reports.cohort.outcomes import Asked
from services.reports.cohort.renditions import FILES, get_outcomes_in

routes = Routes("cohort", __name__, description="Outcomes of a whole clinic")


@routes.reads("/v1/cohort/outcomes", CohortOut, CohortQuery)
@also_in(routes, tuple(FILES))
def get_cohort_outcomes(query: dict[str, Any]) -> Response:
    """Response, remission, worsening and item 9 at 14-31 days after a course, by product, route
    and phase, with how long responses lasted. The counts are of the whole clinic; a line of the
    table and the foot of the chart say their data cut (`as_of`) and rule version too.
    """
    # Before the work: a form that is not made here costs nothing.
    form = wanted_form(tuple(FILES))
    made = made_apart(current_actor(), get_outcomes_in, form, Asked(**query), now())
    return json_answer(made) if form == JSON else file_answer(made, form, FILES[form])
