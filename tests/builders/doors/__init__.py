"""Every route, called by every role, on what is theirs, a colleague's, or another clinic's."""
