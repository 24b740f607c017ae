"""Small files in the state directory: written whole or not at all, readable by the agent's account alone."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from keuring_agent import access
from keuring_agent.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOTEBOOK: Final = "notebook.json"
POLICY: Final = "policy.json"
IDENTITY: Final = "identity.json"
PENDING: Final = "enrolment.json"
RENEWAL: Final = "renewal.json"
RECOVERY: Final = "recovery.json"
COLLECTOR: Final = "collector.json"
TOKEN: Final = "enrolment-token"  # noqa: S105  # a file
ENROLMENT_REFUSED: Final = "enrolment-refused.json"
EFFORT: Final = "effort.json"
_PRIVATE_DIRECTORY, _PRIVATE_FILE = 0o700, 0o600
_THROUGH, _SHARED_FILE = 0o711, 0o644


def prepare(directory: Path) -> None:
    """Makes the state directory if need be, for nobody else to look into. Raises StateError."""
    try:
        directory.mkdir(mode=_PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    except OSError as error:
        raise StateError(
            f"{directory}: the state directory cannot be made ({error.strerror}); make it for the account that the "
            "agent runs under, or choose another with --state-directory"
        ) from error
    if not os.access(directory, os.W_OK | os.X_OK):
        raise StateError(
            f"{directory}: the state directory is not writable for this account; change its owner, or choose another "
            "with --state-directory"
        )


def open_up(directory: Path) -> None:
    """Lets colleagues at the machine reach what is shared there: they may go through, and not look around."""
    with suppress(OSError):  # of another account: then it is for that one to say
        if os.name == "posix":
            directory.chmod(_THROUGH)


def act_as_owner(directory: Path) -> None:
    """Root goes on as the account that the state directory belongs to, so that the service can use what is written."""
    if os.name != "posix" or os.geteuid() != 0:
        return
    try:
        owner = directory.stat()
    except OSError:
        return  # there is none yet
    if owner.st_uid == 0:
        return
    import pwd

    with suppress(KeyError):  # an account that this system does not know has no further groups
        os.initgroups(pwd.getpwuid(owner.st_uid).pw_name, owner.st_gid)
    os.setgid(owner.st_gid)
    os.setuid(owner.st_uid)


def write(path: Path, value: Any, *, durable: bool = True, shared: bool = False) -> None:
    """Writes ``value`` as JSON in the place of what was there. Raises StateError.

    Durable: also when the power fails right after. Shared: every account may read it.
    """
    new = path.with_name(f".{path.name}.new")
    try:
        with suppress(FileNotFoundError):
            new.unlink()
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE)
        try:
            if shared and hasattr(os, "fchmod"):
                os.fchmod(handle, _SHARED_FILE)  # whatever the umask
            data = json.dumps(value, ensure_ascii=False).encode()
            while data:
                data = data[os.write(handle, data) :]
            if durable:
                os.fsync(handle)
        finally:
            os.close(handle)
        if shared:
            access.let_read(new)
        new.replace(path)
        if durable:
            sync_directory(path.parent)
    except OSError as error:
        raise StateError(
            f"{path}: cannot be written ({error.strerror}); make the directory writable for the account that the "
            "agent runs under, and see that the disk is not full"
        ) from error


def sync_directory(directory: Path) -> None:
    """Makes the names in it durable."""
    if os.name != "posix":
        return  # Windows cannot and need not
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read(path: Path) -> dict[str, Any] | None:
    """The object in a JSON file; None when there is no file. Raises StateError for one that cannot be read."""
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except NotADirectoryError as error:
        raise StateError(f"{path.parent}: this is no directory; choose another with --state-directory") from error
    except OSError as error:
        raise StateError(f"{path}: cannot be read ({error.strerror}); give it to the agent's account") from error
    except ValueError as error:
        raise StateError(f"{path}: damaged ({error}); restore it, or remove it and enrol again") from error
    if not isinstance(value, dict):
        raise StateError(f"{path}: damaged (no JSON object); restore it, or remove it and enrol again")
    return value


def read_quietly(path: Path, log: Callable[[str], None]) -> dict[str, object]:
    """A file that the agent can do without when it is damaged."""
    try:
        return read(path) or {}
    except StateError as error:
        log(f"{error}; going on without it")
        return {}


def remove(path: Path) -> None:
    """Removes a file that may not be there."""
    with suppress(OSError):
        path.unlink()
