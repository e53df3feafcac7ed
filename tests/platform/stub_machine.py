# SPDX-License-Identifier: MIT
"""What the two stubs share: their state (a file of JSON) and the machines, which are QEMUs with the devices that the
hypervisor would show. So the driver under test and the image it boots are real; only the hypervisor is not."""
import contextlib
import fcntl
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

STATE = pathlib.Path(os.environ["STUB_STATE"])


@contextlib.contextmanager
def state():
    """The state, locked and written back; calls are noted in it."""
    with open(STATE / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        path = STATE / "state.json"
        kept = json.loads(path.read_text()) if path.exists() else {"machines": {}, "calls": []}
        kept["calls"].append(sys.argv[1:])
        try:
            yield kept
        finally:
            path.write_text(json.dumps(kept, indent=1))


def fails(verb):
    return os.environ.get("STUB_FAILS") == verb


def is_running(machine):
    pid = machine.get("pid", 0)
    try:
        return pid > 0 and pathlib.Path(f"/proc/{pid}/cmdline").read_text() != ""
    except OSError:
        return False


def start(machine, program, ident, words):
    """A QEMU that is called like the hypervisor's process and has `ident` among its words."""
    link = STATE / program
    if not link.exists():
        link.symlink_to("/usr/bin/qemu-system-x86_64")
    monitor = STATE / f"monitor-{len(list(STATE.glob('monitor-*')))}"
    with open(STATE / "qemu.log", "ab") as log:
        qemu = subprocess.Popen(
            [link, "-name", f"stub,debug-threads=off,guest={ident}", "-accel", "tcg", "-nodefaults", "-no-user-config",
             "-no-reboot", "-display", "none", "-qmp", f"unix:{monitor},server=on,wait=off"] + words,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    machine["pid"], machine["monitor"] = qemu.pid, str(monitor)
    time.sleep(0.3)
    assert qemu.poll() is None, (STATE / "qemu.log").read_text()


def command(machine, *verbs):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(machine["monitor"])
        with s.makefile("rw") as f:
            f.readline()
            for verb in ("qmp_capabilities",) + verbs:
                f.write(json.dumps({"execute": verb}) + "\n")
                f.flush()
                while "event" in json.loads(f.readline()):
                    continue


def press_button(machine):
    command(machine, "system_powerdown")


def disks_keep(machine, name, paths):
    """A snapshot of the disks alone, of a machine that stands still meanwhile: it starts from them as after a power cut."""
    command(machine, "stop")
    for number, path in enumerate(paths):
        shutil.copyfile(path, STATE / f"snapshot-{name}-{number}")
    command(machine, "cont")
    machine.setdefault("snapshots", []).append(name)


def disks_back(machine, name, paths):
    for number, path in enumerate(paths):
        shutil.copyfile(STATE / f"snapshot-{name}-{number}", path)


def kill(machine):
    os.kill(machine["pid"], signal.SIGKILL)
    until = time.monotonic() + 5
    while is_running(machine) and time.monotonic() < until:
        time.sleep(0.02)
