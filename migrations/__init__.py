"""The schema's history, and the roles that it grants to."""
