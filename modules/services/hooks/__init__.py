"""What services answer when other modules ask."""
