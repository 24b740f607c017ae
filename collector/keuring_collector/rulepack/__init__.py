"""Rules as data: load, validate, lint, test and explain them."""
