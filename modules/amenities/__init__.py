"""Community amenities: housing, hotel, meals, care, health, venues, events, notices."""
