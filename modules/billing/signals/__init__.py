"""What billing announces, and what it asks other modules."""
