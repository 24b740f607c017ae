"""A day is that of the desk's clock: whoever takes the date of a moment says in which time zone."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tests.architecture.sources import tree
from tests.repository import modules, named

if TYPE_CHECKING:
    from collections.abc import Iterator

# Each gives a moment on the clock of one place, or a day that was written down as one. A constant is a fixed moment.
SAYS_WHERE = ("local(", "localtime(", "astimezone(", "zone)", "DESK)", "fromisoformat(", "strptime(")
ON_THE_DESKS_CLOCK = {"local", "morning"}  # names that hold such a moment everywhere


def dates_without_a_place(source: ast.Module) -> Iterator[int]:
    """Lines that ask a moment for its date without saying where; between 23:00 and midnight UTC that is yesterday's."""
    for node in ast.walk(source):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "date"):
            continue
        moment = ast.unparse(node.func.value)
        if not (
            node.args or moment in ON_THE_DESKS_CLOCK or moment.isupper() or any(map(moment.__contains__, SAYS_WHERE))
        ):
            yield node.lineno


def test_the_date_of_a_moment_is_taken_where_the_desk_is() -> None:
    ours = [path for path in modules() if named(path).startswith(("collector/", "tests/collector/", "tests/e2e/"))]
    found = [f"{named(path)}:{line}" for path in ours for line in dates_without_a_place(tree(path))]
    assert len(ours) > 500
    assert found == []


def test_a_date_without_a_place_is_found() -> None:
    lines = ("now.date()", "timezone.localtime(now).date()", "local.date()", "datetime.now(UTC).date()", "NOW.date()")
    assert list(dates_without_a_place(ast.parse("\n".join(lines)))) == [1, 4]
