# SPDX-License-Identifier: MIT
"""One platform through the lab's own driver: deployed, a mail sent and read, limits where it has some, and nothing
left behind, neither after a stop nor after kill -9 of the lab.

    deploy_test.py PLATFORM DEPLOY MAILVISOR_LAB MAILVISOR
"""
import glob
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
ACCOUNTS = ["alice@a.example", "secret-of-alice", "bob@b.example", "secret-of-bob"]


def children(pid):
    out = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False).stdout
    found = [int(word) for word in out.split()]
    return found + [grandchild for child in found for grandchild in children(child)]


def alive(pids):
    """A zombie is dead, and waits for somebody else's wait()."""
    def is_alive(pid):
        try:
            return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
        except OSError:
            return False
    return [pid for pid in pids if is_alive(pid)]


def groups(lab):
    """What a deployment has in places of the machine: its cgroup, and User-mode Linux its directory."""
    return [path for place in ("/sys/fs/cgroup", "/sys/fs/cgroup/*", "/run")
            for path in glob.glob(f"{place}/mailvisor-lab-*-{lab}-*")]


class Deployment:
    def __init__(self, platform, deploy, server, image, work):
        work.mkdir()
        self.lab = subprocess.Popen([deploy, platform, server, image, work] + ACCOUNTS, stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.work = work
        line = self.lab.stdout.readline()
        if line == "":
            reason = self.lab.stderr.read().strip()
            status = self.lab.wait()
            if status == SKIPPED:
                print(f"skipped: {reason}")
                sys.exit(SKIPPED)
            logs = "\n".join(p.read_text(errors="replace") for p in work.glob("*.log"))
            raise AssertionError(f"status {status}: {reason}\n{logs}")
        self.facts = json.loads(line)
        self.processes = children(self.lab.pid)

    def mail(self, mark):
        inside = [] if os.geteuid() != 0 else ["nsenter", f"--net=/proc/{self.lab.pid}/ns/net"]
        subprocess.run(inside + [sys.executable, HERE / "mail_client.py", "send", self.facts["host"],
                                 str(self.facts["smtp"]), str(self.facts["pop3"]), mark], check=True, timeout=60)

    def gone(self, wait_s):
        until = time.monotonic() + wait_s
        while (alive(self.processes) or groups(self.lab.pid)) and time.monotonic() < until:
            time.sleep(0.05)
        assert alive(self.processes) == [], "processes are left"
        assert groups(self.lab.pid) == [], groups(self.lab.pid)

    def stop(self):
        _, errors = self.lab.communicate(timeout=60)
        assert self.lab.returncode == 0 and errors == "", errors
        left = sorted(p.name for p in self.work.iterdir() if p.suffix != ".log")
        assert left == [], left
        self.gone(1)


def check_container(d):
    """The limits are the kernel's, and the server sees its own world only."""
    facts, server = d.facts["facts"], None
    assert facts["limits_in_kernel"]["memory"] == str(512 << 20), facts
    assert facts["limits_in_kernel"]["cpu"].split()[0] == "200000", facts
    for pid in d.processes:
        if os.readlink(f"/proc/{pid}/exe") == "/usr/bin/mailvisor":
            server = pid
    assert server is not None, "no process runs the container's server"
    status = pathlib.Path(f"/proc/{server}/status").read_text()
    assert "NSpid:\t" in status and status.split("NSpid:\t")[1].splitlines()[0].split()[-1] == "1", "not PID 1 inside"
    assert "Uid:\t993" in status, "not the unprivileged user"
    inside = subprocess.run(["nsenter", "-t", str(server), "-m", "-n", "--", "/usr/bin/mailvisor", "version"],
                            capture_output=True, text=True, check=False)
    assert inside.returncode == 0, inside
    own = f"/proc/{server}/root/sys/fs/cgroup"
    for path, value in ((own + "/memory/memory.limit_in_bytes", str(512 << 20)), (own + "/memory.max", str(512 << 20))):
        if os.path.exists(path):
            assert pathlib.Path(path).read_text().strip() == value, path
            return
    raise AssertionError("the limits cannot be seen from inside")


def check_uml(d):
    """What it is, and that no write is said to be done before it is on the disk."""
    facts = d.facts["facts"]
    assert facts["limits"]["processors"] == 1 and facts["limits"]["processors_wanted"] == 2, facts
    assert facts["flushes_until_ready"] > 0 and len(facts["kernel_sha256"]) == 64, facts
    flags = [int(re.search(r"flags:\t(\d+)", pathlib.Path(fd.replace("/fd/", "/fdinfo/")).read_text())[1], 8)
             for pid in d.processes for fd in glob.glob(f"/proc/{pid}/fd/*") if os.path.realpath(fd).endswith("/data.disk")]
    assert flags != [] and all(flag & os.O_SYNC == os.O_SYNC for flag in flags), flags
    assert facts["guest_kernel"] == d.facts["describe"]["user_mode_linux"], d.facts


def check_uml_end(d):
    """It ended by itself, and the server's log is a file here."""
    assert "state=off" in (d.work / "console.log").read_text(), "the guest did not end by itself"
    log = (d.work / "server.log").read_text()
    assert "ev=serve.ready" in log and "ev=mail.stage" in log and "\r" not in log, log


def main():
    platform, deploy, lab, server = sys.argv[1:]
    if os.geteuid() != 0:
        print("skipped: not root (network namespaces, cgroups, runc)")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory(prefix="mailvisor-deploy-") as directory:
        base = pathlib.Path(directory)
        image = base / "image"
        if platform in ("uml", "tcg", "kvm"):
            subprocess.run([lab, "image", "build", "--out", image, "--server", server], check=True, timeout=60)
        for pid in (1, 2):  # the second one shows that the first left its place
            d = Deployment(platform, deploy, server, image, base / f"work{pid}")
            print(json.dumps({key: d.facts[key] for key in ("first_220_ms", "stages_ms", "memory_bytes", "cpu_ns")}))
            assert d.facts["has_usage"] and d.facts["cpu_ns"] > 0 and d.facts["memory_bytes"] > 0
            d.mail(f"mark-{platform}-{pid}")
            if platform == "container":
                check_container(d)
            if platform == "uml":
                check_uml(d)
            if pid == 1:
                d.stop()
                if platform == "uml":
                    check_uml_end(d)
                continue
            d.lab.send_signal(signal.SIGKILL)
            d.lab.wait()
            d.gone(20)


main()
