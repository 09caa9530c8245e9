"""The wire of what a clinician calls."""
