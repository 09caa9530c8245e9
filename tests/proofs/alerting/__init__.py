"""Proofs of the alert path: pages, watching, load."""
