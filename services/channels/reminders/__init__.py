"""The ways to remind a patient, apart from those that page."""
