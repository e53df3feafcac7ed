# SPDX-License-Identifier: MIT
"""What a virtual machine can do beside serving, through the lab's driver: snapshot and revert, live migration, a power
cut, a saved state and a start from it. After each the mailbox holds exactly what it must.

    states_test.py PLATFORM DEPLOY MAILVISOR_LAB MAILVISOR
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
ACCOUNTS = ["alice@a.example", "secret-of-alice", "bob@b.example", "secret-of-bob"]


class Machine:
    def __init__(self, platform, deploy, server, base, **more):
        self.work = base / "work"
        self.work.mkdir()
        self.lab = subprocess.Popen(
            [deploy, platform, server, base / "image", self.work] + ACCOUNTS, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env=dict(os.environ, **more))
        line = self.lab.stdout.readline()
        if line == "":
            reason, status = self.lab.stderr.read().strip(), self.lab.wait()
            if status == SKIPPED:
                print(f"skipped: {reason}")
                sys.exit(SKIPPED)
            raise AssertionError(f"status {status}: {reason}\n" + self.logs())
        self.facts = json.loads(line)

    def logs(self):
        return "\n".join(p.read_text(errors="replace") for p in self.work.glob("*.log"))

    def ask(self, line):
        self.lab.stdin.write(line + "\n")
        self.lab.stdin.flush()
        said = self.lab.stdout.readline()
        assert said != "", f"{line}: {self.lab.stderr.read()}"
        return json.loads(said)

    def do(self, line):
        answer = self.ask(line)
        assert "error" not in answer, (line, answer, self.logs())
        print(line.split()[0], {k: answer[k] for k in ("ms", "paused_ns", "bytes", "first_220_ms", "stages_ms") if k in answer})
        return answer

    def refused(self, line, words):
        answer = self.ask(line)
        assert words in answer.get("error", ""), (line, answer)

    def client(self, what, mark="-"):
        return subprocess.run(
            ["nsenter", f"--net=/proc/{self.lab.pid}/ns/net", sys.executable, HERE / "mail_client.py", what,
             self.facts["host"], str(self.facts["smtp"]), str(self.facts["pop3"]), mark],
            check=True, timeout=90, capture_output=True, text=True).stdout.split()

    def post(self, *marks):
        for mark in marks:
            self.client("post", mark)

    def holds(self, *marks):
        found = self.client("list")
        assert found == list(marks), (found, marks)

    def machines(self):
        """QEMUs below the lab."""
        found, todo = [], [self.lab.pid]
        while todo:
            out = subprocess.run(["ps", "-o", "pid=,comm=", "--ppid", str(todo.pop())], capture_output=True, text=True, check=False)
            for line in out.stdout.splitlines():
                pid, comm = line.split(None, 1)
                todo.append(int(pid))
                found += [int(pid)] if comm.startswith("qemu") else []
        return found

    def stop(self):
        _, errors = self.lab.communicate(timeout=90)
        assert self.lab.returncode == 0 and errors == "", (self.lab.returncode, errors)
        left = sorted(p.name for p in self.work.iterdir() if p.suffix != ".log")
        assert left == [], left


def check_snapshot(machine):
    machine.post("first")
    span = machine.do("snapshot one")
    assert 0 < span["paused_ns"] <= span["ms"] * 1e6 and span["bytes"] > 1 << 20, span
    machine.post("second")
    machine.holds("first", "second")
    machine.do("revert one")
    machine.holds("first")
    machine.post("third")
    machine.do("snapshot one")
    machine.refused("snapshot a/b", "letters and digits")
    machine.refused("revert two", "QEMU says")
    machine.holds("first", "third")


def check_migrate(machine):
    for number in (1, 2):  # there and back
        before = machine.machines()
        span = machine.do("migrate")
        after = machine.machines()
        assert len(before) == len(after) == 1 and before != after, (before, after)
        assert span["paused_ns"] > 0 and span["bytes"] > 1 << 20, span
        machine.post(f"moved-{number}")
    machine.holds("first", "third", "moved-1", "moved-2")


def check_power_cut(machine):
    machine.post("last")
    machine.do("cut")
    assert machine.machines() == []
    machine.refused("snapshot one", "not running")
    machine.do("boot")
    machine.refused("boot", "is running")
    machine.holds("first", "third", "moved-1", "moved-2", "last")
    machine.do("revert one")  # the snapshot lives in the disk
    machine.holds("first", "third")


def check_saved(machine, base):
    saved = base / "saved"
    saved.mkdir()
    host = machine.facts["host"]
    machine.do(f"save {saved}")
    assert machine.machines() == [] and sorted(p.name for p in saved.iterdir()) == ["data.disk", "machine.json", "state"]
    for number in (1, 2):  # twice from the same
        machine.facts = machine.do(f"restore {saved}")
        assert machine.facts["host"] == host
        machine.holds("first", "third")
        machine.post(f"restored-{number}")
        machine.holds("first", "third", f"restored-{number}")
    about = json.loads((saved / "machine.json").read_text())
    print(f"{sum(p.stat().st_blocks for p in saved.iterdir()) * 512 >> 20} MiB saved")
    # A saved machine is not put into another one.
    (saved / "machine.json").write_text(json.dumps(dict(about, processors=7)))
    machine.refused(f"restore {saved}", "with 7 processors")


def main():
    platform, deploy, lab, server = sys.argv[1:]
    if os.geteuid() != 0:
        print("skipped: not root (network namespaces, taps)")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory(prefix="mailvisor-states-") as directory:
        base = pathlib.Path(directory)
        subprocess.run([lab, "image", "build", "--out", base / "image", "--server", server], check=True, timeout=60,
                       stdout=subprocess.DEVNULL)
        machine = Machine(platform, deploy, server, base, MAILVISOR_HARDWARE="format=qcow2", MAILVISOR_MEMORY="256")
        check_snapshot(machine)
        check_migrate(machine)
        check_power_cut(machine)
        check_saved(machine, base)
        machine.stop()


main()
