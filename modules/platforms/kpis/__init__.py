"""Indicators of platforms."""
