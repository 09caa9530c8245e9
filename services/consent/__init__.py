"""What patients agree to: versioned texts, acceptance, withdrawal."""
