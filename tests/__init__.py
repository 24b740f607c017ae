"""Tests of all four distributions, and the benchmarks, soak and fuzz programs."""
