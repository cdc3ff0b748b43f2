"""Indicators of amenities."""
