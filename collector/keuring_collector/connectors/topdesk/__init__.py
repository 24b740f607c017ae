"""TOPdesk."""
