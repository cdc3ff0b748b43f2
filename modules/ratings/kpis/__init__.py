"""Indicators of ratings."""
