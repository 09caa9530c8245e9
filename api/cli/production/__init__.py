"""Commands for an installation with programs of others around it."""
