"""Scheduled work of platforms."""
