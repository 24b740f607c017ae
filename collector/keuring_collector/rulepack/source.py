"""YAML with line numbers: the data of a file, and the line of each of its keys and items."""

from __future__ import annotations

import codecs
import stat
from typing import TYPE_CHECKING, Any

import yaml
from yaml.reader import ReaderError

from keuring_collector.rulepack import plainly
from keuring_collector.rulepack.problems import Problem, RulePackError

if TYPE_CHECKING:
    from pathlib import Path

    from keuring_collector.rulepack.problems import Loc

LARGEST = 1 << 20  # bytes; a rule is a page of text
DEEPEST = 20  # levels
_TOO_DEEP = "nested too deeply"
# libyaml, ten times as fast where PyYAML was built with it; its words for what is wrong are poorer.
_QUICK: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _too_large(path: Path) -> Problem:
    return Problem(path, 1, "larger than 1 MiB", "a rule is a page of text: split it")


def text_of(path: Path) -> str:
    """The text in ``path``. RulePackError: there is none, it may not be read, or it is no text."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            folder = stat.S_ISDIR(status.st_mode)
            what = "a folder, where a file is meant" if folder else "no file, but a pipe or a device"
            raise RulePackError([Problem(path, 1, what, "give it another name, or put a file in its place")])
        if status.st_size > LARGEST:
            raise RulePackError([_too_large(path)])
        raw = path.read_bytes()
    except FileNotFoundError as error:
        what, mend = "no such file", "write it, or take away what points to it"
        raise RulePackError([Problem(path, 1, what, mend)]) from error
    except PermissionError as error:
        what, mend = "may not be read", "give the account that Keuring runs as the right to read it"
        raise RulePackError([Problem(path, 1, what, mend)]) from error
    except OSError as error:
        what, mend = f"cannot be read ({error.strerror})", "see to the disk, or put the file elsewhere"
        raise RulePackError([Problem(path, 1, what, mend)]) from error
    return _decoded(path, raw)


def _decoded(path: Path, raw: bytes) -> str:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise RulePackError([Problem(path, 1, "text in UTF-16", "save it as UTF-8 text")])
    if b"\0" in raw:
        line = raw.count(b"\n", 0, raw.index(b"\0")) + 1
        raise RulePackError(
            [Problem(path, line, "no text, but the content of a program or picture", "put text in its place")]
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        what = f"the byte {raw[error.start]:#04x} is no text in UTF-8"
        raise RulePackError([Problem(path, line, what, "save it as UTF-8 text")]) from error


class Source:
    """A YAML file: ``data`` (dicts, lists, scalars) and where each part of it stands."""

    def __init__(self, path: Path, text: str | None = None) -> None:
        """Reads ``path``, or ``text`` as if it stood there. RulePackError: it is not there, not text, or not YAML."""
        self.path = path
        self.data: Any = None
        self._lines: dict[Loc, int] = {(): 1}
        if text is None:
            text = text_of(path)
        elif len(text) > LARGEST:
            raise RulePackError([_too_large(path)])
        try:
            self.data = self._parse(text)
        except yaml.MarkedYAMLError as error:
            line, words = plainly.of_yaml(error)
            raise self._error(line, f"not valid YAML: {words.what}", words.mend) from error
        except ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            what = f"not valid YAML: the character {ord(text[error.position]):#x} may not stand in it"
            raise self._error(line, what, "take it out") from error
        except RecursionError as error:
            raise self._error(1, _TOO_DEEP, "a rule has a few levels at most") from error

    def _error(self, line: int, what: str, mend: str) -> RulePackError:
        return RulePackError([Problem(self.path, line, what, mend)])

    def _parse(self, text: str) -> Any:
        try:
            self._measure(text)
            return self._read_by(_QUICK(text))
        except yaml.YAMLError:
            return self._read_by(yaml.SafeLoader(text))

    def _measure(self, text: str) -> None:
        """Refuses what nests too deeply before it is composed: libyaml's composer calls itself until the stack ends."""
        depth = 0
        event: Any
        for event in yaml.parse(text, Loader=_QUICK):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > 2 * DEEPEST:
                raise self._error(event.start_mark.line + 1, _TOO_DEEP, "a rule has a few levels at most")

    def _read_by(self, loader: yaml.SafeLoader) -> Any:
        try:
            node = loader.get_single_node()
            return None if node is None else self._build(loader, node, (), 0)
        finally:
            loader.dispose()

    def line(self, loc: Loc) -> int:
        """The line of ``loc``, or of the nearest part around it that is there."""
        for length in range(len(loc), -1, -1):
            if loc[:length] in self._lines:
                return self._lines[loc[:length]]
        return 1

    def _build(self, loader: yaml.SafeLoader, node: yaml.Node, loc: Loc, depth: int) -> Any:
        line = node.start_mark.line + 1
        self._lines.setdefault(loc, line)
        if depth > DEEPEST:
            raise self._error(line, _TOO_DEEP, "a rule has a few levels at most")
        if isinstance(node, yaml.MappingNode):
            found: dict[str, Any] = {}
            for key_node, value_node in node.value:
                key = self._key(key_node)
                if key in found:
                    raise self._error(key_node.start_mark.line + 1, f"'{key}' stands here twice", "keep one of them")
                self._lines[(*loc, key)] = key_node.start_mark.line + 1
                found[key] = self._build(loader, value_node, (*loc, key), depth + 1)
            return found
        if isinstance(node, yaml.SequenceNode):
            return [self._build(loader, item, (*loc, number), depth + 1) for number, item in enumerate(node.value)]
        try:
            return loader.construct_object(node)
        except ValueError as error:
            # It looks like a date or a number, and there is no such one.
            raise self._error(
                line, f"there is no such date or number as '{node.value}'", "mend it, or quote it"
            ) from error

    def _key(self, node: yaml.Node) -> str:
        """The name of a field, as it is written: `on` is a name too, and YAML's word for true."""
        if not isinstance(node, yaml.ScalarNode) or not node.value:
            line = node.start_mark.line + 1
            raise self._error(line, "a field without a name", "write 'name: value', and quote texts that hold ': '")
        return str(node.value)
