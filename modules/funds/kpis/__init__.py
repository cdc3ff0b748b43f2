"""Indicators of funds."""
