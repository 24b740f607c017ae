"""How colleagues feel about their workplace: keeping it so that it is nobody's, and telling it only of groups."""
