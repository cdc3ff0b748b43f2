"""Indicators of services."""
