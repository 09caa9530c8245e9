"""Courses, sessions and what belongs to them: written by clinicians, versions kept."""
