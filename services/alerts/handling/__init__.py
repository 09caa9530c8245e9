"""What people do with an alert: read, acknowledge, note, resolve, give feedback."""
