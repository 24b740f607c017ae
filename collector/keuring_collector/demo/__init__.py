"""A simulated fleet, for a first look."""
