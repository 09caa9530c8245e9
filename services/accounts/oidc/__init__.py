"""Staff sign in with their clinic's own provider (OpenID Connect: code flow, PKCE, state, nonce).

The provider says who somebody is and, where the clinic maps a claim, what it lets them be here. The
clinic says who has an account, and with which roles: a log-in opens what both agree on. No account
and no role is ever made by a provider, and a password goes on to work when it is down.
"""
