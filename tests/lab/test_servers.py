# SPDX-License-Identifier: MIT
"""The servers that are not ours, for real: as a process and in a container, where their packages are there.

MAILVISOR_PACKAGES may name a folder with more of them, unpacked by dpkg -x. Needs root. What is not installed must be
said; what is must deliver every mail.
"""
import json
import os
import pathlib
import subprocess

import pytest

from test_lab import BUILD, lab, mails_of

SERVER = os.environ.get("MAILVISOR", f"{BUILD}/src/mailvisor")
PACKAGES = os.environ.get("MAILVISOR_PACKAGES", "")
PROGRAMS = {
    "postfix": ["usr/sbin/postfix", "usr/sbin/dovecot", "usr/lib/dovecot/lmtp"],
    "exim": ["usr/sbin/exim4", "usr/sbin/dovecot"],
    "opensmtpd": ["usr/sbin/smtpd", "usr/sbin/dovecot"],
}

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="users and namespaces need root")


def is_there(server):
    roots = ["/"] + ([PACKAGES] if PACKAGES else [])
    return all(any((pathlib.Path(root) / program).exists() for root in roots) for program in PROGRAMS[server])


def conf_of(folder, platform, load=""):
    path = folder / "servers.conf"
    path.write_text(f'name = "servers"\nblocks = 1\nmessages = 3\nwarmup = 2\nplatform {platform} {{\n}}\n{load}\n'
                    'rules { quiet_ms = 0\n steal_percent = 0\n canary_mad = 0\n reruns = 0 }\n')
    return path


def words(folder, conf, servers):
    packages = ["--packages", PACKAGES] if PACKAGES else []
    return ["run", conf, "--servers", servers, *packages, "--server", SERVER, "--work", folder, "--out", folder / "out"]


@pytest.mark.parametrize("platform", ["process", "container"])
@pytest.mark.parametrize("server", PROGRAMS)
def test_every_mail_is_delivered(tmp_path, server, platform):
    if not is_there(server):
        pytest.skip(f"{server} is not installed")
    if platform == "container" and subprocess.call(["which", "runc"], stdout=subprocess.DEVNULL):
        pytest.skip("runc is not installed")
    tmp_path.chmod(0o755)
    lab(*words(tmp_path, conf_of(tmp_path, platform, "load { receive = idle\n concurrency = 2 }"), server))
    assert mails_of(tmp_path / "out", f"{platform}-{server}")["delivered"] == 14
    [trial] = (tmp_path / "out").glob("blocks/01/*/trial.json")
    record = json.loads(trial.read_text())
    facts = record["facts"]
    assert facts["server_durability"].startswith("synced") and facts["dovecot"] and facts[server]
    assert record["cpu_ms_per_mail"] > 0 and record["memory_mib"] > 0
    if server != "opensmtpd":  # its log has whole seconds only
        assert {s["name"] for s in record["stages"] if s["by"] == "server"} >= {"queue", "deliver"}
    # Nothing is left: no process in a group of this lab, nothing mounted, no work folder.
    assert not list(tmp_path.glob("mvlab-*"))
    assert str(tmp_path) not in pathlib.Path("/proc/self/mounts").read_text()


def test_what_is_missing_is_said(tmp_path):
    done = lab(*words(tmp_path, conf_of(tmp_path, "process"), "mailvisor,hmailserver,exim"), check=False)
    assert "process-hmailserver: hMailServer is measured where it runs, as external" in done.stderr
    if not is_there("exim"):
        assert "process-exim: exim4-daemon-light is not installed" in done.stderr
    assert mails_of(tmp_path / "out", "process")["delivered"] == 14
