"""Accounts: what the operator does about one, and how a clinic's staff sign in."""
