"""What may not stand in a tracked file: hosts of registries, paths of one machine, locks that name either."""

from __future__ import annotations

import re
import subprocess

import yaml

from tests.repository import DISTRIBUTIONS, ROOT, named, tracked

# Written so that none of them matches itself.
REGISTRY = re.compile(
    r"(pypi|pytho[n]hosted|npmj[s]|unpk[g]|jsdeliv[r]|ghc[r]|quay[.]i|docker[.]i|artifactor[y]|devp[i])[.a-z]*[.](org|com|io|net)\b",
    re.IGNORECASE,
)
INDEX = re.compile(r"(--(extra-)?inde[x]-url|--find-link[s]|https?://[^\s\"']*/simpl[e]\b|registry\s*=\s*\"http)")
MACHINE = re.compile(r"(?<![\w.-])/(hom[e]/[a-z]+|roo[t]|wor[k]|tmp/w[t]|tmp/k[v]|User[s]/[A-Za-z]+)(/|\b)")
# Paths that are meant: {file: the text}. /home in general is a path of the machines that are measured.
MEANT = {
    "agent": ("/home/", "/root"),
    "tests": ("/home/", "/root"),
    "collector/keuring_collector/demo": ("/home/",),
    "rules": ("/home/",),
}
TEXT = {
    ".py", ".pyi", ".md", ".yaml", ".yml", ".toml", ".json", ".html", ".css", ".js", ".svg", ".proto", ".po", ".lock",
    ".service", ".target", ".conf", ".sysusers", ".env", ".Dockerfile", ".dockerignore", "",
}  # fmt: skip
BINARY = {".mo", ".png", ".gz", ".zst", ".sqlite3", ".ico", ".woff2", ".bin", ".binpb"}


def lines() -> list[tuple[str, int, str]]:
    found = []
    for path in tracked():
        if path.suffix in BINARY:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [(named(path), number, line) for number, line in enumerate(text.splitlines(), 1)]
    return found


def is_meant(name: str, path: str) -> bool:
    return any(name.startswith(start) and path.startswith(texts) for start, texts in MEANT.items())


def test_no_registry_and_no_machine_is_named() -> None:
    found = []
    for name, number, line in lines():
        if REGISTRY.search(line) or INDEX.search(line):
            found.append(f"{name}:{number}: {line.strip()[:100]}")
        found += [f"{name}:{number}: {match[0]}" for match in MACHINE.finditer(line) if not is_meant(name, match[0])]
    assert found == []


def test_the_patterns_find_what_they_are_for() -> None:
    assert REGISTRY.search("https://files.pytho" + "nhosted.org/packages")
    assert REGISTRY.search("https://pyp" + "i.org/")
    assert INDEX.search("--index" + "-url https://example.org")
    assert INDEX.search("https://mirror.example.org/pypi/simp" + "le/numpy")
    assert MACHINE.search("see /ro" + "ot/notes")
    assert MACHINE.search("in /wo" + "rk/main")
    assert not MACHINE.search("./wo" + "rk/here and a/ro" + "ot")


def test_there_is_one_lock_and_it_names_no_place() -> None:
    names = {named(path) for path in tracked()}
    assert not {name for name in names if name.rpartition("/")[2] in ("uv.lock", "pylock.toml", "poetry.lock")}
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text


def test_every_locked_version_has_its_hashes() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", text.strip())
    assert len(entries) > 40
    for entry in entries:
        head, *hashes = entry.replace("\\\n", "\n").splitlines()
        assert re.match(r"[a-z0-9-]+(\[[a-z,]+\])?==\S+", head), head
        assert hashes, f"{head} has no hash"
        assert all(re.fullmatch(r"\s+--hash=sha256:[0-9a-f]{64}\s*", line) for line in hashes), head


def test_no_generated_or_private_file_is_tracked() -> None:
    suffixes = (".pyc", ".sqlite3-wal", ".key", ".log", ".egg-info")
    assert [named(path) for path in tracked() if path.name.endswith(suffixes)] == []


def test_text_files_are_utf8_and_end_with_a_line() -> None:
    wrong = []
    for path in tracked():
        if path.suffix in BINARY or {"fixtures", "golden", "found"} & set(path.parts):
            continue
        data = path.read_bytes()
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            wrong.append(f"{named(path)}: not UTF-8")
        if data and not data.endswith(b"\n"):
            wrong.append(f"{named(path)}: does not end with a line")
        if b"\r\n" in data:
            wrong.append(f"{named(path)}: ends its lines as Windows does")
    assert wrong == []


def test_scripts_can_be_run() -> None:
    mode = subprocess.run(
        ["git", "ls-files", "--stage", "--cached", ".ci/run"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert mode.startswith("100755"), mode
    subprocess.run(["bash", "-n", str(ROOT / ".ci" / "run")], check=True)


def test_yaml_is_read_as_meant() -> None:
    for path in tracked():
        if path.suffix in (".yaml", ".yml"):
            list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def test_the_licence_is_said_once_and_everywhere_the_same() -> None:
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").lstrip().startswith("Apache License")
    for distribution in DISTRIBUTIONS:
        assert 'license = "Apache-2.0"' in (ROOT / distribution / "pyproject.toml").read_text(encoding="utf-8")
