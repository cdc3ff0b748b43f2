"""Tie-outs of amenities."""
