"""Tables as people have them, read into panels of series."""
