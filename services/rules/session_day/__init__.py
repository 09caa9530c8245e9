"""What is safe around a session: screening, vital signs, clearance, driving (E2-E6, N2)."""
