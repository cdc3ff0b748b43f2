"""Imports: hostile-safe reading, column mapping, dry run, set-based writing, error workbook, undo.

Light on purpose: the reading child process imports this package and must start in a fraction of a second."""
