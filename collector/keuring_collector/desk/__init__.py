"""APK tickets: their life, their history, the people who work on them, and the digest."""
