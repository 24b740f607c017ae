"""deploy/docker: what compose and the images name exists, is pinned, and does not run as root."""

from __future__ import annotations

import importlib.util
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.repository import DEPLOY, ROOT

if TYPE_CHECKING:
    from types import ModuleType

DOCKER = DEPLOY / "docker"
IMAGES = sorted(DOCKER.glob("*.Dockerfile"))
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SERVICE_KEYS = {
    "image", "build", "environment", "volumes", "ports", "depends_on", "read_only", "tmpfs", "cap_drop", "security_opt",
    "restart", "stop_grace_period", "healthcheck", "shm_size", "user", "network_mode", "command",
}  # fmt: skip
INSTRUCTIONS = {
    "FROM", "ENV", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD",
}  # fmt: skip
TAG = re.compile(r"[a-z0-9./-]+:v?\d+\.\d+(\.\d+)?(-[a-z]+)*")


def instructions(name: str) -> list[tuple[str, str]]:
    text = re.sub(r"^#.*\n", "", (DOCKER / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = re.sub(r"\\\n", " ", text).splitlines()
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines if line.strip()]


def test_compose_is_made_of_what_compose_knows() -> None:
    assert set(COMPOSE) == {"name", "services", "volumes"}
    for name, service in SERVICES.items():
        assert set(service) <= SERVICE_KEYS, name
        assert set(service.get("depends_on", ())) <= set(SERVICES), name
        assert service["restart"] == "unless-stopped", name
        mode = service.get("network_mode", "service:collector")
        assert mode.removeprefix("service:") in SERVICES, name


def test_what_compose_mounts_and_builds_exists() -> None:
    for name, service in SERVICES.items():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (DOCKER / source).exists(), f"{name}: {source}"
                assert volume.endswith(":ro"), f"{name}: {source}"
            else:
                assert source in COMPOSE["volumes"], f"{name}: {source}"
        if "build" in service:
            context = (DOCKER / service["build"]["context"]).resolve()
            assert context == ROOT
            assert (context / service["build"]["dockerfile"]).exists()


def test_versions_are_named() -> None:
    used = [service["image"] for service in SERVICES.values()]
    used += [
        argument.split()[0] for path in IMAGES for instruction, argument in instructions(path.name)
        if instruction == "FROM"
    ]  # fmt: skip
    assert len(used) >= 8
    for image in used:
        assert TAG.fullmatch(image), f"{image}: name a version"


def test_nothing_runs_as_root() -> None:
    for path in IMAGES:
        accounts = [argument for instruction, argument in instructions(path.name) if instruction == "USER"]
        assert accounts, path.name
        assert all(account.split(":")[0] not in ("root", "0") for account in accounts), path.name
    for name, service in SERVICES.items():
        assert "no-new-privileges:true" in service["security_opt"], name
        # PostgreSQL's image begins as root to own its directory and then changes to an account of its own.
        assert "build" in service or name == "postgres" or not service["user"].startswith("0:"), name


def test_passwords_come_from_outside_and_are_asked_for() -> None:
    text = (DOCKER / "compose.yaml").read_text(encoding="utf-8")
    assert all(":?" in value for value in re.findall(r"\$\{[A-Z_]*PASSWORD[^}]*\}", text))
    needed = set(re.findall(r"\$\{([A-Z_]+)", text))
    example = (DOCKER / "example.env").read_text(encoding="utf-8")
    assert needed == set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))
    assert all(not value for value in re.findall(r"PASSWORD=(.*)", example))


def test_settings_in_compose_are_settings_of_the_collector() -> None:
    from keuring_collector.config import Settings

    names = {key for key in SERVICES["collector"]["environment"] if key.startswith("KEURING_")}
    assert {name.removeprefix("KEURING_").lower() for name in names} <= set(Settings.model_fields)
    ports = {int(port.split(":")[-1]) for port in SERVICES["collector"]["ports"]}
    fields = Settings.model_fields
    assert {fields[name].default for name in ("report_port", "enrolment_port", "console_port")} <= ports
    assert fields["metrics_port"].default not in ports


@pytest.mark.parametrize("path", IMAGES, ids=lambda path: path.stem)
def test_an_image_is_built_of_what_is_there(path: Any) -> None:
    told = instructions(path.name)
    assert {instruction for instruction, _ in told} <= INSTRUCTIONS
    ignored = (DOCKER / f"{path.name}.dockerignore").read_text(encoding="utf-8").splitlines()
    for instruction, argument in told:
        if instruction == "COPY" and not argument.startswith("--from"):
            source = argument.split()[0]
            assert (ROOT / source).exists(), source
            assert f"!{source}" in ignored, f"{source} is left out by {path.name}.dockerignore"


@pytest.fixture(scope="module")
def runtime_lock() -> ModuleType:
    spec = importlib.util.spec_from_file_location("runtime_lock", DOCKER / "runtime_lock.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_images_carry_what_runs_and_no_tools(runtime_lock: ModuleType) -> None:
    agent = runtime_lock.closure("agent")
    assert {"grpcio", "protobuf", "psutil", "cryptography", "cffi"} <= agent
    assert len(agent) <= 8
    collector = runtime_lock.closure("collector")
    assert {"django", "asgiref", "numpy", "psycopg", "psycopg-binary", "argon2-cffi-bindings"} <= collector
    assert not {"pytest", "mypy", "playwright", "uv", "ruff", "psutil"} & collector


def test_the_lock_of_an_image_keeps_versions_and_hashes(runtime_lock: ModuleType) -> None:
    whole = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    part = runtime_lock.runtime_lock("agent")
    assert set(part.splitlines()) < set(whole.splitlines())
    assert re.findall(r"^grpcio==", part, re.MULTILINE) == ["grpcio=="]
    assert part.count("--hash=sha256:") > 20


def test_what_units_and_images_set_is_a_setting_of_the_agent() -> None:
    from keuring_agent import config, service

    texts = [path.read_text(encoding="utf-8") for path in (*IMAGES, service.FILES / "keuring-agent.service")]
    names = {name for text in texts for name in re.findall(r"KEURING_AGENT_([A-Z_]+)=", text)}
    assert names == {"STATE_DIRECTORY"}
    assert "state_directory" in config.NAMES
