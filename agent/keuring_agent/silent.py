"""Enrolment without a person: at the first start, with what an installer left here.

That is a token in a file of the state directory (or in the settings): one for many machines, or one without a secret,
which says where the collector is and that the machine's own certificate is to be shown there. The file is removed once
the machine is enrolled. A collector that cannot be reached is asked again, at growing, random intervals; one that
refused a token is not asked again with the same one (a certificate: for six hours), however often the service starts.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

from keuring_agent import enrolment_token, identity, policy, state
from keuring_agent.errors import ConfigError, EnrolmentError, IdentityError, StateError
from keuring_agent.host.waiting import between

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from keuring_agent.config import Settings
    from keuring_agent.launcher import Launcher
    from keuring_agent.runner import Sleeper

# Trying again mends none of these; every other failure may pass.
_FINAL: Final = frozenset(
    {ConfigError.exit_code, IdentityError.exit_code, EnrolmentError.exit_code, StateError.exit_code}
)


# A certificate may be taken later that was refused (the collector was told of its authority meanwhile); a secret never.
_AGAIN_AFTER: Final = 6 * 3600.0


class Means(NamedTuple):
    """A token, and where it stands (None: in the settings)."""

    token: str
    path: Path | None

    @property
    def digest(self) -> str:
        """Names the token without telling it."""
        import hashlib  # OpenSSL, for a moment that comes once

        return hashlib.sha256(self.token.encode()).hexdigest()


def means(settings: Settings) -> Means | None:
    """What this machine may enrol with by itself; None when nobody left anything. Raises StateError."""
    if settings.enrolment_token:
        return Means("".join(settings.enrolment_token.split()), None)
    path = settings.enrolment_token_file or settings.state_directory / state.TOKEN
    try:
        return Means("".join(path.read_text(encoding="utf-8").split()), path)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise StateError(f"{path}: the token cannot be read ({why}); give the file to the agent's account") from error


def check(settings: Settings) -> None:
    """Whether there is any sense in starting. Raises IdentityError, EnrolmentError or StateError."""
    try:
        identity.load(settings.state_directory)
    except IdentityError:
        found = None if (settings.state_directory / state.IDENTITY).exists() else means(settings)
        if found is None:
            raise
        _refuse_again(settings, found)


def become(
    settings: Settings,
    launcher: Launcher,
    sleeper: Sleeper,
    log: Callable[[str], None],
    draw: Callable[[float, float], float] = between,
    now: Callable[[], float] = time.monotonic,
) -> bool:
    """Returns true once this machine is enrolled, false when it is asked to stop before that.

    The work is done in a child, so that the resident process stays small. Raises IdentityError or EnrolmentError when
    trying again is of no use.
    """
    failures = 0
    while not sleeper.stopped:
        if (settings.state_directory / state.IDENTITY).exists():
            return True
        check(settings)
        launcher.start(settings, after_failure=False)
        code = _outcome(launcher, sleeper)
        if code == 0:
            continue
        if code in _FINAL:
            check(settings)
            raise EnrolmentError("this machine could not be enrolled, for the reason above; it is not tried again")
        if code is not None:
            failures += 1
            least = settings.backoff_minimum
            wait = draw(least, min(settings.backoff_maximum, least * 2.0 ** min(failures, 30)))
            log(f"not enrolled yet; trying again in {wait:.0f} s")
            until = now() + wait
            while not sleeper.stopped and (left := until - now()) > 0:
                sleeper.wait(left)
    return False


def _outcome(launcher: Launcher, sleeper: Sleeper) -> int | None:
    """The child's exit code; None when we are asked to stop before it ends."""
    while (code := launcher.poll()) is None:
        if sleeper.stopped:
            launcher.kill()
            return None
        sleeper.wait(1.0)
    return code


def enrol(settings: Settings) -> tuple[str, ...]:
    """What the child does; returns remarks for the log. Raises AgentError; a refusal is remembered."""
    from keuring_agent import enrol as enrolling
    from keuring_agent import host, machine_certificate

    found = means(settings)
    if found is None:
        identity.load(settings.state_directory)  # says how to enrol
        return ()
    _refuse_again(settings, found)
    name = enrolling.told_name(
        policy.plan(policy.load(settings.state_directory), settings),
        host.local(settings.root_directory, settings.file_system_types),
    )
    try:
        who = enrolling.enrol(
            settings.state_directory,
            found.token,
            None,
            name,
            settings.deadline,
            proxy=settings.proxy,
            machine=lambda: machine_certificate.load(settings),
        )
    except EnrolmentError as error:
        refusal = {"token": found.digest, "why": str(error), "at": time.time()}
        state.write(settings.state_directory / state.ENROLMENT_REFUSED, refusal)
        raise
    state.remove(settings.state_directory / state.ENROLMENT_REFUSED)
    return (f"enrolled as {who.endpoint_id}; reports go to {', '.join(who.report_addresses)}", *_forget(found))


def _forget(found: Means) -> tuple[str, ...]:
    if found.path is None:
        return ("the token stays in the settings; take it out",) if enrolment_token.parse(found.token).secret else ()
    try:
        found.path.unlink(missing_ok=True)
    except OSError as error:
        return (f"{found.path}: the token cannot be removed ({error.strerror}); remove it by hand",)
    return ()


def _refuse_again(settings: Settings, found: Means) -> None:
    """A token that was refused does not become good again; another one is another matter."""
    try:
        refusal = state.read(settings.state_directory / state.ENROLMENT_REFUSED) or {}
    except StateError:
        return
    # Looked at before the digest is made, which would load OpenSSL into the resident process.
    if not refusal or refusal.get("token") != found.digest:
        return
    asked = float(refusal.get("at", 0))
    if not enrolment_token.parse(found.token).secret and not 0 <= time.time() - asked < _AGAIN_AFTER:
        return
    at = time.strftime("%Y-%m-%d %H:%M", time.localtime(asked))
    place = "the setting 'enrolment_token'" if found.path is None else str(found.path)
    raise EnrolmentError(
        f"{refusal.get('why')} (asked on {at}; not asked again with this token). Put another token into {place}, or "
        "run `keuring-agent enroll --token TOKEN`"
    )
