"""Who is on call: schedules with their rotations and overrides, and links to their calendars."""
