"""What platforms receives from other modules."""
