# SPDX-License-Identifier: MIT
"""A lab that is killed with SIGKILL leaves nothing that the next command does not remove: on each platform, in each phase."""
import glob
import os
import pathlib
import signal
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MAILVISOR_BUILD", ROOT / "build/check"))
LAB = BUILD / "lab/mailvisor-lab"
SERVER = os.environ.get("MAILVISOR", str(BUILD / "src/mailvisor"))
# What has just come into being when the lab is killed; below its own folder of questions, and below a deployment's.
PHASES = {
    "begin": "mvlab-*",
    "probe": "mvlab-*/probe",
    "deployment": "mvlab-*/console.log",
    "server": "mvlab-*/data*",
    "serving": "mvlab-*/flush.probe",  # what durability writes while it sends mail
}
END_WAIT_S = 10


def places(pid):
    """What a lab has in places of the machine."""
    names = [f"{place}/mailvisor-lab-*-{pid}-*" for place in ("/sys/fs/cgroup", "/sys/fs/cgroup/*", "/run")]
    return [path for name in names + [f"/tmp/mailvisor-probe-*-{pid}-*"] for path in glob.glob(name)]


def processes(work):
    """Whose words name the work folder, or who stand in it."""
    found = []
    for path in glob.glob("/proc/[0-9]*"):
        try:
            words = pathlib.Path(path, "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(work) in words and int(path[6:]) != os.getpid():
            found.append(words)
    return found


def clean(work):
    return subprocess.run([LAB, "clean", "--work", str(work), "--server", SERVER], check=True, timeout=60, capture_output=True,
                          text=True).stdout


def killed_at(work, platform, phase):
    """The killed lab's pid; None: it was done before the phase was seen."""
    process = subprocess.Popen([LAB, "durability", "--platforms", platform, "--work", str(work), "--server", SERVER],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while process.poll() is None and not list(work.glob(phase)):
        assert time.monotonic() < deadline
        time.sleep(0.001)
    was_alive = process.poll() is None
    process.send_signal(signal.SIGKILL)
    _, errors = process.communicate(timeout=30)
    if not was_alive and "does not run here" in errors:
        pytest.skip(errors.strip().splitlines()[-1])
    return process.pid if was_alive else None


@pytest.mark.skipif(os.geteuid() != 0, reason="not root: no namespaces, no cgroups")
@pytest.mark.parametrize("platform", ["process", "container", "uml", "tcg"])
def test_nothing_is_left(tmp_path, platform):
    met = 0
    for name, phase in PHASES.items():
        work = tmp_path / name
        work.mkdir()
        pid = killed_at(work, platform, phase)
        if pid is None:
            continue
        met += 1
        assert list(work.glob("mvlab-*")), name
        said = clean(work)
        assert f"removed: the folder '{work}/mvlab-" in said, (name, said)
        assert not list(work.iterdir()), (name, list(work.iterdir()))
        assert not places(pid), (name, places(pid))
        deadline = time.monotonic() + END_WAIT_S
        while processes(work) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not processes(work), (name, processes(work))
        assert str(work) not in pathlib.Path("/proc/self/mountinfo").read_text()
        assert "no lab that is gone left anything" in clean(work)
    assert met >= 3, "most phases were met alive"


def test_others_are_left_alone(tmp_path):
    """A lab that lives, another machine's, another user's, a link, and what only looks alike."""
    gone = subprocess.Popen([LAB, "durability", "--platforms", "process", "--work", str(tmp_path), "--server", SERVER],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while gone.poll() is None and not list(tmp_path.glob("mvlab-*")):
        time.sleep(0.001)
    gone.kill()
    gone.wait()
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left, "it left nothing"
    _, place, pid, start, _ = left[0].split("-")
    assert int(pid) == gone.pid
    elsewhere = f"{(int(place[0], 16) + 1) % 16:x}{place[1:]}"
    with open("/proc/self/stat", encoding="ascii") as stat:
        own = stat.read().rsplit(")", 1)[1].split()[19]
    kept = [f"mvlab-{elsewhere}-{pid}-{start}-aaaaaa", f"mvlab-{place}-{os.getpid()}-{own}-aaaaaa", "mvlab-aaaaaa", "mvlab-"]
    for name in kept + [f"mvlab-{place}-{pid}-{start}-open"]:
        (tmp_path / name).mkdir()
    (tmp_path / f"mvlab-{place}-{pid}-{start}-open").chmod(0o777)
    target = tmp_path / "target"
    target.mkdir()
    (tmp_path / f"mvlab-{place}-{pid}-{start}-link").symlink_to(target)
    said = clean(tmp_path)
    assert said.count("the folder '" + str(tmp_path)) == len(left), said
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        kept + ["target", f"mvlab-{place}-{pid}-{start}-open", f"mvlab-{place}-{pid}-{start}-link"])


def test_the_next_command_cleans_up(tmp_path):
    first = subprocess.Popen([LAB, "durability", "--platforms", "process", "--work", str(tmp_path), "--server", SERVER],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while first.poll() is None and not list(tmp_path.glob("mvlab-*")):
        time.sleep(0.001)
    first.kill()
    first.wait()
    left = list(tmp_path.glob("mvlab-*"))
    done = subprocess.run([LAB, "plan", "paper", "--platforms", "process", "--work", str(tmp_path), "--server", SERVER],
                          check=True, timeout=60, capture_output=True, text=True)
    assert left and all(f"removed what a killed lab left: the folder '{path}'" in done.stderr for path in left), done.stderr
    assert not list(tmp_path.iterdir())
