"""Who is on call: schedules as staff keep them, shifts, gaps and calendars."""
