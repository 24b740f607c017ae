"""The processes of a collector: each ``run(settings)`` works until it is asked to end and returns the exit code."""
