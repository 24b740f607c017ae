"""When subscriptions of the system end: of Red Hat by their certificates, of Ubuntu Pro by its own note."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring_agent.host import dates, x509
from keuring_agent.host.inventory import Licence
from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_agent.host.tree import Tree

_RED_HAT: Final = "etc/pki/entitlement"
_UBUNTU: Final = "var/lib/ubuntu-advantage/status.json"
_NEVER: Final = 253370764800.0  # the year 9999, which stands for no end


def licences(tree: Tree) -> list[Licence]:
    """Each product once, with the last of its ends: that is until when updates come."""
    ends: dict[str, float] = {}
    for product, end in (*_red_hat(tree), *_ubuntu(tree)):
        ends[product] = max(end, ends.get(product, 0.0))
    if not ends:
        raise NotMeasurable("no subscription of the system that ends is known here (Red Hat's and Ubuntu Pro's are)")
    return [Licence(product, end) for product, end in ends.items()]


def _red_hat(tree: Tree) -> Iterator[tuple[str, float]]:
    for name in tree.names(_RED_HAT):
        if name.endswith(".pem") and not name.endswith("-key.pem"):
            try:
                yield "Red Hat subscription", x509.expires(tree.data(f"{_RED_HAT}/{name}"))
            except NotMeasurable:
                continue


def _ubuntu(tree: Tree) -> Iterator[tuple[str, float]]:
    import json

    try:
        status = json.loads(tree.optional(_UBUNTU) or "{}")
        if status.get("attached") is True:
            end = dates.iso(status["expires"])
            if end is not None and end < _NEVER:
                yield "Ubuntu Pro", end
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return
