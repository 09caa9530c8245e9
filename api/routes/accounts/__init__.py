"""Log-in, invitations, the own account, users."""
