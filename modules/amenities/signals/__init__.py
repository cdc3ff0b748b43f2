"""What amenities announce."""
