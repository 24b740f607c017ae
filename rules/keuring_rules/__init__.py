"""Keuring's rule pack: data only. keuring_collector.rulepack reads it."""
