"""Erasing a patient: asked for, confirmed by a second person, done in one transaction."""
