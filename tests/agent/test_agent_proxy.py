"""Through an HTTP proxy: enrolment, reports and recovery, while the proxy learns nothing but the address."""

from __future__ import annotations

import datetime as dt
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from keuring_agent import cli, config, doctor, identity, proxy, sending
from keuring_agent.doctor import Finding, Mark
from keuring_agent.errors import ConfigError, UnreachableError, UntrustedError
from keuring_agent.host.fake import FakeHost
from keuring_agent.launcher import SpawnLauncher, _arguments
from tests.agent.collector import Authority, Collector
from tests.agent.connect_proxy import ConnectProxy
from tests.agent.test_agent_process import agent, finished, wait_for
from tests.agent.test_agent_uplink import _record_types, fill, sequences, settings_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from keuring_agent.config import Settings

LOGIN = "desk:s3cret-w0rd"


@pytest.fixture
def through(monkeypatch: pytest.MonkeyPatch) -> Iterator[ConnectProxy]:
    # What the environment says for other programs does not count.
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1,localhost")
    for name in ("http_proxy", "https_proxy", "grpc_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with ConnectProxy() as running:
        yield running


def saw_only_tls(running: ConnectProxy, *secrets: bytes) -> None:
    seen = bytes(running.up + running.down)
    assert len(seen) > 1000
    assert bytes(running.up)[:2] == b"\x16\x03"  # a TLS handshake, from the first byte
    for secret in secrets:
        assert secret not in seen


def test_enrolment_and_reports_go_through_it_and_it_sees_nothing(
    tmp_path: Path, collector: Collector, through: ConnectProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEURING_AGENT_PROXY", through.url)
    flags = ["--state-directory", str(tmp_path / "state"), "--token", collector.token("id.very-secret")]
    assert cli.main(["enroll", *flags]) == 0
    assert through.asked[0] == f"127.0.0.1:{collector.enrolment_port}"
    assert collector.registry.requests[0].token == "id.very-secret"

    settings = settings_for(tmp_path / "state", proxy=through.url)
    fill(settings, 3)
    assert sending.send(settings) == (3, ())
    assert sequences(collector) == [1, 2, 3]
    assert set(through.asked) == {f"127.0.0.1:{collector.enrolment_port}", collector.address}
    saw_only_tls(through, b"very-secret", b"keuring.report", identity.load(tmp_path / "state").endpoint_id.encode())


def test_an_expired_certificate_is_recovered_through_it(
    tmp_path: Path, collector: Collector, through: ConnectProxy
) -> None:
    collector.enrolled(tmp_path, since=dt.timedelta(days=8))
    settings = settings_for(tmp_path, proxy=through.url)
    fill(settings, 1)
    sending.probe(settings)
    assert sending.send(settings)[0] == 1
    assert not identity.load(tmp_path).has_expired(time.time())
    assert set(through.asked) == {f"127.0.0.1:{collector.enrolment_port}", collector.address}


def test_the_running_agent_goes_through_it(tmp_path: Path, collector: Collector, through: ConnectProxy) -> None:
    collector.enrolled(tmp_path)
    with agent(tmp_path, KEURING_AGENT_PROXY=through.url):
        wait_for(lambda: len(collector.journal.reports) >= 2)
    assert set(through.asked) == {collector.address}


def test_without_the_setting_nothing_goes_through_it(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "grpc_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    collector.enrolled(tmp_path)
    settings = settings_for(tmp_path)
    fill(settings, 1)
    assert sending.send(settings)[0] == 1


def test_name_and_password_are_given_and_never_said(
    tmp_path: Path, collector: Collector, capfd: pytest.CaptureFixture[str]
) -> None:
    collector.enrolled(tmp_path)
    with ConnectProxy(LOGIN) as running:
        settings = settings_for(tmp_path, proxy=running.url)
        fill(settings, 1)
        sending.probe(settings)
        assert sending.send(settings)[0] == 1
        wrong = settings_for(tmp_path, proxy=running.url.replace("w0rd", "wrong"))
        fill(wrong, 1)
        for call in (sending.send, sending.probe):
            with pytest.raises(UnreachableError) as caught:
                call(wrong)
            assert "s3cret" not in str(caught.value)
        child = SpawnLauncher()
        child.start(wrong, after_failure=False)
        assert not any("s3cret" in argument for argument in _arguments(wrong))
        assert finished(child) == UnreachableError.exit_code
        found = look(wrong)
        assert "s3cret" not in "".join(str(each) for each in found.values())
        assert "407" in found["proxy"].found
        child.start(settings, after_failure=True)
        assert finished(child) == 0
    assert "s3cret" not in "".join(capfd.readouterr())


def test_a_proxy_that_opens_tls_is_not_trusted(tmp_path: Path, collector: Collector) -> None:
    """As a filter does that has a certificate of its own for everything."""
    with Collector(Authority("Filter")) as stranger, ConnectProxy(divert=stranger.address) as running:
        collector.enrolled(tmp_path)
        settings = settings_for(tmp_path, proxy=running.url)
        fill(settings, 1)
        with pytest.raises(UntrustedError):
            sending.send(settings)
        assert stranger.journal.streams == 0
        assert _record_types(bytes(running.up))[0] == 22
    assert sending.spool_of(settings).fill().reports == 1


def test_a_proxy_that_is_away_keeps_the_reports(tmp_path: Path, collector: Collector) -> None:
    with ConnectProxy() as running:
        pass
    collector.enrolled(tmp_path)
    settings = settings_for(tmp_path, proxy=running.url)
    fill(settings, 1)
    with pytest.raises(UnreachableError):
        sending.send(settings)
    with pytest.raises(UnreachableError, match=rf"through the proxy http://{running.address}"):
        sending.probe(settings)
    assert sending.spool_of(settings).fill().reports == 1


def look(settings: Settings) -> dict[str, Finding]:
    return {finding.subject: finding for finding in doctor.examine(settings, FakeHost())}


def test_doctor_says_whether_the_proxy_answers(tmp_path: Path, collector: Collector, through: ConnectProxy) -> None:
    collector.enrolled(tmp_path)
    settings = settings_for(tmp_path, proxy=through.url)
    found = look(settings)
    assert found["proxy"].found == f"http://{through.address} answers, and lets through to {collector.address}"
    assert {found["proxy"].mark, found["tls"].mark} == {Mark.OK}
    assert "name" not in found  # the proxy looks it up
    collector.stop()
    found = look(settings)
    assert found["proxy"].mark is Mark.FAIL
    assert "answers 502 Bad Gateway" in found["proxy"].found
    through.__exit__()
    found = look(settings)
    assert "nobody answers at" in found["proxy"].found
    assert "tls" not in found


def test_what_speaks_no_http_is_no_proxy(tmp_path: Path, collector: Collector) -> None:
    collector.enrolled(tmp_path)
    found = look(settings_for(tmp_path, proxy=f"http://{collector.address}"))
    assert found["proxy"].mark is Mark.FAIL


def test_show_names_the_proxy_without_its_password(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    collector.enrolled(tmp_path)
    monkeypatch.setenv("KEURING_AGENT_PROXY", f"http://{LOGIN}@proxy.example:3128")
    assert cli.main(["show", "--state-directory", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "through the proxy http://proxy.example:3128; nothing" in out
    assert "s3cret" not in out


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", None),
        ("http://proxy:3128", proxy.Proxy("proxy", 3128, "")),
        ("http://[::1]:3128/", proxy.Proxy("::1", 3128, "")),
        ("http://a%40b:c%3Ad@proxy:1", proxy.Proxy("proxy", 1, "a@b:c:d")),
    ],
)
def test_addresses_of_proxies(url: str, expected: proxy.Proxy | None) -> None:
    assert proxy.parse(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "proxy:3128",
        "https://desk:s3cret@proxy:3128",
        "http://desk:s3cret@proxy",
        "http://desk:s3cret@proxy:99999",
        "http://desk:s3cret@:3128",
        "http://desk:s3cret@a:b:3128",
        "http://proxy:3128/s3cret",
        "socks5://proxy:1",
    ],
)
def test_a_wrong_address_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigError, match=r"setting 'proxy' is no address of a proxy; write") as caught:
        config.load(environment={"KEURING_AGENT_PROXY": url})
    assert "s3cret" not in str(caught.value)
    with pytest.raises(ConfigError):
        config._checked("proxy", 5, "x")


def test_the_resident_agent_loads_nothing_heavy_for_it() -> None:
    code = (
        "import sys; from keuring_agent import cli, config, runner;"
        "config.load(environment={'KEURING_AGENT_PROXY': 'http://desk:word@proxy:1'});"
        "print(sorted({'grpc', 'http', 'ssl', 'asyncio', 'urllib.request'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_a_proxy_that_does_not_answer_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        through = proxy.parse(f"http://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(OSError, match="timed out"):
            proxy.connect("a:1", through, 0.2)
