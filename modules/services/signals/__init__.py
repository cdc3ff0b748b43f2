"""What services announce."""
