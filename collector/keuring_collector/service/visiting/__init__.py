"""Being seen: visiting hours, rounds that propose themselves, what became of them, and calendars that tell of them."""
