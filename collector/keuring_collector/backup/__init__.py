"""One file that holds a whole collector, and a collector made from such a file."""
