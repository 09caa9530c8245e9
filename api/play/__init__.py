"""Playing a file of forms as phones would: reading it, sending it, checking what came of it."""
