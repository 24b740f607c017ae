"""Announcements: whom they concern, writing them, and telling everybody once."""
