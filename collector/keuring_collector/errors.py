"""The root of the errors that a person sees."""


class KeuringError(Exception):
    """Something that a person can mend; the message says what, where and how."""
