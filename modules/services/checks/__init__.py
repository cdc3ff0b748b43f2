"""Tie-outs of services."""
