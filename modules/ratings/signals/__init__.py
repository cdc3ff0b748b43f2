"""What ratings announces."""
