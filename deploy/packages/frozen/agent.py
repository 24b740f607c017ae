"""What the three specs share: which of our files go into the one-folder build, and what must stay out of it.

PyInstaller runs a spec with ``SPECPATH`` set to its folder; the specs hand it in.
"""

from __future__ import annotations

from pathlib import Path

# Python's own development tools, and what other packages of a workspace offer to those that we use. Of multiprocessing
# PyInstaller would load much at every start, and nothing here uses it.
LEFT_OUT = [
    "IPython", "_pytest", "doctest", "ensurepip", "grpc_tools", "idlelib", "lib2to3", "multiprocessing", "numpy",
    "pip", "pkg_resources", "pydoc", "pytest", "setuptools", "test", "tkinter", "turtle", "unittest", "wheel", "yaml",
]  # fmt: skip


def root(spec_path: str) -> Path:
    """The top of the repository."""
    return Path(spec_path).resolve().parents[2]


def analysis(spec_path: str) -> dict[str, object]:
    """The arguments of PyInstaller's Analysis."""
    top = root(spec_path)
    package = top / "agent" / "keuring_agent"
    return {
        "scripts": [str(package / "__main__.py")],
        "pathex": [str(top / "agent"), str(top / "protos")],
        "datas": [
            (str(package / "languages"), "keuring_agent/languages"),
            (str(top / "protos" / "keuring" / "reasons" / "nl.toml"), "keuring/reasons"),
            (str(package / "service" / "files"), "keuring_agent/service/files"),
        ],
        "hiddenimports": ["pkgutil"],  # grpc's compiled part asks for it where PyInstaller does not look
        "excludes": LEFT_OUT,
        "optimize": 1,
    }
