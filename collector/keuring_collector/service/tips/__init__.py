"""Tips: chances to work smarter that the pack's tip rules see; offered, at most one a week, and measured.

A tip never becomes a ticket. All that is kept of one is kept by the day.
"""
