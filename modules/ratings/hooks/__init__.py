"""What ratings does when other modules announce something."""
