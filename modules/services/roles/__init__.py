"""Who may do what with services."""
