"""An ID token that a provider gave us: whose is it, and does it hold?

Signature and claims as OpenID Connect Core 1.0, 3.1.3.7, asks, by Authlib and joserfc, which are
loaded when somebody signs in and not before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from services.accounts.oidc.discovery import Asker, Metadata
from services.accounts.oidc.refusals import refused

# What a provider's clock may be off.
LEEWAY: Final = timedelta(minutes=2)
# A sign-in takes ten minutes at most: an older token is not of it.
OLDEST: Final = timedelta(minutes=10)
LONGEST_SUBJECT: Final = 255


def checked_claims(
    token: str, metadata: Metadata, client_id: str, nonce: str, asker: Asker, now: datetime
) -> dict[str, Any]:
    """What it says. Raises `SignInRefused` unless it is the provider's, for us, of this sign-in, by
    an algorithm of ours, and neither expired nor of another time.
    """
    from authlib.oidc.core import CodeIDToken
    from joserfc import jws, jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    try:
        kid = jws.extract_compact(token.encode()).headers().get("kid")
        keys = KeySet.import_key_set({"keys": asker.keys(metadata, kid, now)})
        decoded = jwt.decode(token, keys, algorithms=metadata.algorithms)
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            options={
                "iss": {"essential": True, "value": metadata.issuer},
                "aud": {"essential": True, "value": client_id},
            },
            params={"nonce": nonce, "client_id": client_id},
        )
        seconds = int(now.timestamp())
        claims.validate(now=seconds, leeway=int(LEEWAY.total_seconds()))
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise refused("bad_token") from error
    if claims["iat"] < (now - OLDEST - LEEWAY).timestamp():
        raise refused("old_token")
    if not 0 < len(claims["sub"]) <= LONGEST_SUBJECT or not claims["sub"].isprintable():
        raise refused("bad_token")
    return dict(claims)


def values_of(claims: dict[str, Any], name: str) -> Sequence[str]:
    """The texts of a claim, one or a list; `realm_access.roles` is looked for inside as well."""
    found: Any = claims
    if name in claims:
        found = claims[name]
    else:
        for part in name.split("."):
            found = found.get(part) if isinstance(found, dict) else None
    listed = found if isinstance(found, list) else [found]
    return [each for each in listed if isinstance(each, str)]
