"""What libraries find wrong with a file, in words of our own: what is wrong, and what would be right.

Whoever writes rules should not have to know which libraries read them, or what these call a list.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from keuring_collector.rulepack.problems import Problem, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydantic import BaseModel, ValidationError
    from yaml import MarkedYAMLError

    from keuring_collector.rulepack.problems import Loc
    from keuring_collector.rulepack.source import Source


class Words(NamedTuple):
    """What is wrong with a value (or a line), and what would be right."""

    what: str
    mend: str


# What does not fit a model.

FIELDS: Final = Words("no fields", "write fields, 'name: value', here or indented below")
LIST: Final = Words("not a list", "write [a, b], or lines that begin with '- '")
TEXT: Final = Words("not text", "write text, between quotes where it looks like a number")
TRUTH: Final = Words("not true or false", "write true or false")
WHOLE: Final = Words("no whole number", "write a whole number, without a unit")
DATE: Final = Words("no date", "write it as in 2026-03-02")
MOMENT: Final = Words("no moment", "write it as in 2026-03-02T08:00:00Z")
_KINDS: Final[Mapping[str, Words]] = {
    "model_type": FIELDS,
    "model_attributes_type": FIELDS,
    "dict_type": FIELDS,
    "list_type": LIST,
    "string_type": TEXT,
    "string_too_short": Words("empty", "write what it is to say"),
    "bool_type": TRUTH,
    "bool_parsing": TRUTH,
    "int_type": WHOLE,
    "int_parsing": WHOLE,
    "int_parsing_size": WHOLE,
    "int_from_float": WHOLE,
    "float_type": Words("no number", "write a number, without a unit"),
    "finite_number": Words("no finite number", "write a number that ends"),
    "date_type": DATE,
    "date_parsing": DATE,
    "date_from_datetime_parsing": DATE,
    "date_from_datetime_inexact": DATE,
    "datetime_type": MOMENT,
    "datetime_parsing": MOMENT,
    "datetime_from_date_parsing": MOMENT,
    "timezone_aware": Words("a moment without a time zone", "end it with Z, or with an offset such as +02:00"),
}
# What may be one of several kinds is told apart by which kinds: see Duration, Quantity, Score and Scalar.
_UNIONS: Final[Mapping[frozenset[str], Words]] = {
    frozenset({"int", "str"}): Words("no length of time", "write it as in '30m', '36h' or '14d'"),
    frozenset({"int", "float", "str"}): Words("no quantity", "write it as in '20 GiB', '85 %' or '3'"),
    frozenset({"int", "float"}): Words("no number", "write a number, without a unit"),
    frozenset({"bool", "int", "float", "str"}): Words("no single value", "write text, a number, true or false"),
}
_TAGS: Final = frozenset({"bool", "int", "float", "str"})


def problems_of(
    source: Source, error: ValidationError, model: type[BaseModel], unseen: Sequence[str] = ()
) -> Iterator[Problem]:
    """What is wrong with the file ``source``, which was to be a ``model``; what is missing comes last.

    ``unseen`` are steps of the model's that stand in no file.
    """
    items: dict[Loc, Any] = {}
    tags: dict[Loc, set[str]] = {}
    for item in error.errors():
        loc: Loc = tuple(part for part in item["loc"] if part not in unseen)
        if len(loc) > 1 and loc[-1] in _TAGS:
            loc, tag = loc[:-1], str(loc[-1])
            tags.setdefault(loc, set()).add(tag)
        items.setdefault(loc, item)
    # A misspelt field is also a missing one.
    for loc in sorted(items, key=lambda each: items[each]["type"] == "missing"):
        yield _problem(source, model, loc, items[loc], frozenset(tags.get(loc, ())))


def _problem(source: Source, model: type[BaseModel], loc: Loc, item: Any, tags: frozenset[str]) -> Problem:
    line, name = source.line(loc), _name(loc)
    if item["type"] == "extra_forbidden":
        mend = nearest(name, fields_at(model, loc[:-1]), most=40)
        return Problem(source.path, line, f"unknown field '{name}'", mend)
    if item["type"] == "missing":
        where = f" in '{_name(loc[:-1])}'" if len(loc) > 1 else ""
        return Problem(source.path, source.line(loc[:-1]), f"'{name}' is missing{where}", f"add '{name}: …'")
    what, mend = _UNIONS.get(tags) or _words(name, item)
    if _says_nothing(item["input"]) and item["type"] != "string_too_short":
        what = "nothing stands here"
    return Problem(source.path, line, f"{name}: {what}", mend)


def _name(loc: Loc) -> str:
    """How a place is called: by its field, and in a list by the field with the number that people count to."""
    if not loc:
        return "file"
    if isinstance(loc[-1], int) and len(loc) > 1:
        return f"{loc[-2]} {loc[-1] + 1}"
    return str(loc[-1])


def _says_nothing(value: object) -> bool:
    return value is None or value == ""


def _words(name: str, item: Any) -> Words:
    kind, value, about = item["type"], item["input"], item.get("ctx", {})
    if kind in _KINDS:
        return _KINDS[kind]
    if kind in ("enum", "literal_error"):
        return Words(f"{_shown(value)} is none of the words for it", f"write {about['expected']}")
    if kind == "string_pattern_mismatch":
        return Words(f"{_shown(value)} does not fit", _pattern_advice(name))
    if kind in ("greater_than", "greater_than_equal"):
        least = f"more than {about['gt']}" if kind == "greater_than" else f"{about['ge']} or more"
        return Words(f"{_shown(value)} is too little", f"write {least}")
    if kind in ("less_than", "less_than_equal"):
        most = f"less than {about['lt']}" if kind == "less_than" else f"{about['le']} or less"
        return Words(f"{_shown(value)} is too much", f"write {most}")
    if kind == "too_short":
        return Words(f"{about['actual_length']} stand here", f"write {about['min_length']} or more")
    if kind == "too_long":
        return Words(f"more than {about['max_length']} stand here", f"write {about['max_length']} or fewer")
    if kind == "value_error":
        what, _, mend = str(about["error"]).partition("; ")
        return Words(what, mend)
    return Words(f"{_shown(value)} does not fit", "see what docs/writing-rules.md says of it")


def _shown(value: object) -> str:
    """A value as somebody wrote it, or what it is when it is more than one."""
    if isinstance(value, dict | list):
        return "this"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dt.date | int | float):
        return str(value)
    text = str(value)
    return f"'{text if len(text) <= 40 else text[:39] + '…'}'"


def _pattern_advice(name: str) -> str:
    if name == "id":
        return "write a fresh UUID, in lower case: python3 -c 'import uuid; print(uuid.uuid4())'"
    if name in ("name", "table"):
        return "write small letters, digits and underscores: subject_condition"
    if name in ("cause", "skill", "article", "item", "product"):
        return "write small letters, digits and hyphens"
    return "write it as in '30m', '36h' or '14d'"


def fields_at(model: Any, loc: Loc) -> list[str]:
    """The fields of the model at ``loc`` within ``model``."""
    for part in loc:
        fields = getattr(model, "model_fields", None)
        if fields is None or isinstance(part, int):
            continue
        field = fields.get(part) or next((each for each in fields.values() if each.alias == part), None)
        annotation = field.annotation if field else None
        model = _model_in(annotation) or model
    return [info.alias or name for name, info in model.model_fields.items()]


def _model_in(annotation: Any) -> Any:
    if hasattr(annotation, "model_fields"):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_in(argument)
        if found is not None:
            return found
    return None


# What is no YAML.

_QUOTES: Final = "quote texts that hold ': ' or ' #', or that begin with a sign"
_INDENT: Final = f"mind the indentation, and {_QUOTES}"
_BELOW: Final = "begin it on the next line, indented"
_QUOTE: Final = "put it in quotes"
_BACKSLASH: Final = Words("a backslash that means nothing", "write two for a real one, or use ' for quotes")
_OPEN: Final = Words("a quote that is not closed", "put the second one behind the text")
_NO_FIELD: Final = Words("a line that is no field", "write 'name: value'")
_OPEN_LIST: Final = Words("a list that is not closed", "close it, with a comma between items: [a, b]")
_OPEN_BRACES: Final = Words("fields in braces that are not closed", "close them, with a comma between: {a: 1, b: 2}")
# They are to be mended where they begin, not where the library notices.
_FROM_THE_BEGIN: Final = (_OPEN, _NO_FIELD, _OPEN_LIST, _OPEN_BRACES)
_YAML: Final = [
    (re.compile(pattern), words)
    for pattern, words in (
        ("mapping values are", Words("a second ': ' on one line", f"write one field a line, and {_QUOTES}")),
        ("could not find expected ':'", _NO_FIELD),
        (r"character '\\t'", Words("a tab", "indent with spaces")),
        ("that cannot start any token", Words("a sign that no text may begin with", "put the text in quotes")),
        ("unexpected (end of stream|document separator)", _OPEN),
        (r"expected ',' or '\]'", _OPEN_LIST),
        ("expected ',' or '}'", _OPEN_BRACES),
        ("found ':'", Words("a field without a name", "write 'name: value'")),
        ("expected <block end>", Words("a line that stands too far to the left or the right", _INDENT)),
        ("sequence entries", Words("a '- ' where no list can begin", "put the list on lines of its own")),
        ("mapping keys are", Words("a '? ' where no field can begin", _QUOTE)),
        ("unknown escape|escape sequence", _BACKSLASH),
        ("undefined alias", Words("a text that begins with '*'", _QUOTE)),
        ("duplicate anchor", Words("a text that begins with '&', twice", _QUOTE)),
        ("expected alphabetic or numeric", Words("a text that begins with '*' or '&'", _QUOTE)),
        ("single document", Words("a second document, behind '---'", "write one rule a file")),
        ("chomping|comment or a line break|indentation indicator", Words("a text right behind '>' or '|'", _BELOW)),
        ("YAML d|directive|a digit", Words("a line that begins with '%'", _QUOTE)),
        ("document start", Words("a line that does not go with what stands above it", _INDENT)),
        ("tag|URI|expected a |expected ' '", Words("a text that begins with '!'", _QUOTE)),
        ("node content", Words("a value that is not there", _INDENT)),
        ("recursive", Words("a part that holds itself", "write it out")),
    )
]
UNREADABLE: Final = Words("a line that cannot be understood", _INDENT)


def of_yaml(error: MarkedYAMLError) -> tuple[int, Words]:
    """The line on which to mend what the YAML library found, and that in words of our own."""
    found = f"{error.problem or ''} {error.context or ''}"
    words = next((words for pattern, words in _YAML if pattern.search(found)), UNREADABLE)
    marks = (error.problem_mark, error.context_mark)
    mark = next((mark for mark in (marks[::-1] if words in _FROM_THE_BEGIN else marks) if mark is not None), None)
    return mark.line + 1 if mark else 1, words
