"""Who may do what with ratings."""
