"""Accounts and log-ins: invitations accepted, passwords, refresh families, delays."""
