"""The command line. Settings come from --config, the environment and flags; see docs/agent.md."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from keuring_agent import VERSION, config, language, resident, sensors
from keuring_agent.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_agent.config import Settings
    from keuring_agent.host.protocol import Host
    from keuring_agent.policy import Plan
    from keuring_agent.sensors.base import Notebook
    from keuring_agent.show import Destination, Entry
    from keuring_agent.window import WindowReport

# Rates need two samples; commands that take a single window wait this long between them.
PAUSE = 1.0
_MOST_DAYS = 3650


def parser() -> argparse.ArgumentParser:
    """All commands and flags."""
    top = argparse.ArgumentParser(
        prog="keuring-agent", description="Reads this machine's health, shows what it sends, and sends it."
    )
    top.add_argument("--version", action="version", version=f"keuring-agent {VERSION}")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--config", type=Path, metavar="FILE", help="settings file (TOML)")
    common.add_argument("--state-directory", metavar="DIR", help="where identity, spool and policy are kept")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, brief: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, parents=[common], help=brief, description=brief)

    enroll = add("enroll", "Make this machine an endpoint of a collector, with a one-use token.")
    enroll.add_argument("--token", required=True, help="what `keuring-collector token` printed; - reads it from input")
    enroll.add_argument("--collector", metavar="HOST:PORT", help="enrolment address, when not the one in the token")
    enroll.add_argument("--force", action="store_true", help="replace the identity that this machine has already")
    add("run", "Measure and send until stopped.")
    add("once", "Measure one short window, send it with all that waits, and end.")
    show = add("show", "Print every value that would leave this machine, and why.")
    show.add_argument("--json", action="store_true", help="for programs")
    log = add("log", "Print what was sent from this machine: when, to whom, how many bytes.")
    log.add_argument("--days", type=_days, default=7.0, metavar="N", help="so many days back (default 7)")
    log.add_argument("--json", action="store_true", help="for programs")
    pause = add("pause", "Let this machine's agent rest; say until when a pause lasts.")
    pause.add_argument(
        "duration", nargs="?", metavar="DURATION|off", help="30m, 2h, 1d; off: go on; none: how it stands"
    )
    page = add("page", "Serve a page on this machine alone: what is measured, why, what was sent, and a pause.")
    page.add_argument("--port", type=int, default=0, metavar="N", help="default: one that is free")
    page.add_argument("--open", action="store_true", help="open it in the browser")
    service = add("service", "Make the agent a service of this system, look how that stands, or remove it.")
    service.add_argument(
        "action", choices=("install", "status", "uninstall", "host"), metavar="install|status|uninstall"
    )
    service.add_argument("--print", action="store_true", help="install: only print what would be written and run")
    service.add_argument("--token", help="install: enrol with it at the first start; - reads it from input")
    service.add_argument("--purge", action="store_true", help="uninstall: remove identity, spool, log and settings too")
    service.add_argument(
        "--root", type=Path, default=Path("/"), metavar="DIR", help="another system than this, mounted at DIR"
    )
    told = add("notices", "Print what the service desk tells the colleague at this machine.")
    told.add_argument("--decline", metavar="ID", help="say of a tip that it is not for you")
    told.add_argument("--watch", action="store_true", help="show new ones on this desktop; the session starts this")
    told.add_argument("--json", action="store_true", help="for programs")
    doctor = add("doctor", "Look for what keeps the agent from working, and say how to mend it.")
    for colleagues in (show, log, pause, page, service, told, doctor):
        colleagues.add_argument("--language", choices=language.KNOWN, help="default: that of this session")
    return top


def _days(text: str) -> float:
    found = float(text)
    if not 0 <= found <= _MOST_DAYS:
        raise argparse.ArgumentTypeError(f"'{text}' are no days; write a number up to {_MOST_DAYS}")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit code (see errors.py)."""
    chosen = parser().parse_args(arguments)
    try:
        settings = config.load(chosen.config, {"state_directory": chosen.state_directory})
        if chosen.command in _FOR_COLLEAGUES:
            settings = _of_this_machine(settings)
        return _COMMANDS[chosen.command](settings, chosen)
    except AgentError as error:
        print(f"keuring-agent: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return resident.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output (less, head) has seen enough.
        sys.stderr.close()
        return 0


def _of_this_machine(settings: Settings) -> Settings:
    """A colleague who has no agent of their own asks about the one that the machine has."""
    mine = settings.state_directory
    if mine != config.default_state_directory() or mine.exists() or not config.SYSTEM_STATE_DIRECTORY.is_dir():
        return settings
    return settings._replace(state_directory=config.SYSTEM_STATE_DIRECTORY)


def _host(settings: Settings) -> Host:
    from keuring_agent.host import local

    return local(settings.root_directory, settings.file_system_types)


def _plan(settings: Settings) -> Plan:
    from keuring_agent import policy

    return policy.plan(policy.load(settings.state_directory), settings)


def _enroll(settings: Settings, chosen: argparse.Namespace) -> int:
    from keuring_agent import machine_certificate, state
    from keuring_agent.enrol import enrol, told_name

    text = sys.stdin.read() if chosen.token.strip("-") == "" else chosen.token
    state.act_as_owner(settings.state_directory)
    name = told_name(_plan(settings), _host(settings))
    found = enrol(
        settings.state_directory,
        text,
        chosen.collector,
        name,
        settings.deadline,
        force=chosen.force,
        proxy=settings.proxy,
        machine=lambda: machine_certificate.load(settings),
    )
    print(f"enrolled as {found.endpoint_id}; reports go to {', '.join(found.report_addresses)}")
    print("start the agent with `keuring-agent run`; see what it sends with `keuring-agent show`")
    return 0


def _run(settings: Settings, _chosen: argparse.Namespace) -> int:
    return resident.run(settings)


def _service(settings: Settings, chosen: argparse.Namespace) -> int:
    from keuring_agent.service import commands

    return commands.run(settings, chosen, resident.work)


def _one_window(settings: Settings, host: Host, plan: Plan, notebook: Notebook) -> WindowReport:
    from keuring_agent.ledger import Ledger
    from keuring_agent.recorder import Recorder

    every = sensors.every(notebook, settings.smart_interval, settings.updates_interval)
    recorder = Recorder(host, every, Ledger(), plan.gate, settings.sensor_timeout)
    recorder.sample(closing=True)
    time.sleep(PAUSE)
    recorder.sample(closing=True)
    recorder.add_own(0, 0, 0)
    report = recorder.close()
    if report is None:
        raise AgentError("nothing at all may be measured here; look at disabled_signals and privacy_classes")
    return report


def _once(settings: Settings, _chosen: argparse.Namespace) -> int:
    from keuring_agent import identity, keeping, pause, sending, state, wire
    from keuring_agent.host.lock import locked
    from keuring_agent.runner import read_notebook
    from keuring_agent.sensors.uptime import STOPPED

    state.act_as_owner(settings.state_directory)
    identity.load(settings.state_directory)
    state.prepare(settings.state_directory)
    with locked(settings.state_directory):
        host = _host(settings)
        if pause.is_on(settings.state_directory, host):
            print("paused by a colleague; nothing was measured (`keuring-agent pause off` ends it)")
            return 0
        notebook = read_notebook(settings.state_directory)
        keeping.recover(sending.spool_of(settings), settings.state_directory, host.wall())
        report = _one_window(settings, host, _plan(settings), notebook)
        sending.spool_of(settings).append(wire.report(report), host.wall())
        # What the kernel said is not said again; and nobody watches from here on, so no mark is left.
        state.write(settings.state_directory / state.NOTEBOOK, {**notebook, STOPPED: True})
        count, remarks = sending.send(settings)
    for remark in remarks:
        print(f"keuring-agent: {remark}", file=sys.stderr)
    print(f"sent {count} report{'s' if count != 1 else ''}")
    return 0


def _shown(settings: Settings, *, measure: bool = True) -> tuple[WindowReport, list[Entry]]:
    from keuring_agent import dispatches, show
    from keuring_agent.window import WindowReport

    plan = _plan(settings)
    if measure:
        report = _one_window(settings, _host(settings), plan, {})
    else:
        report = WindowReport(time.time(), 0.0, "", (), (), {}, (), {})
    sent = dispatches.last_sent(dispatches.read(settings.state_directory).entries)
    return report, show.entries(report, plan.gate, sent)


def _show(settings: Settings, chosen: argparse.Namespace) -> int:
    from keuring_agent import effort, notices, show

    report, found = _shown(settings)
    where = _destination(settings)
    pace = effort.load(settings.state_directory)
    told = notices.load(settings.state_directory, time.time())
    if chosen.json:
        document = {**show.document(found, where, pace), "notices": notices.document(told)}
        print(json.dumps(document, indent=2, ensure_ascii=False))
        return 0
    say = language.chosen(chosen.language)
    for line in show.text(found, where, pace, report.start, report.duration, say):
        print(line)
    for line in notices.lines(told, say):
        print(line)
    return 0


def _log(settings: Settings, chosen: argparse.Namespace) -> int:
    from keuring_agent import dispatches, effort, log, notices

    told = notices.load(settings.state_directory, time.time())
    found = dispatches.read(settings.state_directory, time.time() - 86400.0 * chosen.days)
    if chosen.json:
        document = {**log.document(found), "notices": notices.document(told)}
        print(json.dumps(document, indent=2, ensure_ascii=False))
        return 0
    say = language.chosen(chosen.language)
    later = effort.load(settings.state_directory).turning
    for line in (*log.text(found, say, chosen.days, noted_later=later), *notices.lines(told, say)):
        print(line)
    return 0


def _pause(settings: Settings, chosen: argparse.Namespace) -> int:
    from keuring_agent import pause

    say = language.chosen(chosen.language)
    if chosen.duration is None:
        until = pause.until(settings.state_directory, time.time())
        print(say("no pause is on") if until is None else say("paused until {until}", until=pause.clock(until)))
    elif chosen.duration == "off":
        pause.ask(settings.state_directory, 0.0)
        print(say("asked: the agent goes on within a minute"))
    else:
        seconds = pause.duration(chosen.duration)
        pause.ask(settings.state_directory, seconds)
        print(say("asked: from now on nothing is measured, until {until}", until=pause.clock(time.time() + seconds)))
        print(say("The desk sees that this machine is paused; not by whom, why, or until when."))
    return 0


def _page(settings: Settings, chosen: argparse.Namespace) -> int:
    from keuring_agent.page import Page

    say = language.chosen(chosen.language)
    try:
        server = Page(settings.state_directory, lambda measure: _shown(settings, measure=measure)[1], say, chosen.port)
    except (OSError, OverflowError) as error:
        raise AgentError(
            f"port {chosen.port} cannot be used ({error}); leave --port out for one that is free"
        ) from error
    with server:
        print(say("look at {address} (for this session alone; Ctrl-C ends it)", address=server.address), flush=True)
        if chosen.open:
            import webbrowser

            webbrowser.open(server.address)
        server.serve()
    return 0


def _notices(settings: Settings, chosen: argparse.Namespace) -> int:
    from keuring_agent import notices

    say, now = language.chosen(chosen.language), time.time()
    if chosen.watch:
        from keuring_agent import desktop, messenger, working_hours

        hours = working_hours.parse(settings.notice_hours)
        own = messenger.own_directory()
        messenger.Messenger(settings.state_directory, own, desktop.local(), hours, say).watch()
    elif chosen.decline is not None:
        declined = notices.decline(settings.state_directory, chosen.decline, now)
        print(
            say("asked: the desk hears that '{title}' is of no use here; not by whom", title=declined.title(say.name))
        )
    elif chosen.json:
        document = {"notices": notices.document(notices.load(settings.state_directory, now))}
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        found = list(notices.lines(notices.load(settings.state_directory, now), say))
        for line in found or [say("There is nothing from your service desk.")]:
            print(line)
    return 0


def _destination(settings: Settings) -> Destination:
    from keuring_agent import collectors, identity, proxy
    from keuring_agent.show import Destination

    try:
        enrolled = identity.load(settings.state_directory).report_addresses
    except AgentError:
        return Destination((), None)
    known = collectors.load(settings.state_directory)
    addresses = collectors.in_order(settings.collector or enrolled, known, time.time(), settings.collector_return)
    return Destination(addresses, known, str(proxy.parse(settings.proxy) or ""))


def _doctor(settings: Settings, chosen: argparse.Namespace) -> int:
    from keuring_agent import doctor, state

    state.act_as_owner(settings.state_directory)
    say = language.chosen(chosen.language)
    found = []
    for finding in doctor.examine(settings, _host(settings)):
        print(finding.line(say), flush=True)
        found.append(finding)
    step = doctor.next_step(found)
    if step:
        print(say("next: {subject}: {step}", subject=say(step.subject), step=say.reason(step.mend)))
    else:
        print(say("next: nothing; this agent can work"))
    return 1 if any(finding.mark is doctor.Mark.FAIL for finding in found) else 0


_COMMANDS = {
    "enroll": _enroll, "run": _run, "once": _once, "show": _show, "log": _log, "pause": _pause, "page": _page,
    "notices": _notices, "service": _service, "doctor": _doctor,
}  # fmt: skip
_FOR_COLLEAGUES = frozenset({"show", "log", "pause", "page", "notices"})
