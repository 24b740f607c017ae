"""The same for programs as the console is for people: tickets, machines, signals, departments, rules and articles."""
