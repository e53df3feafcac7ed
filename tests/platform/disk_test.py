# SPDX-License-Identifier: MIT
"""The appliance's own disk (`image build --format`): boots by BIOS and by UEFI in machines shaped as QEMU, VirtualBox and
VMware show them, finds its drivers, its network and its data disk there, and greets. And what is said when a program
for making it is missing. Needs no root.

    disk_test.py MAILVISOR_LAB MAILVISOR
"""
import contextlib
import gzip
import hashlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from xml.etree import ElementTree

SKIPPED = 77
BOOT_S = 150  # a busy machine; IDE under software emulation moves a few bytes an exit
TOOLS = ["sfdisk", "mkfs.fat", "mmd", "mcopy", "syslinux", "qemu-img", "qemu-system-x86_64", "mke2fs"]
CODE, VARIABLES = "/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"
FILES = ["/usr/lib/syslinux/mbr/gptmbr.bin", "/usr/lib/systemd/boot/efi/systemd-bootx64.efi", CODE, VARIABLES]
UEFI = ["-machine", "q35", "-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={CODE}",
        "-drive", "if=pflash,format=raw,unit=1,file=variables.fd"]
BOOT = ["-drive", "if=none,id=b,snapshot=on,file=image/disk.{0},format={0}"]
DATA = ["-drive", "if=none,id=d,file=data.ext4,format=raw"]
# Name, format, devices, how the guest names such disks, drivers beyond virtio.
SHAPES = [
    ("SeaBIOS, virtio", "raw", ["-machine", "q35"] + BOOT + DATA + [
        "-device", "virtio-blk-pci,drive=b", "-device", "virtio-blk-pci,drive=d", "-device", "virtio-net-pci,netdev=n,romfile="],
     "vd", 0),
    ("OVMF, virtio", "qcow2", UEFI + BOOT + DATA + [
        "-device", "virtio-blk-pci,drive=b", "-device", "virtio-blk-pci,drive=d", "-device", "virtio-net-pci,netdev=n,romfile="],
     "vd", 0),
    ("as VirtualBox: SeaBIOS, PIIX IDE", "vdi", [
        "-machine", "pc", "-drive", "if=ide,index=0,snapshot=on,file=image/disk.{0},format={0}",
        "-drive", "if=ide,index=2,file=data.ext4,format=raw", "-device", "virtio-net-pci,netdev=n,romfile="], "sd", 1),
    ("as VMware: OVMF, NVMe, pvscsi, vmxnet3", "vmdk", UEFI + BOOT + DATA + [
        "-device", "nvme,drive=b,serial=b,bootindex=0", "-device", "pvscsi,id=s", "-device", "scsi-hd,bus=s.0,drive=d",
        "-device", "vmxnet3,netdev=n,romfile="], "sd", 1),
    ("as Hyper-V of the second kind: OVMF, SCSI", "vhdx", UEFI + BOOT + DATA + [
        "-device", "virtio-scsi-pci,id=s", "-device", "scsi-hd,bus=s.0,drive=b,bootindex=0", "-device", "scsi-hd,bus=s.0,drive=d",
        "-device", "virtio-net-pci,netdev=n,romfile="], "sd", 1),
]
# As an import of the OVA makes it: two disks on PIIX IDE, and the card that it names.
IMPORTED = ["-machine", "pc", "-drive", "if=ide,index=0,snapshot=on,file=mailvisor-boot.vmdk,format=vmdk",
            "-drive", "if=ide,index=1,snapshot=on,file=mailvisor-data.vmdk,format=vmdk", "-device", "{0},netdev=n,romfile="]
PACKED_BYTES_MAX = 40 << 20


def greeted(port, console, qemu, until):
    while time.monotonic() < until and qemu.poll() is None:
        # QEMU's vmxnet3 may stop for good when packets come before its driver.
        if not console.exists() or "state=ready" not in console.read_text(errors="replace"):
            time.sleep(0.05)
            continue
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as s:
            s.settimeout(1)
            if s.recv(4) == b"220 ":
                return True
        time.sleep(0.05)
    return False


def boot(work, name, kind, devices, disk, drivers):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    shutil.copyfile(VARIABLES, work / "variables.fd")
    console, begin = work / "console", time.monotonic()
    console.unlink(missing_ok=True)
    with open(work / "qemu.log", "wb") as log, subprocess.Popen(
            ["qemu-system-x86_64", "-accel", "tcg", "-m", "512", "-smp", "2", "-nodefaults", "-no-user-config", "-no-reboot",
             "-display", "none", "-serial", "file:console", "-netdev", f"user,id=n,hostfwd=tcp:127.0.0.1:{port}-:25"]
            + [word.format(kind) for word in devices], cwd=work, stderr=log) as qemu:
        try:
            is_good = greeted(port, console, qemu, begin + BOOT_S)
        finally:
            qemu.kill()
    text = console.read_text(errors="replace")
    assert is_good, f"{name}: no 220 in {BOOT_S} s\n{text}\n{(work / 'qemu.log').read_text()}"
    # Linux names SCSI disks in the order in which their probes happen to end.
    assert re.search(rf"state=disk ms=\d+ disk=/dev/{disk}[ab] fs=ext4\r?\n", text), f"{name}: another disk\n{text}"
    count = int(text.split("drivers=")[1].split()[0])
    assert (count > 0) == (drivers > 0), f"{name}: {count} drivers\n{text}"
    print(f"{name} ({kind}): 220 after {time.monotonic() - begin:.1f} s, {count} drivers")


