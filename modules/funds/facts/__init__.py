"""Facts for the rating of incubators."""
