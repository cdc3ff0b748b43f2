"""Reports of ratings."""
