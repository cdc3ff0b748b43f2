"""What people are told by ratings."""
