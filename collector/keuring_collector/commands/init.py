"""keuring-collector init: everything a collector needs, made where it is missing."""

from __future__ import annotations

import datetime as dt
import os
import secrets
from typing import TYPE_CHECKING, Final

from keuring_collector.commands import settings_file, workspace
from keuring_collector.commands.workspace import CommandError

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from keuring_collector.config import Settings

NAME: Final = "init"
HELP: Final = (
    "Makes what a collector needs: settings, keys, certificate authority, database and an administrator. What is "
    "there is left as it is; a database of an older version is brought up to date."
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument("--administrator", metavar="NAME", default="admin", help="who signs in first (default: admin)")
    parser.add_argument("--mail", metavar="ADDRESS", default="", help="the administrator's mail address, for digests")


def run(arguments: argparse.Namespace) -> int:
    """Makes what is missing, and says what was made and what was there."""
    in_force = workspace.settings()
    directory = in_force.data_directory
    _make_directory(directory)
    chosen = {assignment.partition("=")[0] for assignment in arguments.settings}
    _tell(
        write_once(directory / "keuring.toml", settings_file.render(in_force, dict.fromkeys(chosen))),
        f"settings         {directory / 'keuring.toml'}",
    )
    _tell(
        write_once(directory / workspace.SECRET_KEY, secrets.token_urlsafe(48)),
        f"secret key       {directory / workspace.SECRET_KEY}",
    )
    _make_authority(in_force)
    workspace.set_up_django(in_force)
    _make_database(in_force)
    _make_administrator(arguments.administrator, arguments.mail)
    print("\nnext: keuring-collector serve   (and `keuring-collector token` for each machine that is to report)")
    return 0


def write_once(path: Path, content: str) -> bool:
    """Writes a file for its owner alone, unless it is there; says whether it was written."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(content)
    return True


def _make_directory(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = directory / f".writable-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CommandError(
            f"{directory}: the data directory cannot be written to: {error.strerror}; give this account the right to "
            "write there, or choose another with --data-directory or $KEURING_DATA_DIRECTORY"
        ) from error


def _make_authority(in_force: Settings) -> None:
    from keuring_collector.fleet.authority import Authority

    directory = in_force.data_directory / workspace.AUTHORITY
    made = not Authority.exists(directory)
    authority = Authority.create(directory, in_force.public_name, dt.datetime.now(dt.UTC))
    _tell(made, f"authority        {directory} (root valid until {authority.expiries()['root']:%Y-%m-%d})")


def _make_database(in_force: Settings) -> None:
    from django.core.management import call_command

    path = workspace.sqlite_path(in_force)
    pending = workspace.pending_migrations(in_force)
    if pending:
        call_command("migrate", verbosity=0, interactive=False)
    if path is not None:
        path.chmod(0o600)
    from keuring_collector.desk import starting
    from keuring_collector.fleet.models import Endpoint

    fresh = not Endpoint.objects.exists()
    starting.prepare(in_force.intake_days, in_force.ticket_budget, in_force.time_zone, fresh=fresh)
    steps = f" ({len(pending)} migrations)" if pending else ""
    _tell(bool(pending), f"database         {workspace.described(in_force)}{steps}")


def _make_administrator(name: str, mail: str) -> None:
    from keuring_collector.desk import staffing
    from keuring_collector.desk.models import Staff
    from keuring_collector.desk.roles import Role

    existing = Staff.objects.filter(role=Role.ADMINISTRATOR).order_by("id").first()
    if existing is not None:
        _tell(False, f"administrator    {existing.get_username()}")  # noqa: FBT003
        return
    _person, password = staffing.add(None, name, Role.ADMINISTRATOR, mail=mail)
    _tell(True, f"administrator    {name}, one-time password: {password}")  # noqa: FBT003


def _tell(made: bool, what: str) -> None:
    print(f"{'made' if made else 'kept'}  {what}")
