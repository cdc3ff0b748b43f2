"""Who may do what with amenities."""
