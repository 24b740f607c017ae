"""Windows: lets whoever is signed in at the machine read a file that is for colleagues. Elsewhere its mode says so.

Never run by us; tested on what it asks of pywin32. A file lies in a directory that is closed, and whoever makes one
there owns it, so the service may open it up though it may not change the directory's own list.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

IS_NEEDED = os.name == "nt"
# INTERACTIVE: people at the machine's screen, or at it from afar; neither services nor other machines.
COLLEAGUES: Final = "S-1-5-4"
FILE_GENERIC_READ: Final = 0x120089
ACL_REVISION: Final = 2


def let_read(path: Path) -> None:
    """Adds them to the file's list. Raises OSError."""
    if not IS_NEEDED:
        return
    import pywintypes
    import win32security

    kind, part = win32security.SE_FILE_OBJECT, win32security.DACL_SECURITY_INFORMATION
    try:
        entries = win32security.GetNamedSecurityInfo(str(path), kind, part).GetSecurityDescriptorDacl()
        who = win32security.ConvertStringSidToSid(COLLEAGUES)
        entries.AddAccessAllowedAce(ACL_REVISION, FILE_GENERIC_READ, who)
        win32security.SetNamedSecurityInfo(str(path), kind, part, None, None, entries, None)
    except pywintypes.error as error:
        raise OSError(error.winerror, error.strerror, str(path)) from error
