"""Tie-outs of platforms."""
