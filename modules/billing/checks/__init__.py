"""What must tie in billing; one file per concept."""
