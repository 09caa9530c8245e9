"""How the patients of a clinic fared, as JSON, as a table and as a chart."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, after_this_request, current_app, request
from werkzeug.exceptions import NotAcceptable

from api.answers import json_answer
from api.auth import current_actor, now
from api.bodies import Routes
from api.routes.trends import PICTURE_POLICY
from schemas.cohort import CohortOut, CohortQuery
from services.cohort.chart import outcomes_svg
from services.cohort.outcomes import Asked, Outcomes, get_outcomes
from services.cohort.table import groups_csv

routes = Routes("cohort", __name__, description="Outcomes of a whole clinic")

JSON: Final = "application/json"
CSV: Final = "text/csv"
SVG: Final = "image/svg+xml"
TEXT: Final = {"schema": {"type": "string"}}
FORMS: Final = {
    "200": {
        "description": "The outcomes, in the form that `Accept` asks for (JSON without one).",
        "content": {CSV: TEXT, SVG: TEXT},
    }
}


@routes.route("/v1/cohort/outcomes", methods=["GET"])
@routes.arguments(CohortQuery, location="query")
@routes.response(200, CohortOut)
@routes.alt_response(406, "NOT_ACCEPTABLE")
@routes.doc(responses=FORMS)
def get_cohort_outcomes(query: dict[str, Any]) -> Response:
    """Response, remission, worsening and item 9 at 14-31 days after a course, by product, route
    and phase, with how long responses lasted. The counts are of the whole clinic.
    """
    # Before the work: a form that is not made here costs nothing.
    form = wanted_form()
    return rendered(form, get_outcomes(current_actor(), Asked(**query), now()))


def wanted_form() -> str:
    """The form that the client likes best; 406 when it is not made here."""
    after_this_request(_varies)
    if not request.accept_mimetypes:
        return JSON
    form = request.accept_mimetypes.best_match((JSON, CSV, SVG))
    if form is None:
        raise NotAcceptable
    return form


def rendered(form: str, outcomes: Outcomes) -> Response:
    """The outcomes in that form; what a browser does not show is saved."""
    if form == JSON:
        return json_answer(outcomes.document())
    text = groups_csv(outcomes.rows()) if form == CSV else outcomes_svg(outcomes)
    response: Response = current_app.response_class(text, mimetype=form)
    if form == CSV:
        response.headers["Content-Disposition"] = 'attachment; filename="cohort.csv"'
    else:
        response.headers["Content-Security-Policy"] = PICTURE_POLICY
    return response


def _varies(response: Response) -> Response:
    response.vary.add("Accept")
    return response
