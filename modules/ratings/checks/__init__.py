"""Tie-outs of ratings."""
