"""What staff do with patients: enrol, look up, change, pause, and see who needs them today."""
