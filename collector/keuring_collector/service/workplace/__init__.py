"""My workplace: what a colleague can see, take along and object to of what is kept of their machines."""
