"""What platforms announces to other modules."""
