"""Which refusals a call can answer with, derived from what the call is: has it a body, a query, a
path with an id, does it ask for a token, is it a crisis route? A refusal of few calls names them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from itertools import groupby
from typing import Any, Final

from apispec import APISpec

from api.http.problems import FRAMEWORK, MEDIA_TYPE, TABLE, document
from schemas.phone.refused import EntryConflictProblem
from schemas.problems import STORED, WITH_MORE, ProblemSchema
from schemas.vocabulary import meaning
from services import exceptions as refused

WRITES: Final = frozenset({"post", "put", "patch", "delete"})
# Where two statuses share a code.
NAMED: Final = {406: "not_acceptable"}
MORE: Final = {
    "validation_failed": ("errors",),
    "second_factor_required": ("factors",),
    "choose_clinic": ("clinics",),
}
CONFLICT: Final = TABLE[refused.ContentConflict][1]
# An id is one of all kinds together.
ENTRIES: Final = frozenset({"CheckInOut", "SideEffectsOut", "HelpRequestOut"})
SCHEMAS: Final = "#/components/schemas/"
# (status, code)
Refusal = tuple[int, str]


@dataclass(frozen=True)
class Call:
    """What decides how an operation can be refused."""

    name: str
    method: str
    path: str
    public: bool
    crisis: bool
    # Names of the body's fields, at any depth; None without a body.
    body: frozenset[str] | None
    query: bool

    @property
    def has_token(self) -> bool:
        """Is a token asked for?"""
        return not self.public

    @property
    def has_ids(self) -> bool:
        """Does it name an object, which may be out of view?"""
        named = self.body is not None and "patient_id" in self.body
        return "<" in self.path or named

    @property
    def has_input(self) -> bool:
        """Is there anything to get wrong?"""
        return self.body is not None or self.query or "<string:" in self.path

    def takes(self, field: str) -> bool:
        """Is it a field of the body?"""
        return self.body is not None and field in self.body


NAMED_CALLS: Final[set[str]] = set()


def of(*names: str) -> Callable[[Call], bool]:
    """Of these calls only."""
    NAMED_CALLS.update(names)
    return lambda call: call.name in names


# What every role may do: a token alone opens it.
FOR_EVERYBODY: Final = of(
    "get_own_account", "get_own_sessions", "delete_session", "delete_other_sessions",
    "post_password", "post_email", "post_email_confirm", "post_logout", "list_instruments",
    "get_instrument", "get_codes",
)  # fmt: skip
# Not while what is named is needed, or is not ready.
OF_A_STATE: Final = of(
    "delete_contact", "delete_schedule", "delete_override", "send_new_code", "send_test_page",
    "post_factor_reset",
)  # fmt: skip
CHECKS_A_PASSWORD: Final = of(
    "post_login", "post_accept", "post_password", "post_password_reset",
    "post_password_reset_confirm", "post_email", "post_email_confirm", "post_totp",
    "post_totp_confirm", "delete_totp", "post_recovery_codes", "post_passkey",
    "post_passkey_confirm", "delete_passkey",
)  # fmt: skip
NEEDS_A_FACTOR: Final = of("delete_totp", "post_recovery_codes", "post_passkey_challenge")
SENDS_A_CODE: Final = of("post_method", "post_pager", "send_new_code", "send_test_page")
NAMES_IN_THE_BODY: Final = of("post_break_glass")
TAKES_A_SECRET: Final = of("post_login", "post_refresh")
ALWAYS_TAKEN: Final = of("post_help_request", "post_sync")  # each item of a sync has its own answer
HANDLES_AN_ALERT: Final = of(
    "post_acknowledgement", "post_hand_over", "post_resolution", "post_note", "post_feedback"
)
ENDS_AN_ERASURE: Final = of("confirm_erasure", "withdraw_erasure")

# Of a service's refusals: which calls know them.
REFUSES: Final[dict[type[refused.ServiceError], Callable[[Call], bool]]] = {
    refused.SecondFactorRequired: of("post_login"),
    refused.TokenExpired: lambda call: call.has_token,
    refused.Unauthenticated: lambda call: call.has_token or TAKES_A_SECRET(call),
    refused.NotFollowed: lambda call: call.crisis and not ALWAYS_TAKEN(call),
    refused.Forbidden: lambda call: call.has_token and not FOR_EVERYBODY(call),
    refused.AppTooOld: lambda call: not call.crisis and call.name != "post_refresh",
    refused.NotFound: lambda call: call.has_ids or NAMES_IN_THE_BODY(call) or NEEDS_A_FACTOR(call),
    refused.ChooseClinic: of("post_login"),
    refused.ContentConflict: lambda call: (
        call.takes("id") or call.takes("method_ids") or ENDS_AN_ERASURE(call)
    ),
    refused.IdTaken: lambda call: call.takes("id"),
    refused.DrillRunning: of("post_drill"),
    refused.AlreadyResolved: HANDLES_AN_ALERT,
    refused.InvitationInvalid: of(
        "post_accept", "post_password_reset_confirm", "verify_method", "post_email_confirm"
    ),
    refused.OpenAlertExists: of("patch_patient", "post_erasure", "confirm_erasure"),
    refused.LastAdmin: of("patch_user"),
    refused.AdultsOnly: lambda call: call.takes("born_on"),
    refused.Invalid: lambda call: call.has_input or OF_A_STATE(call),
    refused.RateLimited: lambda call: (
        CHECKS_A_PASSWORD(call) or SENDS_A_CODE(call) or NAMES_IN_THE_BODY(call)
    ),
    refused.Unavailable: lambda _call: True,
}
# Of what the framework refuses: status -> which calls know it.
FRAMEWORK_REFUSES: Final[dict[int, Callable[[Call], bool]]] = {
    400: lambda call: call.body is not None,
    408: lambda call: call.body is not None,
    413: lambda call: call.body is not None,
    415: lambda call: call.body is not None,
    421: lambda call: not call.crisis,
}


def refusals_of(call: Call) -> set[Refusal]:
    """What the table says (operations outside `/v1` say theirs themselves)."""
    if not call.path.startswith("/v1/"):
        return set()
    named = {TABLE[kind][:2] for kind, knows in REFUSES.items() if knows(call)}
    return named | {(s, FRAMEWORK[s][0]) for s, knows in FRAMEWORK_REFUSES.items() if knows(call)}


class Refusals:
    """The problem documents of a document: one schema a code, one response a set of codes."""

    def __init__(self, spec: APISpec) -> None:
        self.spec = spec
        self.made: set[str] = set()

    def respond(self, call: Call, answers: dict[str, Any]) -> None:
        """Puts the refusals of a call beside its other answers, in place of what stood there."""
        stored = _stored(answers)
        found = sorted(refusals_of(call) | set(_declared(answers)))
        for status, group in groupby(found, key=lambda refusal: refusal[0]):
            codes = [code for _, code in group]
            # apispec takes numbers, flask-smorest has written text.
            answers.pop(status, None)
            answers[str(status)] = self._response(status, codes, stored)

    def _response(self, status: int, codes: list[str], stored: str | None) -> str:
        """The name of a response; it is made where it is new."""
        schemas = [self._schema(status, code, stored) for code in codes]
        name = "Or".join(schema.removesuffix("Problem") for schema in schemas)
        if name not in self.made:
            self.made.add(name)
            self.spec.components.response(name, _document(status, codes, schemas))
        return name

    def _schema(self, status: int, code: str, stored: str | None) -> str:
        """The name of the schema of a code; of a conflict it says what is stored."""
        words = NAMED.get(status, code)
        name = f"{''.join(word.title() for word in words.split('_'))}Problem"
        shape = WITH_MORE.get(code, ProblemSchema)
        more: dict[str, Any] = {}
        if code == CONFLICT and stored in ENTRIES:
            name, shape = "EntryConflictProblem", EntryConflictProblem
        elif code == CONFLICT and stored is not None:
            name = f"{stored.removesuffix('Out')}ConflictProblem"
            more = {"stored": {"$ref": SCHEMAS + stored, "description": STORED}}
        if name not in self.made:
            self.made.add(name)
            own: dict[str, Any] = {"status": {"const": status}, "code": {"const": code}}
            self.spec.components.schema(name, _narrowed(self.spec, shape, own, more))
        return name


def _narrowed(
    spec: APISpec,
    shape: type[ProblemSchema],
    own: Mapping[str, dict[str, Any]],
    more: dict[str, Any],
) -> dict[str, Any]:
    """A problem document of one code."""
    converter = next(p.converter for p in spec.plugins if hasattr(p, "converter"))
    described: dict[str, Any] = converter.schema2jsonschema(shape)
    for name, value in own.items():
        described["properties"][name] |= value
    described["properties"] |= more
    return described


def _document(status: int, codes: list[str], schemas: list[str]) -> dict[str, Any]:
    refs = [{"$ref": SCHEMAS + name} for name in schemas]
    mapping = {code: ref["$ref"] for code, ref in zip(codes, refs, strict=True)}
    discriminator = {"propertyName": "code", "mapping": mapping}
    problems = {code: _problem(status, code) for code in codes}
    media = {
        "schema": refs[0] if len(refs) == 1 else {"oneOf": refs, "discriminator": discriminator},
        "examples": {code: {"value": problem} for code, problem in problems.items()},
    }
    response: dict[str, Any] = {
        "description": " or ".join(f"`{code}`: {problems[code]['title']}" for code in codes),
        "content": {MEDIA_TYPE: media},
    }
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        seconds = {"description": "Seconds to wait", "schema": {"type": "integer", "minimum": 0}}
        response["headers"] = {"Retry-After": seconds}
    return response


def _problem(status: int, code: str) -> dict[str, Any]:
    """As it is answered."""
    more = {name: meaning(name).example for name in MORE.get(code, ())}
    for kind, row in TABLE.items():
        if row[:2] == (status, code):
            return document(*row, kind.detail, **more)
    return document(status, *FRAMEWORK[status], **more)


def _declared(answers: Mapping[Any, Any]) -> Iterator[Refusal]:
    """What a route says by a status alone: the codes of that status that the framework knows."""
    plain = {row[0]: row[1] for row in TABLE.values()} | {s: row[0] for s, row in FRAMEWORK.items()}
    for status, answer in answers.items():
        if isinstance(answer, dict) and "content" in answer:
            continue  # the route documents it itself
        if str(status).isdigit() and int(status) >= HTTPStatus.BAD_REQUEST:
            yield int(status), plain[int(status)]


def _stored(answers: Mapping[Any, Any]) -> str | None:
    """The name of the schema of what is made, or else of what is shown."""
    for wanted in ("201", "200"):
        for status, answer in answers.items():
            if str(status) == wanted and isinstance(answer, dict):
                shape = answer.get("content", {}).get("application/json", {}).get("schema", {})
                return str(shape.get("$ref", "")).removeprefix(SCHEMAS) or None
    return None
