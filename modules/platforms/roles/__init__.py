"""Who may do what on platforms, one file per concept."""
