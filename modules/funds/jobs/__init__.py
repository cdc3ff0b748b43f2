"""Scheduled work of funds."""
