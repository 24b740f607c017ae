"""What runs as the Windows service, and what asks Windows for one. Thin: nothing here decides anything.

Never run by us. pywin32 is imported where it is called, so that the rest can be read on every system.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Bell:
    """Wakes the runner, from the thread in which Windows says that the service is to stop; see runner.Sleeper."""

    def __init__(self) -> None:
        self._stop = threading.Event()

    @property
    def stopped(self) -> bool:
        """Whether the service is to end."""
        return self._stop.is_set()

    def ring(self) -> None:
        """The service is to end."""
        self._stop.set()

    def wait(self, seconds: float) -> None:
        """Returns after ``seconds``, or at once when the service is to end."""
        if seconds > 0:
            self._stop.wait(seconds)


def service_class(
    base: type[Any],
    manager: Any,
    states: Any,
    work: Callable[[Bell], int],
    leave: Callable[[int], object] = os._exit,
) -> type[Any]:
    """The class that Windows starts. ``base`` is win32serviceutil.ServiceFramework, ``states`` win32service.

    ``work`` runs the agent until the bell rings and returns its exit code.
    ``leave`` ends this process on the spot.
    """
    from keuring_agent.restarting import EXIT_CODE
    from keuring_agent.service.windows import BRIEF, NAME, TITLE

    class Service(base):  # type: ignore[misc]  # what it is, is only known on Windows
        _svc_name_ = NAME
        _svc_display_name_ = TITLE
        _svc_description_ = BRIEF

        def __init__(self, arguments: list[str]) -> None:
            super().__init__(arguments)
            self._bell = Bell()

        def SvcStop(self) -> None:  # noqa: N802  # Windows' names
            self.ReportServiceStatus(states.SERVICE_STOP_PENDING)
            self._bell.ring()

        SvcShutdown = SvcStop

        def SvcDoRun(self) -> None:  # noqa: N802
            code = work(self._bell)
            if code == EXIT_CODE:
                # Windows starts a service anew that ends without a word, and none that says that it stopped.
                leave(code)
            elif code:
                # Told as the service's own code, so that the event log and `service status` can say it.
                manager.LogErrorMsg(f"keuring-agent ended with code {code}; `keuring-agent doctor` says why")
                self.ReportServiceStatus(states.SERVICE_STOPPED, svcExitCode=code)

    return Service


def host(work: Callable[[Bell], int]) -> None:
    """Hands this process to Windows' service manager until the service ends."""
    import servicemanager
    import win32service
    import win32serviceutil

    servicemanager.Initialize()
    servicemanager.PrepareToHostSingle(
        service_class(win32serviceutil.ServiceFramework, servicemanager, win32service, work)
    )
    servicemanager.StartServiceCtrlDispatcher()


class Windows:
    """See windows.Control. Errors of pywin32 become OSError."""

    def __init__(self) -> None:
        import pywintypes
        import win32net
        import win32security
        import win32service
        import win32serviceutil

        self._error = pywintypes.error
        self._net, self._security = win32net, win32security
        self._service, self._utility = win32service, win32serviceutil

    def _asked(self, call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        try:
            return call(*arguments, **named)
        except self._error as error:
            raise OSError(error.winerror, error.strerror) from error

    def state(self, name: str) -> str:
        """See Control."""
        try:
            now = self._utility.QueryServiceStatus(name)[1]
        except self._error as error:
            if error.winerror == 1060:  # ERROR_SERVICE_DOES_NOT_EXIST
                return ""
            raise OSError(error.winerror, error.strerror) from error
        names = {self._service.SERVICE_RUNNING: "running", self._service.SERVICE_STOPPED: "stopped"}
        return names.get(now, "changing")

    def create(self, name: str, title: str, brief: str, command: str, account: str) -> None:
        """See Control."""
        manager = self._asked(self._service.OpenSCManager, None, None, self._service.SC_MANAGER_ALL_ACCESS)
        kind, start = self._service.SERVICE_WIN32_OWN_PROCESS, self._service.SERVICE_AUTO_START
        how = (kind, start, self._service.SERVICE_ERROR_NORMAL, command, None, 0, None, account, None)
        if self.state(name):
            made = self._asked(self._service.OpenService, manager, name, self._service.SERVICE_ALL_ACCESS)
            self._asked(self._service.ChangeServiceConfig, made, *how, title)
        else:
            rights = self._service.SERVICE_ALL_ACCESS
            made = self._asked(self._service.CreateService, manager, name, title, rights, *how)
        again = [(self._service.SC_ACTION_RESTART, wait) for wait in (60_000, 300_000, 300_000)]
        failures = {"ResetPeriod": 86400, "RebootMsg": "", "Command": "", "Actions": again}
        change = self._service.ChangeServiceConfig2
        self._asked(change, made, self._service.SERVICE_CONFIG_DESCRIPTION, brief)
        self._asked(change, made, self._service.SERVICE_CONFIG_FAILURE_ACTIONS, failures)
        self._asked(change, made, self._service.SERVICE_CONFIG_DELAYED_AUTO_START_INFO, True)  # noqa: FBT003
        self._service.CloseServiceHandle(made)
        self._service.CloseServiceHandle(manager)

    def join(self, account: str, group: str) -> None:
        """See Control."""
        sid = self._security.ConvertStringSidToSid(group)
        name, _, _ = self._asked(self._security.LookupAccountSid, None, sid)
        try:
            self._net.NetLocalGroupAddMembers(None, name, 3, [{"domainandname": account}])
        except self._error as error:
            if error.winerror != 1378:  # ERROR_MEMBER_IN_ALIAS
                raise OSError(error.winerror, error.strerror) from error

    def start(self, name: str) -> None:
        """See Control."""
        self._asked(self._utility.StartService, name)

    def stop(self, name: str) -> None:
        """See Control."""
        self._asked(self._utility.StopServiceWithDeps, name, waitSecs=30)

    def delete(self, name: str) -> None:
        """See Control."""
        self._asked(self._utility.RemoveService, name)
