"""The policy that agents follow, from the collector's settings."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from google.protobuf.duration_pb2 import Duration

from keuring.policy.v1 import policy_pb2
from keuring.signals.catalogue import BY_NAME

if TYPE_CHECKING:
    from keuring_collector.config import Settings


class PolicyError(ValueError):
    """A setting of the policy cannot be; the message says which and what would be right."""


def policy(settings: Settings) -> policy_pb2.Policy:
    """The policy message; its version is a hash of the rest. Raises PolicyError for an unknown signal or class."""
    unknown = [name for name in settings.disabled_signals if name not in BY_NAME]
    if unknown:
        raise PolicyError(f"setting 'disabled_signals': {unknown[0]!r} is no signal; protos/…/SIGNALS.md lists them")
    message = policy_pb2.Policy(
        sample_interval=_duration(settings.sample_interval),
        window_duration=_duration(settings.window_duration),
        windows_per_flush=settings.windows_per_flush,
        allowed_privacy_classes=[_privacy(name) for name in settings.allowed_privacy_classes],
        disabled_signals=settings.disabled_signals,
        wanted_agent_version=settings.wanted_agent_version,
    )
    message.version = hashlib.blake2b(message.SerializeToString(deterministic=True), digest_size=8).hexdigest()
    return message


def _duration(seconds: float) -> Duration:
    return Duration(seconds=int(seconds), nanos=round(seconds % 1 * 1e9))


def _privacy(name: str) -> policy_pb2.PrivacyClass.ValueType:
    try:
        return policy_pb2.PrivacyClass.Value(f"PRIVACY_CLASS_{name.upper()}")
    except ValueError as error:
        known = ", ".join(each.removeprefix("PRIVACY_CLASS_").lower() for each in policy_pb2.PrivacyClass.keys()[1:])
        raise PolicyError(f"setting 'allowed_privacy_classes': {name!r} is none; known are {known}") from error
