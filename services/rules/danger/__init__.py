"""Is somebody in danger? The S rules, notes, refused bodies, standing plans, silence."""
