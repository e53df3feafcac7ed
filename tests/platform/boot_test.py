# SPDX-License-Identifier: MIT
"""The appliance by itself: boots under software emulation, says so on its console, takes a mail, powers off cleanly,
and has the mail after the next boot from the same disk. Needs no root: QEMU's user network.

    boot_test.py MAILVISOR_LAB MAILVISOR
"""
import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
BOOT_S, OFF_S = 50, 15
SETUP = """domain a.example
domain b.example
account alice@a.example secret-of-alice
account bob@b.example secret-of-bob
"""


def need(what):
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    if shutil.which(what) is None:
        print(f"skipped: there is no {what}")
        sys.exit(SKIPPED)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Guest:
    """One QEMU with the appliance."""

    def __init__(self, work, image, name, address):
        self.work, self.smtp, self.pop3 = work, free_port(), free_port()
        self.console, self.log = work / f"{name}.console", work / f"{name}.log"
        self.monitor = work / f"{name}.monitor"
        begin = time.monotonic()
        self.begin = begin
        self.qemu = subprocess.Popen(
            ["qemu-system-x86_64", "-machine", "q35", "-accel", "tcg", "-m", "512", "-smp", "2", "-nodefaults",
             "-no-user-config", "-no-reboot", "-display", "none", "-serial", f"file:{self.console}",
             "-qmp", f"unix:{self.monitor},server=on,wait=off",
             "-kernel", image / "kernel", "-initrd", image / "initramfs.cpio",
             "-append", "console=ttyS0 quiet panic=-1 random.trust_cpu=on cryptomgr.notests nokaslr mitigations=off "
             f"8250.nr_uarts=1 mailvisor.ip={address} mailvisor.host=mx.a.example mailvisor.set=login.plain=yes",
             "-netdev", f"user,id=n,hostfwd=tcp:127.0.0.1:{self.smtp}-:25,hostfwd=tcp:127.0.0.1:{self.pop3}-:110",
             "-device", "virtio-net-pci,netdev=n,romfile=",
             "-drive", f"if=none,id=d,file={work / 'data.ext4'},format=raw",
             "-device", "virtio-blk-pci,drive=d", "-device", "virtio-rng-pci", "-device", "virtio-serial-pci",
             "-chardev", f"file,id=log,path={self.log}", "-device", "virtserialport,chardev=log,name=mailvisor.log"])

    def text(self):
        parts = [p.read_text(errors="replace") for p in (self.console, self.log) if p.exists()]
        return "\n".join(parts)

    def wait_220(self):
        while time.monotonic() < self.begin + BOOT_S:
            assert self.qemu.poll() is None, f"QEMU ended with {self.qemu.returncode}:\n{self.text()}"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.smtp), 1) as s:
                s.settimeout(1)
                if s.recv(4) == b"220 ":
                    print(f"220 after {time.monotonic() - self.begin:.2f} s")
                    return
            time.sleep(0.02)
        raise AssertionError(f"no 220 in {BOOT_S} s:\n{self.text()}")

    def states(self):
        return [line.split("state=")[1].split()[0] for line in self.console.read_text(errors="replace").splitlines()
                if line.startswith("mailvisor-guest: state=")]

    def mail(self, what, mark):
        subprocess.run([sys.executable, HERE / "mail_client.py", what, "127.0.0.1", str(self.smtp), str(self.pop3), mark],
                       check=True, timeout=40)

    def power_off(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(self.monitor))
            with s.makefile("rw") as f:
                f.readline()
                for command in ("qmp_capabilities", "system_powerdown"):
                    f.write(json.dumps({"execute": command}) + "\n")
                    f.flush()
                    f.readline()
        status = self.qemu.wait(OFF_S)
        assert status == 0, f"QEMU ended with {status}"

    def end(self):
        if self.qemu.poll() is None:
            self.qemu.kill()
            self.qemu.wait()


def boot(work, image, name, address, use):
    guest = Guest(work, image, name, address)
    try:
        guest.wait_220()
        use(guest)
        guest.power_off()
        return guest.states()
    except BaseException:
        print(guest.text())
        raise
    finally:
        guest.end()


def main():
    lab, server = sys.argv[1:]
    need("qemu-system-x86_64")
    need("mke2fs")
    if not list(pathlib.Path("/boot").glob("vmlinuz-*-cloud-amd64")):
        print("skipped: there is no kernel of linux-image-cloud-amd64")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory(prefix="mailvisor-boot-") as directory:
        work = pathlib.Path(directory)
        subprocess.run([lab, "image", "build", "--out", work / "image", "--server", server], check=True, timeout=60)
        (work / "seed").mkdir()
        (work / "seed/setup").write_text(SETUP)
        (work / "data.ext4").touch()
        os.truncate(work / "data.ext4", 256 << 20)
        subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-d", work / "seed", work / "data.ext4"], check=True,
                       timeout=60)
        first = boot(work, work / "image", "first", "10.0.2.15/24", lambda g: g.mail("send", "mark-1"))
        for state in ("init", "modules", "network", "disk", "server", "ready", "stopping", "off"):
            assert state in first, (state, first)
        assert first[-1] == "off" and "died" not in first and "failed" not in first, first
        # Cleanly means: the file system needs no repair, and its journal is empty.
        subprocess.run(["e2fsck", "-f", "-n", work / "data.ext4"], check=True, timeout=60, stdout=subprocess.DEVNULL)
        second = boot(work, work / "image", "second", "dhcp", lambda g: g.mail("read", "mark-1"))
        assert second[-1] == "off", second


main()
