"""What most commands need first: the settings, an initialised data directory, Django, and a database that fits."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from keuring_collector import config, logs
from keuring_collector.errors import KeuringError

if TYPE_CHECKING:
    from pathlib import Path

    from django.db.migrations.executor import MigrationExecutor
    from django.db.migrations.loader import MigrationLoader

    from keuring_collector.fleet.authority import Authority

SECRET_KEY: Final = "secret_key"  # noqa: S105  (the name of a file)
AUTHORITY: Final = "ca"
RUN: Final = "run"


class CommandError(KeuringError):
    """A command cannot do what was asked; the message says what, where and how to mend it."""


class DatabaseAwayError(CommandError):
    """The database server cannot be reached now; the same may work later, so a supervisor should try again."""


class NotInitialisedError(CommandError):
    """There is no collector in the data directory."""

    def __init__(self, directory: Path, missing: str) -> None:
        super().__init__(
            f"{directory}: there is no collector here ({missing} is missing); "
            f"run `keuring-collector init --data-directory {directory}`, or name the right directory"
        )


def settings() -> config.Settings:
    """The settings in force. Raises ConfigError."""
    return config.load()


def set_up_django(in_force: config.Settings) -> None:
    """Makes Django's models usable, on the database of the settings."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "keuring_collector.settings")
    os.environ[f"{config.ENVIRONMENT_PREFIX}DATA_DIRECTORY"] = str(in_force.data_directory)
    django.setup()
    logs.configure(in_force.log_level)


def initialised() -> config.Settings:
    """The settings of a data directory that has been initialised. Raises ConfigError or NotInitialisedError."""
    in_force = settings()
    directory = in_force.data_directory
    for missing in (SECRET_KEY, AUTHORITY):
        if not (directory / missing).exists():
            raise NotInitialisedError(directory, missing)
    path = sqlite_path(in_force)
    if path is not None and not path.exists():
        raise NotInitialisedError(directory, str(path))
    return in_force


def open_collector() -> config.Settings:
    """The settings of an initialised collector whose database this version can work on; Django is set up.

    Raises ConfigError, NotInitialisedError, or CommandError when the database is of another version.
    """
    in_force = initialised()
    set_up_django(in_force)
    pending = pending_migrations(in_force)
    if pending:
        raise CommandError(
            f"{described(in_force)}: the database is of an older version ({len(pending)} migrations are missing, "
            f"the first is {pending[0]}); make a backup, then run `keuring-collector init`, which brings it up to date"
        )
    return in_force


def authority(in_force: config.Settings) -> Authority:
    """The certificate authority of the collector. Raises AuthorityError."""
    from keuring_collector.fleet.authority import Authority

    return Authority.open(in_force.data_directory / AUTHORITY, in_force.public_name)


def sqlite_path(in_force: config.Settings) -> Path | None:
    """The file of the database, or None when it is no SQLite."""
    from pathlib import Path

    url = in_force.database_url
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def described(in_force: config.Settings) -> str:
    """The database in force, without its password."""
    from urllib.parse import urlsplit

    parts = urlsplit(in_force.database_url)
    return in_force.database_url.replace(f":{parts.password}@", ":…@") if parts.password else in_force.database_url


def pending_migrations(in_force: config.Settings) -> list[str]:
    """The migrations that the database lacks. Raises CommandError when it has some that this version does not know."""
    from keuring_collector.store.before import BEFORE

    executor = _executor(in_force)
    loader = executor.loader
    applied = set(loader.applied_migrations)
    for names in BEFORE.values():
        if names[0] in applied and names[-1] not in applied:
            raise CommandError(
                f"{described(in_force)}: the database is of halfway the development before the first release: it lacks "
                f"migration {'.'.join(names[-1])}; bring it up to date with the last version of then, or begin anew"
            )
    unknown = sorted(applied - set(loader.disk_migrations) - _before())
    if unknown:
        app, name = unknown[0]
        raise CommandError(
            f"{described(in_force)}: the database was made by a newer version of Keuring: migration {app}.{name} is "
            "not known here; install that version, or restore a backup that this one made"
        )
    return [f"{each.app_label}.{each.name}" for each, _ in executor.migration_plan(loader.graph.leaf_nodes())]


def applied_migrations(in_force: config.Settings) -> dict[str, str]:
    """The newest applied migration of each application."""
    newest: dict[str, str] = {}
    for app, name in set(_executor(in_force).loader.applied_migrations) - _before():
        newest[app] = max(name, newest.get(app, ""))
    return newest


def migrate_to(newest: dict[str, str]) -> None:
    """Makes the tables as they were when these were the newest migrations of each application."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    targets = successors(newest, executor.loader).items()
    if set(executor.loader.graph.leaf_nodes()) <= set(targets):
        call_command("migrate", verbosity=0, interactive=False)
    else:
        executor.migrate(list(targets))


def successors(newest: dict[str, str], loader: MigrationLoader) -> dict[str, str]:
    """The newest migration of each application, where a backup names the last of those that have been replaced."""
    from keuring_collector.store.before import BEFORE

    last = {names[-1] for names in BEFORE.values()}
    then = {app for app, name in newest.items() if (app, name) in last}
    return {**newest, **{app: name for app, name in sorted(loader.replacements) if app in then}}


def _before() -> set[tuple[str, str]]:
    from keuring_collector.store.before import BEFORE

    return {name for names in BEFORE.values() for name in names}


def _executor(in_force: config.Settings) -> MigrationExecutor:
    from django.db import DatabaseError, OperationalError, connection
    from django.db.migrations.executor import MigrationExecutor

    try:
        return MigrationExecutor(connection)
    except OperationalError as error:
        if connection.vendor != "sqlite":
            raise DatabaseAwayError(
                f"{described(in_force)}: the database cannot be reached: {str(error).strip()}; is the server up, and "
                "are name and password right? (setting 'database')"
            ) from error
        raise CommandError(_unusable(in_force, error)) from error
    except DatabaseError as error:
        raise CommandError(_unusable(in_force, error)) from error


def _unusable(in_force: config.Settings, error: Exception) -> str:
    return (
        f"{described(in_force)}: the database cannot be used: {str(error).strip()}; is it a database of Keuring, and "
        "may this account write to it? (setting 'database')"
    )
