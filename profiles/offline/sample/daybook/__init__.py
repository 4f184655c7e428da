"""A journal of working hours in a plain text file, and reports about it."""
