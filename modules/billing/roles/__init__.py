"""Who may do what in billing, one file per concept."""
