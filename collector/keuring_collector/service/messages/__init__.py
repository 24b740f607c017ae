"""Messages to colleagues: templates in their language, filled from a ticket, and sent after a minute."""
