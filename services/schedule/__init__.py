"""What is due for a patient, anchored on their treatment."""
