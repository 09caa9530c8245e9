"""One patient: the trend, what is due, what was entered; forms to enter and to correct."""
