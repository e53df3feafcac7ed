# SPDX-License-Identifier: MIT
"""Virtual machines of other devices, caches and file systems, through the lab's driver: each boots, takes a mail, gives
it back, and is recorded as what it is. "few" names every value that a boot can find wrong once, "all" each device alone.

    devices_test.py few|all DEPLOY MAILVISOR_LAB MAILVISOR
"""
import glob
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
ACCOUNTS = ["alice@a.example", "secret-of-alice", "bob@b.example", "secret-of-bob"]
# Platform, hardware, its kernel (None: whatever), what the record says.
FEW = [
    ("tcg", "nic=vmxnet3 disk=pvscsi cache=none format=qcow2 filesystem=xfs", "cloud",
     {"interface": "vmxnet3 on a tap, no vhost", "disk": "pvscsi, qcow2 file, xfs", "cache": "none"}),
    ("tcg", "nic=e1000 disk=ahci cache=writethrough filesystem=btrfs", "generic",
     {"interface": "e1000 on a tap, no vhost", "disk": "ahci, raw file, btrfs", "cache": "writethrough"}),
    ("tcg", "network=user", "cloud", {"interface": "virtio-net on QEMU's user network"}),
    ("uml", "filesystem=xfs", None, {"disk": "UBD, raw file, xfs"}),
    ("uml", "filesystem=btrfs", None, {"disk": "UBD, raw file, btrfs"}),
]
ALL = FEW + [
    ("tcg", "disk=virtio-scsi cache=directsync", "cloud", {"disk": "virtio-scsi, raw file, ext4", "cache": "directsync"}),
    ("tcg", "disk=nvme cache=unsafe", "cloud",
     {"disk": "nvme, raw file, ext4", "flush": "NOT honoured: QEMU ignores the guest's flushes, a mail may be lost"}),
    ("tcg", "nic=e1000e disk=nvme kernel=generic", "generic", {"interface": "e1000e on a tap, no vhost"}),
    ("tcg", "nic=rtl8139 disk=ide", "generic", {"interface": "rtl8139 on a tap, no vhost", "disk": "ide, raw file, ext4"}),
    ("tcg", "kernel=generic", "generic", {"interface": "virtio-net on a tap, no vhost", "disk": "virtio-blk, raw file, ext4"}),
    ("tcg", "filesystem=btrfs format=qcow2", "cloud", {"disk": "virtio-blk, qcow2 file, btrfs"}),
]
REFUSED = [
    ("uml", "nic=e1000", "User-mode Linux has no choice of nic (e1000 was asked for)"),
    ("process", "filesystem=xfs", "Bare process has no choice of filesystem"),
]


def missing(kernel):
    wanted = [p for p in ("mkfs.xfs", "mkfs.btrfs", "qemu-img", "qemu-system-x86_64", "linux.uml") if shutil.which(p) is None]
    kernels = [k for k in glob.glob("/boot/vmlinuz-*-amd64") if ("cloud" in k) == (kernel == "cloud")]
    return wanted + ([] if kernels or kernel is None else [f"a {kernel} kernel"])


def flushes(had):
    """What reached the host's disk for sure; a disk without a write cache is never flushed, its writes are synced."""
    key = "synced_writes_until_ready" if had["cache"] in ("writethrough", "directsync") else "flushes_until_ready"
    return had[key]


def run(base, deploy, server, row):
    platform, hardware, kernel, wanted = row
    work = base / "work"
    work.mkdir()
    begin = time.monotonic()
    with subprocess.Popen([deploy, platform, server, base / "image", work] + ACCOUNTS, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env=dict(os.environ, MAILVISOR_HARDWARE=hardware, MAILVISOR_DISK="512")) as lab:
        line = lab.stdout.readline()
        logs = "\n".join(p.read_text(errors="replace") for p in work.glob("*.log"))
        assert line != "", f"{platform} {hardware}: {lab.stderr.read()}\n{logs}"
        facts = json.loads(line)
        subprocess.run(["nsenter", f"--net=/proc/{lab.pid}/ns/net", sys.executable, HERE / "mail_client.py", "send",
                        facts["host"], str(facts["smtp"]), str(facts["pop3"]), "mark"], check=True, timeout=90,
                       stdout=subprocess.DEVNULL)
        _, errors = lab.communicate(timeout=90)
        assert lab.returncode == 0 and errors == "", errors
    had = facts["facts"]
    assert {key: had[key] for key in wanted} == wanted, had
    if kernel is not None:
        assert ("cloud" in had["guest_kernel"]) == (kernel == "cloud"), had["guest_kernel"]
        count = flushes(had)
        assert "NVMe" in count if isinstance(count, str) else count > 0, had
    fs = next(word for word in had["disk"].split() if word in ("ext4", "xfs", "btrfs"))
    assert f" fs={fs}" in (work / "console.log").read_text(errors="replace"), (work / "console.log").read_text()
    assert sorted(p.name for p in work.iterdir() if p.suffix != ".log") == []
    shutil.rmtree(work)
    print(f"{platform} {hardware}: 220 after {facts['first_220_ms'] / 1e3:.1f} s, all in {time.monotonic() - begin:.1f} s, "
          f"{flushes(had)} flushes")


def refuse(base, deploy, server, row):
    platform, hardware, words = row
    (base / "work").mkdir()
    done = subprocess.run([deploy, platform, server, base / "image", base / "work"] + ACCOUNTS, capture_output=True, text=True,
                          check=False, timeout=60, env=dict(os.environ, MAILVISOR_HARDWARE=hardware))
    assert done.returncode == SKIPPED and words in done.stderr, done
    shutil.rmtree(base / "work")


def main():
    which, deploy, lab, server = sys.argv[1:]
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    if os.geteuid() != 0:
        print("skipped: not root (taps)")
        sys.exit(SKIPPED)
    rows = FEW if which == "few" else ALL
    lacks = [what for row in rows for what in missing(row[2])]
    if lacks:
        print(f"skipped: there is no {sorted(set(lacks))}")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory(prefix="mailvisor-devices-") as directory:
        base = pathlib.Path(directory)
        subprocess.run([lab, "image", "build", "--out", base / "image", "--server", server], check=True, timeout=60,
                       stdout=subprocess.DEVNULL)
        for row in REFUSED:
            refuse(base, deploy, server, row)
        for row in rows:
            run(base, deploy, server, row)


main()
