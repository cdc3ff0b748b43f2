"""Jobs of billing, one file per concept."""
