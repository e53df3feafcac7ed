# SPDX-License-Identifier: MIT
"""Another server in a virtual machine: the image of Postfix and Dovecot boots under software emulation, its PID 1 starts both,
mail goes in and comes out by IDLE, each once and whole, and its log's stages are in the record.

    other_server_test.py MAILVISOR_LAB MAILVISOR
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
CONF = """name = other
sizes = {2K, 20K}
blocks = 1
messages = 4
warmup = 2
deploy_deadline_ms = 400000
message_deadline_ms = 120000
load { receive = idle }
rules { quiet_ms = 0
 steal_percent = 0
 canary_mad = 0
 reruns = 0 }
platform other { driver = tcg
 server = postfix }
"""


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def main(lab, server):
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    if os.geteuid() != 0:
        skip("the lab's own network needs root")
    for program in ("postfix", "dovecot", "qemu-system-x86_64", "mke2fs"):
        if shutil.which(program) is None:
            skip(f"there is no {program}")
    with tempfile.TemporaryDirectory(prefix="mailvisor-other-", dir="/var/tmp") as name:
        work = pathlib.Path(name)
        conf, out = work / "other.conf", work / "out"
        conf.write_text(CONF)
        done = subprocess.run([lab, "run", conf, "--out", out, "--work", work, "--server", server], capture_output=True,
                              text=True, timeout=800, check=False)
        record = json.loads(next(out.glob("blocks/01/*/trial.json")).read_text())
        logs = "\n".join(p.read_text(errors="replace") for p in out.glob("blocks/01/*/*.log"))
        assert done.returncode == 0 and record["is_measured"], done.stdout + done.stderr + logs
        # Every mail once, with the right hash: each record says so, and nothing came twice or from elsewhere.
        assert record["sent"] == record["delivered"] == 10 and record["duplicated"] == record["strange"] == 0, record
        facts = record["facts"]
        assert facts["server"] == "Postfix and Dovecot" and facts["mail_store"].startswith("sdbox, mail_fsync = always")
        assert facts["server_durability"].startswith("synced") and facts["accelerator"] == "tcg"
        assert "log=port" in logs and "program=/usr/lib/postfix/sbin/master" in logs and "state=died" not in logs, logs
        stages = {row["name"] for row in record["stages"] if row["by"] == "server"}
        assert "deliver" in stages, record["stages"]
        manifest = json.loads((out / "image/postfix/image.json").read_text())
        assert manifest["server"] == "postfix" and "usr/bin/mailvisor" not in manifest["files"]
        # Asked to end; a busy emulated machine may be ended before both servers are done.
        assert "state=stopping" in logs, logs[-2000:]
    print("Postfix and Dovecot in a machine of their own: 10 mails, each once")


main(*(str(pathlib.Path(word).resolve()) for word in sys.argv[1:3]))
