"""The kernel's messages: /dev/kmsg from where we stopped, or the journal where kmsg may not be read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from keuring_agent.host.readings import KernelLog, LogLine, NotMeasurable

if TYPE_CHECKING:
    from keuring_agent.host.commands import Run
    from keuring_agent.host.tree import Tree

_RECORD: Final = 16384  # a record has at most 8 KiB and must be read in one go
_MOST: Final = 20_000  # messages in one reading; the kernel's buffer holds fewer
_CURSOR: Final = "-- cursor: "


class KernelReader:
    """Reads new messages only. Positions are "kmsg:BOOT:NUMBER" or "journal:CURSOR"."""

    def __init__(self, tree: Tree, run: Run, timeout: float) -> None:
        self._tree = tree
        self._run = run
        self._timeout = timeout
        self._handle: int | None = None
        self._reached = -1
        self._rest = b""

    def read(self, position: str, boot_id: str, now: float, since_boot: float) -> KernelLog:
        """Messages after ``position``; ``now`` and ``since_boot`` are two clocks read together, for the stamps.

        Raises NotMeasurable where neither source may be read.
        """
        try:
            return self._kmsg(position, boot_id, now - since_boot)
        except NotMeasurable as kmsg:
            if not self._tree.is_own:
                raise
            try:
                return self._journal(position, now)
            except NotMeasurable as journal:
                raise NotMeasurable(f"{kmsg.reason}; {journal.reason}") from None

    def _kmsg(self, position: str, boot_id: str, booted: float) -> KernelLog:
        prefix = f"kmsg:{boot_id}:"
        if self._handle is None:
            self._open()
            known = position.removeprefix(prefix)
            self._reached = int(known) if position.startswith(prefix) and known.isdigit() else -1
        lines = []
        for record in self._records():
            head, _, text = record.partition(b";")
            fields = head.split(b",")
            if len(fields) < 3 or not (fields[1].isdigit() and fields[2].isdigit()):  # level, number, time
                continue
            number = int(fields[1])
            # Bits above the level are the facility: 0 is the kernel itself; programs can write here too.
            if number > self._reached and int(fields[0]) >> 3 == 0:
                lines.append(LogLine(booted + int(fields[2]) / 1e6, text.decode("utf-8", "replace")))
            self._reached = max(self._reached, number)
        return KernelLog(f"{prefix}{self._reached}", lines)

    def _open(self) -> None:
        try:
            self._handle = os.open(self._tree.path("dev/kmsg"), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            # Opening may be allowed where reading is not; then the first read tells.
            first = os.read(self._handle, _RECORD)
            self._rest = first
        except BlockingIOError:
            self._rest = b""
        except BrokenPipeError:
            self._rest = b""
        except OSError as error:
            self.close()
            raise NotMeasurable(f"/dev/kmsg cannot be read: {error.strerror}") from error

    def _records(self) -> list[bytes]:
        """What is there now, one record per item, without the lines that only elaborate."""
        assert self._handle is not None  # noqa: S101  # _kmsg opened it
        data = [self._rest] if self._rest else []
        self._rest = b""
        while len(data) < _MOST:
            try:
                part = os.read(self._handle, _RECORD)
            except BlockingIOError:
                break
            except BrokenPipeError:
                continue  # messages were overwritten before we came; go on with the oldest left
            except OSError as error:
                self.close()
                raise NotMeasurable(f"/dev/kmsg cannot be read: {error.strerror}") from error
            if not part:
                break
            data.append(part)
        return [line for line in b"".join(data).split(b"\n") if line and not line.startswith(b" ")]

    def close(self) -> None:
        """Lets go of /dev/kmsg."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _journal(self, position: str, now: float) -> KernelLog:
        cursor = position.removeprefix("journal:")
        command = ["journalctl", "--dmesg", "--quiet", "--no-pager", "--output=cat", "--show-cursor"]
        command.append(f"--after-cursor={cursor}" if position.startswith("journal:") and cursor else "--lines=2000")
        result = self._run(command, self._timeout)
        if result.status:
            raise NotMeasurable("the journal of the kernel's messages may not be read")
        lines = result.output.decode("utf-8", "replace").splitlines()
        if lines and lines[-1].startswith(_CURSOR):
            cursor = lines.pop().removeprefix(_CURSOR)
        elif not cursor:
            raise NotMeasurable("the journal holds no messages of the kernel that may be read")
        return KernelLog(f"journal:{cursor}", [LogLine(now, line) for line in lines])
