"""keuring-collector articles: the published articles as a site of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from keuring_collector.commands import workspace
from keuring_collector.commands.workspace import CommandError

if TYPE_CHECKING:
    import argparse

NAME: Final = "articles"
HELP: Final = "Writes the articles for colleagues as a static site in Dutch and English, for an intranet."
MARK: Final = ".keuring-articles"  # lists what an earlier export wrote, which alone may be replaced


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    export = actions.add_parser("export", help="write the site into a directory; articles that went disappear there")
    export.add_argument("directory", type=Path, metavar="DIR", help="a new or empty directory, or an earlier export")
    export.add_argument(
        "--address", default="", metavar="URL", help="where the site will stand; with it, it gets an Atom feed"
    )
    export.add_argument("--all", action="store_true", help="also what is for the service desk alone")


def run(arguments: argparse.Namespace) -> int:
    """Writes the site."""
    in_force = workspace.open_collector()
    from keuring_collector import rulepack
    from keuring_collector.console import site

    pages = site.pages(rulepack.load(in_force.rules_directory), _address(arguments.address), whole=arguments.all)
    directory: Path = arguments.directory
    try:
        _replace(directory, pages)
    except OSError as error:
        raise CommandError(f"{error.filename or directory}: {error.strerror}; nothing more was written") from error
    print(f"{directory}: {len(pages)} files, begin at index.html")
    return 0


def _address(text: str) -> str:
    if not text:
        return ""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise CommandError(f"--address {text}: write the whole address, as in https://intranet.example.org/kennis/")
    return text.rstrip("/") + "/"


def _replace(directory: Path, pages: dict[str, str | bytes]) -> None:
    """Writes ``pages`` and removes what an earlier export wrote and is no more."""
    mark = directory / MARK
    if directory.is_dir() and any(directory.iterdir()) and not mark.is_file():
        raise CommandError(
            f"{directory} holds other files; name a new or empty directory, or that of an earlier export"
        )
    earlier = mark.read_text(encoding="utf-8").splitlines() if mark.is_file() else []
    root = directory.resolve()
    for name in set(earlier) - set(pages):
        if (root / name).resolve().is_relative_to(root):
            (root / name).unlink(missing_ok=True)
    for name, content in pages.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    mark.write_text("\n".join(sorted(pages)) + "\n", encoding="utf-8")
