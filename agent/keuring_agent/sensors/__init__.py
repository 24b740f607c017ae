"""One file per subject; ``every`` lists them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring_agent.sensors import (
    agent,
    battery,
    clock,
    cpu,
    disks,
    filesystems,
    identity,
    kernel,
    load,
    memory,
    network,
    pressure,
    processes,
    smart,
    swap,
    thermal,
    updates,
    uptime,
)

if TYPE_CHECKING:
    from keuring_agent.sensors.base import Notebook, Sensor


def every(notebook: Notebook, smart_interval: float, updates_interval: float) -> list[Sensor]:
    """All sensors, in the order in which they read: what tells of the past first, the slow ones last."""
    return [
        uptime.Shutdowns(notebook),
        kernel.KernelLogSensor(notebook),
        cpu.Cpu(),
        load.LoadAverage(),
        memory.MemoryUse(),
        swap.SwapUse(),
        pressure.PressureStalls(),
        disks.Disks(),
        thermal.Thermal(),
        battery.Batteries(notebook),
        filesystems.FileSystems(),
        network.Network(),
        processes.Processes(),
        processes.Frequency(),
        memory.MemoryFaults(),
        uptime.Uptime(),
        uptime.BootDuration(),
        clock.Clock(),
        updates.Reboot(),
        identity.System(),
        identity.Machine(),
        smart.SmartDisks(smart_interval),
        updates.PendingUpdates(updates_interval),
        agent.Agent(),
    ]
