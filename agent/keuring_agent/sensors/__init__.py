"""One file per subject; ``every`` lists them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring_agent.sensors import (
    agent,
    backup,
    battery,
    certificates,
    clock,
    cpu,
    disks,
    displays,
    encryption,
    filesystems,
    identity,
    kernel,
    load,
    memory,
    network,
    pressure,
    processes,
    protection,
    raid,
    smart,
    software,
    swap,
    thermal,
    updates,
    uptime,
    wifi,
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
        wifi.Wifi(),
        raid.Raid(),
        displays.Displays(),
        processes.Processes(),
        processes.Frequency(),
        memory.MemoryFaults(),
        uptime.Uptime(),
        uptime.BootDuration(),
        clock.Clock(),
        updates.Reboot(),
        identity.System(),
        identity.Machine(),
        network.LinkCapabilities(),
        displays.Manufactured(),
        encryption.Encryption(),
        certificates.Certificates(),
        protection.Firewall(),
        protection.MalwareProtection(),
        backup.Backups(),
        uptime.BootSteps(),
        software.Crashes(notebook),
        software.Software(),
        smart.SmartDisks(smart_interval),
        updates.PendingUpdates(updates_interval),
        agent.Agent(),
    ]
