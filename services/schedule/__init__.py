"""What is due for a patient, anchored on her treatment."""
