"""How each kind of signal goes in the simulated fleet, by module; each adds its columns to a machine's sheet."""
