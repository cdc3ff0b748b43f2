"""Exports and imports of services."""
