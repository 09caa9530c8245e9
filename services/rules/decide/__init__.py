"""Which rules decide about what: a check-in, a report of side effects, vital signs."""
