"""What is due for a patient, and when."""
