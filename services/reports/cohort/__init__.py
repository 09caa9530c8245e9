"""Outcomes of a whole clinic, laid beside the published table."""
