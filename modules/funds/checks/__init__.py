"""Tie-outs of funds."""
