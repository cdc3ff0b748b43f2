"""What funds receives from other modules."""
