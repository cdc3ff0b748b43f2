"""Scheduled work of services."""
