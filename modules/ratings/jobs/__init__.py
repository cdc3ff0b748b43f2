"""Jobs of ratings."""
