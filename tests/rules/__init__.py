"""The rules themselves: each plays its own tests."""
