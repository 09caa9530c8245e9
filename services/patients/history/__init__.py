"""What is known of a patient, as the pure rules take it."""
