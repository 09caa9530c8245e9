"""Which side effects can be reported, what was reported (E1), and what they cost."""
