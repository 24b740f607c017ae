"""Skills of the desk: the catalogue, who can what, what the work asks, who could help, and what to learn next.

Nobody is ranked: people stand in the order of their names, and what is said of their work is a word.
"""
