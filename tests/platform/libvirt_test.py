# SPDX-License-Identifier: MIT
"""The platform libvirt for real: a libvirtd of this test's own, in a mount namespace where its directories are empty, and
machines of QEMU on it. Deployed, snapshot and revert, power cut, and nothing left, also of a lab that was killed.

    libvirt_test.py DEPLOY MAILVISOR_LAB MAILVISOR
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
ACCOUNTS = ["alice@a.example", "secret-of-alice", "bob@b.example", "secret-of-bob"]
PLACES = ["/run", "/etc/libvirt", "/var/lib/libvirt", "/var/cache/libvirt", "/var/log/libvirt"]
# Files for standard output, so that no virtlogd is needed; no security drivers, which a build machine has not.
CONF = 'stdio_handler = "file"\nsecurity_driver = "none"\ncgroup_controllers = []\n'
TOOLS = ["libvirtd", "virsh", "qemu-system-x86_64", "qemu-img", "sfdisk", "mkfs.fat", "mcopy", "syslinux", "mke2fs",
         "unshare"]


class Daemon:
    """libvirtd in its own mount namespace; run() is for programs beside it."""

    def __init__(self, base):
        mounts = " && ".join(f"mount -t tmpfs none {place}" for place in PLACES if os.path.isdir(place))
        (base / "qemu.conf").write_text(CONF)
        self.log = open(base / "libvirtd.log", "wb")
        self.process = subprocess.Popen(
            ["unshare", "-m", "sh", "-ec", f"{mounts}; mkdir -p /etc/libvirt /run/libvirt /run/lock; "
             f"cp {base}/qemu.conf /etc/libvirt/; exec libvirtd"], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.base = base
        until = time.monotonic() + 60
        while self.virsh("uri") is None:
            assert time.monotonic() < until and self.process.poll() is None, (base / "libvirtd.log").read_text()
            time.sleep(0.2)

    def inside(self):
        return ["nsenter", f"--mount=/proc/{self.process.pid}/ns/mnt"]

    def virsh(self, *words):
        done = subprocess.run(self.inside() + ["virsh", "-c", "qemu:///system", *words], capture_output=True, text=True,
                              check=False, timeout=60)
        return done.stdout.strip() if done.returncode == 0 else None

    def machines(self):
        return self.virsh("list", "--all", "--name").split()

    def end(self):
        for name in self.machines() if self.process.poll() is None else []:
            self.virsh("destroy", name)
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


class Lab:
    def __init__(self, daemon, deploy, server, base, name, **more):
        self.work = base / name
        self.work.mkdir()
        self.lab = subprocess.Popen(
            daemon.inside() + [deploy, "libvirt", server, base / "image", self.work] + ACCOUNTS, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ, **more))
        line = self.lab.stdout.readline()
        if line == "":
            logs = [p.read_text(errors="replace") for p in self.work.glob("*.log")]
            reason, status = self.lab.stderr.read(), self.lab.wait()
            if status == SKIPPED and "no platform" in reason:
                sys.exit(SKIPPED)
            raise AssertionError((status, reason, logs, (base / "libvirtd.log").read_text()[-2000:]))
        self.facts = json.loads(line)

    def do(self, line):
        self.lab.stdin.write(line + "\n")
        self.lab.stdin.flush()
        answer = json.loads(self.lab.stdout.readline())
        assert "error" not in answer, (line, answer)
        print(line, {key: answer[key] for key in ("ms", "first_220_ms") if key in answer})

    def client(self, what, mark="-"):
        return subprocess.run(
            [sys.executable, HERE / "mail_client.py", what, self.facts["host"], str(self.facts["smtp"]),
             str(self.facts["pop3"]), mark], check=True, timeout=120, capture_output=True, text=True).stdout.split()

    def stop(self):
        _, errors = self.lab.communicate(timeout=90)
        assert self.lab.returncode == 0 and errors == "", (self.lab.returncode, errors)
        left = sorted(p.name for p in self.work.iterdir() if p.suffix != ".log")
        assert left == [], left


def check(daemon, deploy, server, base):
    first = Lab(daemon, deploy, server, base, "first")
    facts = first.facts["facts"]
    assert facts["uri"] == "qemu:///system" and re.match(r"libvirt \d+\.\d+\.\d+, QEMU \d", facts["version"]), facts
    assert first.facts["has_usage"] and first.facts["cpu_ns"] > 0 and first.facts["memory_bytes"] > 0, first.facts
    assert first.facts["flushes"] > 0, "libvirt counts the guest's flushes"
    assert {"spawn", "init", "network", "server", "banner", "ready"} <= set(first.facts["stages_ms"]), first.facts
    assert len(daemon.machines()) == 1
    first.lab.send_signal(signal.SIGKILL)
    first.lab.wait()
    orphans = daemon.machines()
    assert len(orphans) == 1, orphans
    second = Lab(daemon, deploy, server, base, "second", MAILVISOR_HARDWARE="format=qcow2")
    assert len(daemon.machines()) == 1 and daemon.machines() != orphans, "what the killed lab left is still there"
    second.client("post", "one")
    second.do("snapshot here")
    second.client("post", "two")
    assert second.client("list") == ["one", "two"]
    second.do("revert here")
    assert second.client("list") == ["one"]
    second.client("post", "three")
    second.do("cut")
    second.do("boot")
    assert second.client("list") == ["one", "three"]
    second.stop()
    assert daemon.machines() == [], daemon.machines()
    assert "state=off" in (second.work / "console.log").read_text(errors="replace"), "it did not end by itself"


def main():
    deploy, lab, server = map(os.path.abspath, sys.argv[1:])
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    missing = [t for t in TOOLS if shutil.which(t) is None]
    if os.geteuid() != 0 or missing:
        print(f"skipped: not root, or missing {missing}")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory(prefix="mailvisor-libvirt-") as directory:
        base = pathlib.Path(directory)
        subprocess.run([lab, "image", "build", "--out", base / "image", "--server", server], check=True, timeout=60,
                       stdout=subprocess.DEVNULL)
        daemon = Daemon(base)
        try:
            check(daemon, deploy, server, base)
        finally:
            daemon.end()


main()
