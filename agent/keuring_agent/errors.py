"""What can go wrong in the agent, as one tree, and the exit code that each branch ends the program with.

Every message says what is wrong, where, and how to mend it; it is all that a person gets to see.
"""

from __future__ import annotations

from typing import ClassVar


class AgentError(Exception):
    """Something that a person has to know about."""

    exit_code: ClassVar[int] = 1


class ConfigError(AgentError):
    """A setting cannot be used."""

    exit_code = 2


class IdentityError(AgentError):
    """The machine is not enrolled, or what it holds of its enrolment cannot be used."""

    exit_code = 3


class EnrolmentError(AgentError):
    """Enrolment was refused, or its answer cannot be trusted."""

    exit_code = 4


class TokenError(EnrolmentError):
    """The text given as a token is none."""


class DeliveryError(AgentError):
    """Reports could not be delivered; they stay in the spool."""

    exit_code = 5
    code: ClassVar[str] = "not taken"  # how the log of what was sent calls it


class UnreachableError(DeliveryError):
    """Nobody answers at the collector's address, or not in time."""

    code = "no answer"


class UntrustedError(DeliveryError):
    """Whoever answers is not the collector that this machine was enrolled with."""

    exit_code = 7
    code = "not trusted"


class RefusedError(DeliveryError):
    """The collector does not want this machine's reports."""

    exit_code = 8
    code = "refused"


class StateError(AgentError):
    """The state directory, or a file in it, cannot be used."""

    exit_code = 6
