"""The judging: pure functions from (rules, state, window) to (state, findings); no clock, no I/O."""
