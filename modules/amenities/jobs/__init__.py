"""Scheduled work of amenities."""
