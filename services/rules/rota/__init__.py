"""Who is on call: rotations in a named zone, covers and absences, and what they leave open."""
