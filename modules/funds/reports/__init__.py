"""Notices and reports of funds."""
