"""Benchmarks: each module measures one thing and yields its figures."""
