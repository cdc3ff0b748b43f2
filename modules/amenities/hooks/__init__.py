"""What amenities answer when other modules ask."""
