"""YAML with line numbers: the data of a file, and the line of each of its keys and items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml
from yaml.reader import ReaderError

from keuring_collector.rulepack.problems import Problem, RulePackError

if TYPE_CHECKING:
    from pathlib import Path

    from keuring_collector.rulepack.problems import Loc

LARGEST = 1 << 20  # bytes; a rule is a page of text


def _too_large(path: Path) -> Problem:
    return Problem(path, 1, "larger than 1 MiB", "a rule is a page of text: split it")


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise RulePackError([_too_large(path)])
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RulePackError([Problem(path, 1, f"cannot be read: {error}", "save it as UTF-8 text")]) from error


class Source:
    """A YAML file: ``data`` (dicts, lists, scalars) and where each part of it stands."""

    def __init__(self, path: Path, text: str | None = None) -> None:
        """Reads ``path``, or ``text`` as if it stood there. RulePackError: it is not there, not text, or not YAML."""
        self.path = path
        self.data: Any = None
        self._lines: dict[Loc, int] = {(): 1}
        if text is None:
            text = _text(path)
        elif len(text) > LARGEST:
            raise RulePackError([_too_large(path)])
        try:
            self.data = self._parse(text)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 1
            what = f"not valid YAML: {error.problem or error.context}"
            mend = "mind the indentation, and quote texts that hold ': ' or begin with a sign"
            raise RulePackError([Problem(path, line, what, mend)]) from error
        except ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            what = f"not valid YAML: the character {ord(text[error.position]):#x} may not stand in it"
            raise RulePackError([Problem(path, line, what, "take it out")]) from error
        except RecursionError as error:
            raise RulePackError([Problem(path, 1, "nested too deeply", "a rule has a few levels at most")]) from error
        except (yaml.YAMLError, ValueError) as error:
            raise RulePackError([Problem(path, 1, f"not valid YAML: {error}")]) from error

    def _parse(self, text: str) -> Any:
        loader = yaml.SafeLoader(text)
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
        self._lines.setdefault(loc, node.start_mark.line + 1)
        if depth > 20:
            raise yaml.MarkedYAMLError(None, None, "nested too deeply", node.start_mark)
        if isinstance(node, yaml.MappingNode):
            found: dict[str, Any] = {}
            for key_node, value_node in node.value:
                key = str(loader.construct_object(key_node))
                if key in found:
                    raise yaml.MarkedYAMLError(None, None, f"'{key}' stands here twice", key_node.start_mark)
                self._lines[(*loc, key)] = key_node.start_mark.line + 1
                found[key] = self._build(loader, value_node, (*loc, key), depth + 1)
            return found
        if isinstance(node, yaml.SequenceNode):
            return [self._build(loader, item, (*loc, number), depth + 1) for number, item in enumerate(node.value)]
        return loader.construct_object(node)
