"""Facts about carriers for recognition and rating."""
