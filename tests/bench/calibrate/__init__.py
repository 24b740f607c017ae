"""Where numbers in the pack come from: scripts, run by hand, that learn them from recorded data."""
