"""What billing does when other modules announce something, one file per concept."""
