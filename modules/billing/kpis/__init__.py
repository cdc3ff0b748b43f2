"""Indicators of billing, one file per concept."""
