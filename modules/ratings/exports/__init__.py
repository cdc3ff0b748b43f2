"""Imports of ratings."""
