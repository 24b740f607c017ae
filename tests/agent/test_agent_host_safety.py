"""Linux: encryption, firewall, protection, backups and certificates, in the forms that their programs document."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509 as library
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from keuring_agent.host import x509
from keuring_agent.host.linux import backups, certificates, encryption, firewall, malware
from keuring_agent.host.readings import Backup, Certificate, NotMeasurable
from tests.agent.trees import answering, failing, own, tree, unit

if TYPE_CHECKING:
    from pathlib import Path


MOUNTS = """\
27 1 254:0 / / rw - ext4 /dev/mapper/vg-root rw
28 27 259:1 / /boot rw - ext4 /dev/nvme0n1p1 rw
29 27 259:2 / /boot/efi rw - vfat /dev/nvme0n1p2 rw
30 27 259:4 / /home/jan rw - xfs /dev/nvme0n1p4 rw
31 27 0:33 / /srv rw - btrfs /dev/mapper/luks-a rw
32 27 7:0 / /loop rw - ext4 /dev/loop0 rw"""
BLOCK = "sys/class/block"
DEVICES = {
    f"{BLOCK}/dm-0/dev": "254:0",
    f"{BLOCK}/dm-0/dm/uuid": "LVM-abcdef",
    f"{BLOCK}/dm-0/slaves/dm-1/x": "",
    "sys/block/dm-0/dm/name": "vg-root",
    f"{BLOCK}/dm-1/dm/uuid": "CRYPT-LUKS2-0123-name",
    f"{BLOCK}/nvme0n1p1/dev": "259:1",
    f"{BLOCK}/nvme0n1p4/dev": "259:4",
    f"{BLOCK}/dm-2/dm/uuid": "CRYPT-LUKS1-4567-luks-a",
    "sys/block/dm-2/dm/name": "luks-a",
    "sys/fs/btrfs/some-uuid/devices/dm-2/x": "",
    "sys/fs/btrfs/some-uuid/devices/nvme0n1p4/x": "",
    f"{BLOCK}/loop0/dev": "7:0",
}


def test_which_volumes_are_encrypted(tmp_path: Path) -> None:
    root = tree(tmp_path, {"proc/1/mountinfo": MOUNTS, **DEVICES})
    for path in ("boot/efi", "home/jan", "srv", "loop"):
        (tmp_path / path).mkdir(parents=True)
    found = {one.mountpoint: one.encrypted for one in encryption.encryption(root, ())}
    # What the machine starts from is left out, and of a loop nothing can be told; Btrfs has one open member.
    assert found == {"/": True, "/home/*": False, "/srv": False}


def test_verity_is_no_encryption_and_nothing_known_is_said_so(tmp_path: Path) -> None:
    mounts = "27 1 254:0 / / rw - ext4 /dev/mapper/root rw"
    files = {"proc/1/mountinfo": mounts, f"{BLOCK}/dm-0/dev": "254:0", f"{BLOCK}/dm-0/dm/uuid": "CRYPT-VERITY-1-root"}
    with pytest.raises(NotMeasurable, match="does not tell"):
        encryption.encryption(tree(tmp_path, files), ())  # what lies below it is not visible here
    (found,) = encryption.encryption(tree(tmp_path, {f"{BLOCK}/dm-0/slaves/sda1/x": ""}), ())
    assert found.encrypted is False


DOCKER = """\
table ip nat {
	chain PREROUTING {
		type nat hook prerouting priority dstnat; policy accept;
	}
}
table ip filter {
	chain INPUT {
		type filter hook input priority filter; policy accept;
		ip saddr 192.0.2.1 drop
		jump later
	}
	chain later {
		tcp dport 22 accept
	}
	chain FORWARD {
		type filter hook forward priority filter; policy drop;
		drop
	}
}
"""
DROPS = DOCKER.replace("tcp dport 22 accept", "tcp dport 22 accept\n\t\tcounter packets 0 bytes 0 drop").replace(
    "counter packets 0 bytes 0 drop", "counter drop"
)
POLICY = DOCKER.replace("hook input priority filter; policy accept", "hook input priority filter; policy drop")
REJECTS = DOCKER.replace("tcp dport 22 accept", "reject with icmpx admin-prohibited")


@pytest.mark.parametrize(
    ("ruleset", "refuses"), [("", False), (DOCKER, False), (DROPS, True), (POLICY, True), (REJECTS, True)]
)
def test_what_nft_lists(tmp_path: Path, ruleset: str, refuses: bool) -> None:
    root = own(tmp_path, {"sys/module/nf_tables/refcnt": "1"})
    assert firewall.enabled(root, answering(nft=ruleset), 1) is refuses


@pytest.mark.parametrize(
    ("listing", "refuses"),
    [
        ("-P INPUT ACCEPT\n-P FORWARD DROP\n-A FORWARD -j DROP", False),
        ("-P INPUT DROP", True),
        ("-P INPUT ACCEPT\n-A INPUT -s 192.0.2.1/32 -j DROP", False),
        ("-P INPUT ACCEPT\n-N own\n-A INPUT -j own\n-A own -p tcp -j ACCEPT\n-A own -j REJECT --reject-with x", True),
        ("-P INPUT ACCEPT\n-A INPUT -j own\n-A own -j INPUT", False),
    ],
)
def test_what_the_older_iptables_lists(tmp_path: Path, listing: str, refuses: bool) -> None:
    files = {"proc/net/ip_tables_names": "nat\nfilter", "proc/sys/kernel/osrelease": "6.1"}
    files["lib/modules/6.1/modules.builtin"] = "kernel/fs/ext4/ext4.ko"
    root = own(tmp_path, files)
    assert firewall.enabled(root, answering(iptables_legacy=listing), 1) is refuses


def test_nothing_is_loaded_to_look_at_it(tmp_path: Path) -> None:
    files = {"proc/sys/kernel/osrelease": "6.1", "lib/modules/6.1/modules.builtin": "kernel/fs/ext4/ext4.ko"}
    root = own(tmp_path, files)
    assert firewall.enabled(root, answering(), 1) is False  # no program was asked
    (tmp_path / "lib/modules/6.1/modules.builtin").write_text("kernel/net/netfilter/nf_tables.ko\n")
    with pytest.raises(NotMeasurable, match="nft is not installed"):
        firewall.enabled(root, answering(), 1)
    with pytest.raises(NotMeasurable, match="root only"):
        firewall.enabled(root, failing, 1)
    (tmp_path / "lib/modules/6.1/modules.builtin").unlink()
    with pytest.raises(NotMeasurable, match="cannot be told"):
        firewall.enabled(root, answering(), 1)


def test_firewalls_that_are_services(tmp_path: Path) -> None:
    root = own(tmp_path, {"sys/module/nf_tables/refcnt": "1", "etc/ufw/ufw.conf": ""}, systemd=True)
    inactive = unit("firewalld.service", ActiveState="inactive")
    ufw = unit("ufw.service", ActiveState="active")
    on = unit("firewalld.service", ActiveState="active")
    assert firewall.enabled(root, answering(systemctl=on), 1) is True
    # ufw's service runs even where ufw is off.
    assert firewall.enabled(root, answering(systemctl=f"{inactive}\n{ufw}", nft=""), 1) is False
    (tmp_path / "etc/ufw/ufw.conf").write_text("# x\nENABLED=yes\nLOGLEVEL=low\n")
    assert firewall.enabled(root, answering(systemctl=f"{inactive}\n{ufw}", nft=""), 1) is True


def test_protection_against_malware(tmp_path: Path) -> None:
    missing = "Id=mdatp.service\nLoadState=not-found\nActiveState=inactive\n"
    off = unit("clamav-daemon.service", ActiveState="failed")
    root = own(tmp_path, systemd=True)
    with pytest.raises(NotMeasurable, match="no protection against malware that is known"):
        malware.protection(root, answering(systemctl=missing), 1)
    assert malware.protection(root, answering(systemctl=f"{missing}\n{off}"), 1) == (False, None)
    header = "ClamAV-VDB:07 Dec 2023 03-24 -0500:27115:2049977:90:hash:signature:builder:1701937454" + " " * 424
    (tmp_path / "var/lib/clamav").mkdir(parents=True)
    (tmp_path / "var/lib/clamav/daily.cld").write_text(header + "x" * 5000)
    on = unit("clamav-daemon.service", ActiveState="active")
    assert malware.protection(root, answering(systemctl=on), 1) == (True, 1701937454.0)
    (tmp_path / "var/lib/clamav/daily.cld").write_text(header.replace(":1701937454", ""))
    assert malware.signatures(root) == 1701937440.0  # to the minute
    (tmp_path / "var/lib/clamav/daily.cld").write_text("something else: entirely")
    assert malware.signatures(root) is None


def test_without_systemd_services_tell_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotMeasurable, match="systemd does not run"):
        malware.protection(own(tmp_path), answering(), 1)
    with pytest.raises(NotMeasurable, match="systemd does not answer"):
        malware.protection(own(tmp_path, systemd=True), failing, 1)


def test_when_backups_succeeded(tmp_path: Path) -> None:
    good = unit(
        "borgmatic.service", Type="oneshot", Result="success", ExecMainStatus="0",
        ExecMainExitTimestampMonotonic="90000000",
    )  # fmt: skip
    failed = good.replace("borgmatic", "restic").replace("success", "exit-code").replace("Status=0", "Status=1")
    not_yet = good.replace("borgmatic", "btrbk").replace("=90000000", "=0")
    forever = good.replace("borgmatic", "backup").replace("oneshot", "forking")
    root = own(tmp_path, systemd=True)
    run = answering(systemctl=f"{good}\n{failed}\n{not_yet}\n{forever}")
    found = backups.backups(root, run, 1, 1_700_000_000.0, 100.0)
    assert found == [Backup("borgmatic", 1_699_999_990.0), Backup("restic", None), Backup("btrbk", None)]
    with pytest.raises(NotMeasurable, match="no backup that is known here"):
        backups.backups(root, answering(systemctl=forever), 1, 0, 0)


def certificate(expires: datetime) -> library.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = library.Name([library.NameAttribute(NameOID.COMMON_NAME, "jan@example.org")])
    begin = expires - timedelta(days=900)
    made = library.CertificateBuilder(name, name, key.public_key(), library.random_serial_number(), begin, expires)
    return made.sign(key, hashes.SHA256())


SOON = datetime(2027, 3, 4, 5, 6, 7, tzinfo=UTC)
LATE = datetime(2055, 1, 2, tzinfo=UTC)  # from 2050 on the date has another form


def test_the_date_in_a_certificate() -> None:
    for expires in (SOON, LATE):
        made = certificate(expires)
        for encoding in (Encoding.PEM, Encoding.DER):
            assert x509.expires(made.public_bytes(encoding)) == expires.timestamp()
    chain = certificate(SOON).public_bytes(Encoding.PEM) + certificate(LATE).public_bytes(Encoding.PEM)
    assert x509.expires(b"Bag Attributes\n" + chain) == SOON.timestamp()


def test_what_is_no_certificate_is_no_fault() -> None:
    good = certificate(SOON).public_bytes(Encoding.DER)
    for data in (b"", b"-----BEGIN CERTIFICATE-----", b"\x30\x84\xff\xff\xff\xff", b"-----BEGIN CERTIFICATE-----\nA"):
        with pytest.raises(NotMeasurable, match="no certificate"):
            x509.expires(data)
    for length in range(len(good)):
        with pytest.raises(NotMeasurable):
            x509.expires(good[:length])


def test_certificates_go_by_their_use_and_by_no_name(tmp_path: Path) -> None:
    soon, late = (certificate(date).public_bytes(Encoding.PEM).decode() for date in (SOON, LATE))
    manager = "etc/NetworkManager/system-connections"
    files = {
        f"{manager}/Our network.nmconnection": (
            "[connection]\nid=Our network\ntype=wifi\n\n[wifi]\nssid=Our network\n\n"
            "[802-1x]\nidentity=jan\nclient-cert=/etc/keys/jan.pem\nprivate-key=/etc/keys/jan.key"
        ),
        f"{manager}/again.nmconnection": "[connection]\ntype=wifi\n[802-1x]\nclient-cert=file:///etc/keys/jan.pem",
        f"{manager}/office.nmconnection": "[connection]\ntype=wifi\n[802-1x]\nclient-cert=/etc/keys/late.pem",
        f"{manager}/dock.nmconnection": "[connection]\ntype=ethernet\n[802-1x]\nclient-cert=/etc/keys/gone.p12",
        f"{manager}/home.nmconnection": "[connection]\ntype=vpn\n[vpn]\ncert=/etc/keys/vpn.der",
        "etc/openvpn/client/work.conf": f"client\n<cert>\n{soon}</cert>",
        "etc/openvpn/old.conf": 'cert "keys/old.pem"',
        "etc/openvpn/keys/old.pem": late,
        "etc/keys/jan.pem": soon,
        "etc/keys/late.pem": late,
    }
    root = tree(tmp_path, files)
    (tmp_path / "etc/keys/vpn.der").write_bytes(certificate(SOON).public_bytes(Encoding.DER))
    assert certificates.certificates(root) == [
        Certificate("wifi", SOON.timestamp()),
        Certificate("vpn", SOON.timestamp()),
        Certificate("wifi (2)", LATE.timestamp()),
        Certificate("vpn (2)", LATE.timestamp()),
        Certificate("vpn (3)", SOON.timestamp()),
    ]


def test_machines_without_certificates(tmp_path: Path) -> None:
    with pytest.raises(NotMeasurable, match=r"can be read$"):
        certificates.certificates(tree(tmp_path, {}))
    files = {"etc/wpa_supplicant/wpa_supplicant.conf": 'network={\n  ssid="x"\n  client_cert="/etc/keys/no.pem"\n}'}
    with pytest.raises(NotMeasurable, match="1 could not be read"):
        certificates.certificates(tree(tmp_path, files))
