"""Shared technical platforms: instruments, usage, rates, billing of users, cost recovery."""
