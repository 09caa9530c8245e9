"""What clinicians call."""
