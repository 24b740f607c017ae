"""The signal catalogue: what an agent may measure, declared once in YAML and generated into Python."""
