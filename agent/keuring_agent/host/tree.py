"""Reads small files below a root directory: /proc and /sys of this machine, of a mounted one, or recorded ones."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK: Final = 65536
_LIMIT: Final = 16 * 1024 * 1024  # no file that is read here is this large


class Tree:
    """Files below ``root``; paths are relative to it, as in "proc/stat"."""

    def __init__(self, root: str = "/") -> None:
        self.root = root.rstrip("/") + "/"

    @property
    def is_own(self) -> bool:
        """Whether this is the machine that the program itself runs on."""
        return self.root == "/"

    def path(self, path: str) -> str:
        """Where ``path`` is found by this program."""
        return self.root + path.lstrip("/")

    def data(self, path: str, missing: str = "") -> bytes:
        """A file's contents. Raises NotMeasurable; ``missing`` says what its absence means."""
        try:
            # O_NONBLOCK: a pipe or device in the wrong place must not hold the agent up.
            handle = os.open(self.path(path), os.O_RDONLY | os.O_NONBLOCK)
        except FileNotFoundError:
            raise NotMeasurable(missing or f"there is no /{path} on this machine") from None
        except PermissionError:
            raise NotMeasurable(f"/{path} may not be read by the account that the agent runs under") from None
        except OSError as error:
            raise NotMeasurable(f"/{path} cannot be read: {error.strerror}") from error
        try:
            data = os.read(handle, _CHUNK)
            if len(data) == _CHUNK or (data and not data.endswith(b"\n")):
                parts = [data]
                size = len(data)
                while part := os.read(handle, _CHUNK):
                    parts.append(part)
                    size += len(part)
                    if size > _LIMIT:
                        raise NotMeasurable(f"/{path} is larger than it can be")
                data = b"".join(parts)
            return data
        except OSError as error:
            # Many drivers answer a read with an error while the part sleeps or is absent.
            raise NotMeasurable(f"/{path} cannot be read: {error.strerror}") from error
        finally:
            os.close(handle)

    def head(self, path: str, size: int) -> bytes:
        """The first ``size`` bytes of a file of any size; empty where it cannot be read."""
        try:
            handle = os.open(self.path(path), os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            return b""
        try:
            return os.read(handle, size)
        except OSError:
            return b""
        finally:
            os.close(handle)

    def text(self, path: str, missing: str = "") -> str:
        """A file's contents as text, without surrounding white space."""
        return self.data(path, missing).decode("utf-8", "replace").strip()

    def optional(self, path: str) -> str | None:
        """The same; None where it cannot be read or is empty."""
        try:
            return self.text(path) or None
        except NotMeasurable:
            return None

    def pieces(self, path: str) -> Iterator[bytes]:
        """Whole lines of a file of any size, many at a time and never all at once; none where it cannot be read."""
        try:
            handle = os.open(self.path(path), os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            return
        try:
            rest = b""
            while data := os.read(handle, _CHUNK):
                whole, separator, tail = data.rpartition(b"\n")
                if separator:
                    yield rest + whole
                    rest = tail
                elif len(rest) > _CHUNK:
                    return  # no text has such lines
                else:
                    rest += data
            if rest:
                yield rest
        except OSError:
            return
        finally:
            os.close(handle)

    def lines(self, path: str) -> Iterator[str]:
        """The lines of a file of which few are wanted; none where it cannot be read."""
        for piece in self.pieces(path):
            for line in piece.split(b"\n"):
                yield line.decode("utf-8", "replace")

    def tail(self, path: str, size: int) -> bytes:
        """The last ``size`` bytes of a file of any size; empty where it cannot be read."""
        try:
            handle = os.open(self.path(path), os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            return b""
        try:
            length = os.fstat(handle).st_size
            return os.pread(handle, size, max(0, length - size))
        except OSError:
            return b""
        finally:
            os.close(handle)

    def changed(self, path: str) -> int:
        """When a file or directory was last changed, in nanoseconds; 0 where there is none."""
        try:
            return os.stat(self.path(path)).st_mtime_ns  # noqa: PTH116  # pathlib costs the resident agent memory
        except OSError:
            return 0

    def number(self, path: str) -> int | None:
        """A whole number; None where there is none."""
        text = self.optional(path)
        try:
            return None if text is None else int(text)
        except ValueError:
            return None

    def names(self, path: str) -> list[str]:
        """The names in a directory, sorted; none where it does not exist."""
        try:
            return sorted(os.listdir(self.path(path)))  # noqa: PTH208  # see exists
        except OSError:
            return []

    def exists(self, path: str) -> bool:
        """Whether there is such a file or directory."""
        return os.path.lexists(self.path(path))  # pathlib costs the resident agent memory
