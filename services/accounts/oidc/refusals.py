"""Why a sign-in was not taken: the word that the audit has, and what is said on the page."""

from __future__ import annotations

from typing import Any, Final

from services.exceptions import SignInRefused

DOWN: Final = "provider_down"
AGAIN: Final = "Your sign-in could not be taken. Begin again, or log in with your password."
# Everything else is said in the same words: what was wrong with an answer helps its forger alone.
WORDS: Final = {
    DOWN: "Your clinic's sign-in does not answer. Log in with your password meanwhile.",
    "no_account": (
        "You are signed in with your clinic, and no account of yours is open here: ask an"
        " administrator of your clinic, or log in with your password."
    ),
    "no_role": (
        "You are signed in with your clinic, and it gives you no part in Interlude that your"
        " account has: ask an administrator of your clinic."
    ),
    "refused_there": "Your clinic's sign-in has refused, or was left.",
}


def refused(reason: str, **known: Any) -> SignInRefused:
    """The refusal for this reason; `known`: what the audit may say besides."""
    return SignInRefused(WORDS.get(reason, AGAIN), reason=reason, **known)
