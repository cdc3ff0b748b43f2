"""Reports, one file per concept."""
