"""What the desk gives beyond tickets: what it knows, written down for everybody."""
