"""What the programs of a made-up MacBook say, in the forms that Apple's manuals and many published outputs show.

All names and numbers are invented.
"""

from __future__ import annotations

import plistlib
from typing import Any, Final

AT: Final = 1795680000.0  # 26 November 2026, 08:00 in UTC: when this Mac was started
SERIAL: Final = "C02DN0AAAAAA"  # the second half of 2020, week 20 of it
CERTIFICATE: Final = """\
-----BEGIN CERTIFICATE-----
MCkwJwIBBTAAMAAwHhcNMjYwMzA0MDUwNjA3WhcNMjcwMzA0MDUwNjA3Wg==
-----END CERTIFICATE-----"""
BATTERY: Final = """\
+-o AppleSmartBattery  <class AppleSmartBattery, id 0x100000290, registered, matched, active, busy 0 (0 ms), retain 7>
    {
      "BatteryInstalled" = Yes
      "ExternalConnected" = No
      "IsCharging" = No
      "CurrentCapacity" = 81
      "MaxCapacity" = 100
      "AppleRawMaxCapacity" = 3990
      "AppleRawCurrentCapacity" = 3250
      "NominalChargeCapacity" = 4054
      "DesignCapacity" = 4382
      "CycleCount" = 142
      "Temperature" = 3012
      "Voltage" = 12100
      "InstantAmperage" = 18446744073709551003
      "DeviceName" = "bq20z451"
      "BatteryData" = {"StateOfCharge"=81,"CellVoltage"=(4034,4031,4035),"Qmax"=(4200,4190,4210)}
    }
"""
INTEL_BATTERY: Final = """\
+-o AppleSmartBattery  <class AppleSmartBattery, id 0x1000001e6, registered, matched, active, busy 0 (6 ms), retain 6>
    {
      "ExternalConnected" = Yes
      "CurrentCapacity" = 1839
      "MaxCapacity" = 4313
      "DesignCapacity" = 5088
      "CycleCount" = 182
      "Voltage" = 11400
      "Manufacturer" = "SMP"
      "DeviceName" = "bq20z451"
    }
"""
PLATFORM: Final = f"""\
+-o J313AP  <class IOPlatformExpertDevice, id 0x100000110, registered, matched, active, busy 0 (9 ms), retain 36>
    {{
      "IOPlatformSerialNumber" = "{SERIAL}"
      "manufacturer" = <"Apple Inc.">
      "model" = <"MacBookAir10,1">
    }}
"""
PROFILES: Final[dict[str, list[dict[str, Any]]]] = {
    "SPHardwareDataType": [
        {
            "_name": "hardware_overview",
            "boot_rom_version": "11881.81.4",
            "chip_type": "Apple M1",
            "machine_model": "MacBookAir10,1",
            "machine_name": "MacBook Air",
            "physical_memory": "16 GB",
            "serial_number": SERIAL,
        }
    ],
    "SPDisplaysDataType": [
        {
            "_name": "kHW_AppleM1Item",
            "sppci_model": "Apple M1",
            "spdisplays_ndrvs": [
                {
                    "_name": "Color LCD",
                    "spdisplays_connection_type": "spdisplays_internal",
                    "spdisplays_online": "spdisplays_yes",
                },
                {
                    "_name": "DELL U2720Q",
                    "_spdisplays_display-week": "31",
                    "_spdisplays_display-year": "2020",
                    "spdisplays_online": "spdisplays_yes",
                },
                {
                    "_name": "A COLLEAGUE'S TABLET",
                    "spdisplays_connection_type": "spdisplays_airplay",
                    "spdisplays_online": "spdisplays_yes",
                },
                {"_name": "Shut", "spdisplays_online": "spdisplays_no"},
            ],
        }
    ],
    "SPThunderboltDataType": [
        {
            "_name": "thunderboltusb4_bus_0",
            "device_name_key": "MacBook Air",
            "vendor_name_key": "Apple Inc.",
            "_items": [
                {"_name": "TS4", "device_name_key": "TS4", "vendor_name_key": "CalDigit, Inc."},
                {"_name": "Some Disk", "device_name_key": "Some Disk", "vendor_name_key": "Another"},
            ],
        }
    ],
    "SPUSBDataType": [
        {
            "_name": "USB31Bus",
            "_items": [
                {"_name": "USB3.1 Hub", "_items": [{"_name": "Dell dock", "manufacturer": "Dell Inc."}]},
                {"_name": "A COLLEAGUE'S TELEPHONE", "manufacturer": "Apple Inc."},
            ],
        }
    ],
    "SPMemoryDataType": [{"SPMemoryDataType": "16 GB", "dimm_manufacturer": "Hynix", "dimm_type": "LPDDR4"}],
    "SPiBridgeDataType": [{"_name": "ibridge_controller_info", "ibridge_secure_boot": "Full Security"}],
    "SPAirPortDataType": [
        {
            "spairport_airport_interfaces": [
                {
                    "_name": "en0",
                    "spairport_status_information": "spairport_status_connected",
                    "spairport_current_network_information": {
                        "_name": "HOME OF A COLLEAGUE",
                        "spairport_signal_noise": "-52 dBm / -93 dBm",
                    },
                    "spairport_airport_other_local_wireless_networks": [
                        {"_name": "NEIGHBOURS", "spairport_signal_noise": "-80 dBm / -93 dBm"}
                    ],
                }
            ]
        }
    ],
    "SPFirewallDataType": [
        {"_name": "spfirewall_settings", "spfirewall_globalstate": "spfirewall_globalstate_limit_connections"}
    ],
    "SPNVMeDataType": [
        {
            "_name": "Apple SSD Controller",
            "_items": [
                {
                    "_name": "APPLE SSD AP0512Q",
                    "bsd_name": "disk0",
                    "device_model": "APPLE SSD AP0512Q",
                    "device_revision": "1161.80.",
                    "device_serial": "0ba0000000000001",
                    "smart_status": "Verified",
                }
            ],
        }
    ],
    "SPSerialATADataType": [],
    "SPPowerDataType": [
        {
            "_name": "spbattery_information",
            "sppower_battery_charge_info": {"sppower_battery_state_of_charge": 81},
            "sppower_battery_health_info": {
                "sppower_battery_cycle_count": 142,
                "sppower_battery_health_maximum_capacity": "93%",
            },
            "sppower_battery_model_info": {"sppower_battery_device_name": "bq20z451"},
        },
        {"_name": "sppower_ac_charger_information", "sppower_battery_charger_connected": "FALSE"},
    ],
}
DISK: Final[dict[str, Any]] = {
    "BusProtocol": "Apple Fabric",
    "MediaName": "APPLE SSD AP0512Q",
    "TotalSize": 500_277_792_768,
    "SMARTStatus": "Verified",
    "SolidState": True,
    "SMARTDeviceSpecificKeysMayVaryNotGuaranteed": {
        "AVAILABLE_SPARE": 100,
        "DATA_UNITS_WRITTEN_0": 9_260_388,
        "DATA_UNITS_WRITTEN_1": 0,
        "MEDIA_ERRORS_0": 0,
        "MEDIA_ERRORS_1": 0,
        "PERCENTAGE_USED": 16,
        "POWER_ON_HOURS_0": 1234,
        "POWER_ON_HOURS_1": 0,
        "TEMPERATURE": 308,
        "UNSAFE_SHUTDOWNS_0": 21,
        "UNSAFE_SHUTDOWNS_1": 0,
    },
}
MIRROR: Final = {
    "AppleRAIDSets": [
        {
            "BSD Name": "disk5",
            "Level": "Mirror",
            "Name": "A COLLEAGUE'S DISK",
            "Status": "Degraded",
            "Members": [{"MemberStatus": "Online"}, {"MemberStatus": "Failed"}],
        },
        {"BSD Name": "disk6", "Level": "Stripe", "Status": "Online", "Members": [{"MemberStatus": "Online"}]},
    ]
}
INTERFACES: Final = """\
lo0: flags=8049<UP,LOOPBACK,RUNNING,MULTICAST> mtu 16384
	inet 127.0.0.1 netmask 0xff000000
en0: flags=8863<UP,BROADCAST,SMART,RUNNING,SIMPLEX,MULTICAST> mtu 1500
	media: autoselect
	status: active
	supported media:
		media autoselect
en7: flags=8863<UP,BROADCAST,SMART,RUNNING,SIMPLEX,MULTICAST> mtu 1500
	media: autoselect (1000baseT <full-duplex,flow-control>)
	status: active
	supported media:
		media autoselect
		media 10baseT/UTP mediaopt full-duplex
		media 100baseTX mediaopt full-duplex
		media 1000baseT mediaopt full-duplex mediaopt flow-control
		media 2500Base-T mediaopt full-duplex
en8: flags=8863<UP,BROADCAST,SMART,RUNNING,SIMPLEX,MULTICAST> mtu 1500
	media: autoselect <full-duplex>
	status: inactive
	supported media:
		media 10Gbase-T mediaopt full-duplex
	hardware: 100baseTX
"""
WIRELESS: Final = """\
————————————————————————————————————————————————————————————
NETWORK
————————————————————————————————————————————————————————————
    Primary IPv4         : en0 (Wi-Fi)
————————————————————————————————————————————————————————————
WIFI
————————————————————————————————————————————————————————————
    MAC Address          : 00:00:5e:00:53:01 (hw=00:00:5e:00:53:01)
    Interface Name       : en0
    Power                : On [On]
    SSID                 : HOME OF A COLLEAGUE
    RSSI                 : -52 dBm
    Noise                : -93 dBm
————————————————————————————————————————————————————————————
AWDL
————————————————————————————————————————————————————————————
    Interface Name       : awdl0
"""
IDENTITIES: Final = f"""\
Policy: X.509 Basic
  Matching identities
  1) {"A1" * 20} "mac-0042.example.nl" (CSSMERR_TP_CERT_EXPIRED)
  2) {"B2" * 20} "com.apple.systemdefault"
     2 identities found

  Valid identities only
     0 valid identities found
"""
KEYCHAIN: Final = f"""\
SHA-256 hash: {"C3" * 32}
SHA-1 hash: {"B2" * 20}
{CERTIFICATE}
SHA-256 hash: {"D4" * 32}
SHA-1 hash: {"A1" * 20}
{CERTIFICATE}
"""
ACCELERATOR: Final = """\
+-o AGXAcceleratorG13G  <class AGXAcceleratorG13G, id 0x1000003d2, registered, matched, active, retain 90>
    {
      "PerformanceStatistics" = {"In use system memory"=536870912,"Tiler Utilization %"=5,"Device Utilization %"=42}
    }
"""
PROCESSES: Final = """\
    0 Thu Nov 26 08:00:02 2026     launchd
    0 Thu Nov 26 08:00:31 2026     loginwindow
  501 Thu Nov 26 08:05:00 2026     cfprefsd
  501 Thu Nov 26 08:05:07 2026     Dock
  501 Thu Nov 26 08:05:09 2026     Finder
  501 Thu Nov 26 09:00:00 2026     A COLLEAGUE'S PROGRAM
"""
PRINTERS: Final = """\
printer A_COLLEAGUE is idle.  enabled since Thu Nov 26 08:00:00 2026
printer Second disabled since Thu Nov 26 08:00:00 2026 -
	The printer is not responding.
printer Third now printing Third-12.  enabled since Thu Nov 26 08:00:00 2026
	Unable to locate printer "COLLEAGUE.local".
"""
EXTENSIONS: Final = """\
2 extension(s)
--- com.apple.system_extension.driver_extension
enabled\tactive\tteamID\tbundleID (version)\tname\t[state]
*\t*\tG43BCU2T37\torg.example.hid (1.8.0/1.8.0)\torg.example.hid\t[activated enabled]
\t\tG43BCU2T37\torg.example.gone (1.0/1.0)\tgone\t[terminated waiting to uninstall on reboot]
"""
SAID: Final = {
    "sw_vers": "ProductName:\t\tmacOS\nProductVersion:\t\t15.3.1\nBuildVersion:\t\t24D70\n",
    "sysctl -n kern.bootsessionuuid": "2B05150B-FA33-45BD-90F0-3369BF908E3E\n",
    "sysctl -n machdep.cpu.brand_string": "Apple M1\n",
    "vm_stat": "Mach Virtual Memory Statistics: (page size of 16384 bytes)\nPages free:    12.\n"
    "Pageins:       99999.\nPageouts:        88.\nSwapins:        1234.\nSwapouts:       5678.\n",
    "ioreg -r -c AppleSmartBattery": BATTERY,
    "ioreg -r -c IOPlatformExpertDevice": PLATFORM,
    "systemsetup -getusingnetworktime": "Network Time: On\n",
    "fdesetup status": "FileVault is On.\n",
    "spctl --status": "assessments enabled\n",
    "/usr/libexec/ApplicationFirewall/socketfilterfw --getglobalstate": "Firewall is enabled. (State = 1) \n",
    "security find-identity": IDENTITIES,
    "security find-certificate": KEYCHAIN,
    "ifconfig -m": INTERFACES,
    "wdutil info": WIRELESS,
    "notifyutil -g com.apple.system.thermalpressurelevel": "com.apple.system.thermalpressurelevel 0\n",
    "pmset -g therm": "2026-11-26 09:00:00 +0100 CPU Power notify\n\tCPU_Speed_Limit \t= 100\n",
    "log show": "Timestamp               Ty Process[PID:TID]\n"
    "2026-11-26 08:00:03.001 Df kernel[0:0] (AppleSMC) Previous shutdown cause: 5\n",
    "last -n 50 reboot shutdown": "reboot time    Thu Nov 26 08:00\nshutdown time  Wed Nov 25 17:59\n",
    "ioreg -r -c IOAccelerator": ACCELERATOR,
    "ps -A -c": PROCESSES,
    "launchctl list": "PID\tStatus\tLabel\n-\t0\tnl.example.fine\n-\t78\tnl.example.broken\n-\t-9\tnl.example.idle\n"
    "312\t1\tnl.example.again\n-\t-11\tnl.example.crashed\n-\t78\tcom.apple.something\n",
    "lpstat -p": PRINTERS,
    "scutil --nc list": "Available network connection services in the current set (*=enabled):\n"
    '* (Connected)    0 VPN (com.example) "A COLLEAGUE" [VPN:com.example]\n'
    '* (Disconnected) 1 VPN (com.example) "Other" [VPN:com.example]\n',
    "systemextensionsctl list": EXTENSIONS,
    "kmutil showloaded": "Index Refs Address Size Wired Name (Version) UUID <Linked Against>\n"
    "    1  140 0 0 0 com.apple.kpi.bsd (24.3.0) 5F35 <>\n    9    0 0 0 0 org.example.kext (1.2.3) 6A46 <8 6>\n",
    "diskutil list -plist": plistlib.dumps({"WholeDisks": ["disk0"]}).decode(),
    "diskutil info -plist": plistlib.dumps(DISK).decode(),
    "diskutil appleRAID list": plistlib.dumps(MIRROR).decode(),
}
