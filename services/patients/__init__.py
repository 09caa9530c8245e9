"""Patients: who may see whom, enrolment, contact data, care teams."""
