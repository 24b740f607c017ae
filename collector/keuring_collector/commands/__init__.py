"""The commands of keuring-collector, one module each: NAME, HELP, ``configure(parser)`` and ``run(arguments)``.

Modules here import little at the top: ``--help`` and a supervisor must not load Django and grpc, and metrics may be
imported only after the processes have agreed on where to keep them.
"""
