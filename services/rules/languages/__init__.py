"""What a patient reads, in their language."""
