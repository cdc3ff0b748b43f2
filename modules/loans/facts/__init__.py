"""One file per concept."""