def build(lab, server, work, kind, setup=None, **more):
    words = [lab, "image", "build", "--out", work / "image", "--server", server, "--format", kind,
             "--append", "mailvisor.host=mx.a.example"] + (["--setup", setup] if setup else [])
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=100, **more)


def check_ova(lab, server, work):
    """The description is XML and says what is there, the checksums are right, and the disks make a machine."""
    made = build(lab, server, work, "ova", setup=work / "seed/setup")
    assert made.returncode == 0 and made.stdout.endswith("/mailvisor.ova\n"), made
    size = (work / "image/mailvisor.ova").stat().st_size
    assert size < PACKED_BYTES_MAX, size
    with tarfile.open(work / "image/mailvisor.ova") as archive:
        names = archive.getnames()
        assert names == ["mailvisor.ovf", "mailvisor.mf", "mailvisor-boot.vmdk", "mailvisor-data.vmdk"], names
        archive.extractall(work)
    for line in (work / "mailvisor.mf").read_text().splitlines():
        name, digest = re.fullmatch(r"SHA256\((\S+)\)= ([0-9a-f]{64})", line).groups()
        assert hashlib.sha256((work / name).read_bytes()).hexdigest() == digest, name
    envelope = ElementTree.parse(work / "mailvisor.ovf").getroot()
    space = "{http://schemas.dmtf.org/ovf/envelope/1}"
    sizes = {f.get(space + "href"): int(f.get(space + "size")) for f in envelope.iter(space + "File")}
    assert sizes == {n: (work / n).stat().st_size for n in names[2:]}, sizes
    capacities = [int(d.get(space + "capacity")) for d in envelope.iter(space + "Disk")]
    virtual = [json.loads(subprocess.run(["qemu-img", "info", "--output=json", work / n], check=True, capture_output=True,
                                         text=True).stdout) for n in names[2:]]
    assert capacities == [v["virtual-size"] for v in virtual], (capacities, virtual)
    assert all(v["format-specific"]["data"]["create-type"] == "streamOptimized" for v in virtual), virtual
    card = re.search(r"SubType>(E1000|VmxNet3)<", (work / "mailvisor.ovf").read_text())[1].lower()
    boot(work, f"an imported OVA: SeaBIOS, PIIX IDE, {card}", "ova", [word.format(card) for word in IMPORTED], "sd", 1)
    print(f"mailvisor.ova: {size / 1e6:.1f} MB")


def main():
    lab, server = map(os.path.abspath, sys.argv[1:])
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    missing = [t for t in TOOLS if shutil.which(t) is None] + [f for f in FILES if not os.path.exists(f)]
    if missing or not list(pathlib.Path("/boot").glob("vmlinuz-*-cloud-amd64")):
        print(f"skipped: no cloud kernel, or missing {missing}")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory(prefix="mailvisor-disk-") as directory:
        work = pathlib.Path(directory)
        refused = build(lab, server, work, "raw", env={"PATH": "/nonexistent"})
        assert refused.returncode == 1 and "there is no mmd; the package mtools brings it" in refused.stderr, refused
        refused = build(lab, server, work, "vhd")
        assert refused.returncode == 2 and "there is no format 'vhd': raw, qcow2" in refused.stderr, refused
        (work / "seed").mkdir()
        (work / "seed/setup").write_text("domain a.example\naccount alice@a.example secret-of-alice\n")
        (work / "data.ext4").touch()
        os.truncate(work / "data.ext4", 128 << 20)
        subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-d", work / "seed", work / "data.ext4"], check=True, timeout=60)
        for name, kind, devices, disk, drivers in SHAPES:
            made = build(lab, server, work, kind)
            assert made.returncode == 0 and made.stdout.endswith(f"/disk.{kind}\n"), made
            left = {p.name for p in (work / "image").iterdir()}
            assert left == {"kernel", "initramfs.cpio", "image.json", f"disk.{kind}"}, left
            if kind == "qcow2":
                packed = len(gzip.compress((work / "image/disk.qcow2").read_bytes(), 6))
                assert packed < PACKED_BYTES_MAX, packed
                print(f"disk.qcow2: {packed / 1e6:.1f} MB compressed")
            boot(work, name, kind, devices, disk, drivers)
            (work / f"image/disk.{kind}").unlink()
        check_ova(lab, server, work)


main()
