"""Who may do what with funds, one file per concept."""
