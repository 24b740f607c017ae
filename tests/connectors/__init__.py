"""Contract tests of what leaves the house, against local servers that behave as their vendors document it."""
