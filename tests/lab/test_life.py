# SPDX-License-Identifier: MIT
"""A server's life: carried from platform to platform, cut off, backed up, asked for its durability. For real, as far as this
user may."""
import json
import os
import pathlib
import re
import subprocess

BUILD = os.environ.get("MAILVISOR_BUILD", "build/release")
LAB = str(pathlib.Path(os.environ.get("MAILVISOR_LAB", f"{BUILD}/lab/mailvisor-lab")).resolve())
SERVER = str(pathlib.Path(os.environ.get("MAILVISOR", f"{BUILD}/src/mailvisor")).resolve())


def lab(*words, status=0):
    done = subprocess.run([LAB, *map(str, words)], capture_output=True, text=True, timeout=300)
    assert done.returncode == status, done.stdout + done.stderr
    return done


def test_a_server_moves_with_its_mail(tmp_path):
    there_and_back = ["process", "container", "process"] if os.geteuid() == 0 else ["process", "process"]
    done = lab("move", *there_and_back, "--mails", 12, "--work", tmp_path, "--server", SERVER)
    moves = re.findall(r"(\d+) mails in \d+ mailboxes .* (\d+) the same, (\d+) missing, (\d+) altered, (\d+) renumbered, "
                       r"(\d+) relabelled, (\d+) extra", done.stdout)
    assert len(moves) == len(there_and_back) - 1
    for mails, same, *differences in moves:
        # What was copied, marked and removed over IMAP is more than what was sent.
        assert mails == same and int(mails) > 12 and differences == ["0"] * 5
    meanwhile = re.findall(r"(\d+) acknowledged, of which (\d+) lost, (\d+) altered, (\d+) twice", done.stdout)
    assert len(meanwhile) == len(moves)
    for acknowledged, *bad in meanwhile:
        assert int(acknowledged) >= 20 and bad == ["0"] * 3
    assert not list(tmp_path.iterdir()), "work folders stay behind"


def test_usage():
    assert "two platforms" in lab("move", "process", "--server", SERVER, status=2).stderr
    assert "no platform 'cloud'" in lab("move", "process", "cloud", "--server", SERVER, status=2).stderr
    assert "want a number" in lab("move", "process", "process", "--mails", "0", status=2).stderr
    assert "usage:" in lab("move", "--help").stdout
    assert "no trial 'cuts'" in lab("lifecycle", "--trials", "boot,cuts", status=2).stderr
    assert "1 to 64" in lab("consolidation", "--domains", "65", status=2).stderr
    assert "cache" in lab("durability", "--hardware", "cache=quick", status=2).stderr


def test_durability_is_asked_not_believed(tmp_path):
    """This machine's file system may be anything; but a class is named, with its reason."""
    done = lab("durability", "--platforms", "process", "--work", tmp_path, "--server", SERVER)
    [line] = done.stdout.splitlines()
    assert re.match(r"process +(honest|ignored|unknown) +\w.*; a mail \d+ us, a flush of this disk \d+ us", line)
    assert not list(tmp_path.iterdir())


def rows_of(out, section):
    document = json.loads((out / "sections" / f"{section}.json").read_text())
    return {(row["group"], row["name"]): row for row in document["readings"]}


def test_life(tmp_path):
    """kill -9 under load, and a backup under load: nothing that was acknowledged is lost, and the promises say so."""
    out, work = tmp_path / "out", tmp_path / "work"
    work.mkdir()
    lab("lifecycle", "--platforms", "process", "--trials", "boot,cut,snapshot,backup", "--repeats", 1, "--mails", 6,
        "--work", work, "--server", SERVER, "--out", out)
    life = rows_of(out, "21-lifecycle")
    for name in ("power cut: acknowledged mails lost", "power cut: older mails not as before",
                 "backup: mails missing in what was restored"):
        assert life["process", name]["values"] == [0], name
    assert life["process", "power cut: mails acknowledged"]["values"][0] >= 30
    assert "no snapshots" in life["process", "revert: mails not as at the snapshot"]["remark"]
    promises = {row["name"]: row["verdict"] for row in rows_of(out, "20-promises").values()}
    assert promises["back to a snapshot after a huge loss of data, on process"] == "not measured"
    assert promises["quick recovery from a disaster, on process"] == "holds"
    page = (out / "report.html").read_text()
    assert "quick recovery from a disaster, on process" in page and "does not hold" not in page
    assert (out / "21-lifecycle.csv").read_text().startswith("group,reading,unit,repeat,value\nprocess,")
    assert not list(work.iterdir()), "work folders stay behind"


def test_consolidation(tmp_path):
    out, work = tmp_path / "out", tmp_path / "work"
    work.mkdir()
    lab("consolidation", "--platforms", "process", "--domains", 2, "--seconds", 1, "--p95", 30000, "--work", work,
        "--server", SERVER, "--out", out)
    rows = rows_of(out, "30-consolidation")
    for how in ("one server for all", "a server for each"):
        assert rows["process", f"{how}: domains that fit"]["values"] == [2]
        # A second's mails do not carry a percentile.
        late = rows["process", f"{how}, 2 domains: 95 of 100 acknowledged within"]
        assert late["values"] == [] and " 0 failed" in late["remark"]
    assert not list(work.iterdir())


def test_an_objective_that_nobody_meets(tmp_path):
    out = tmp_path / "out"
    lab("consolidation", "--platforms", "process", "--domains", 2, "--seconds", 1, "--memory", 0.5, "--work", tmp_path, "--server",
        SERVER, "--out", out)
    assert rows_of(out, "30-consolidation")["process", "one server for all: domains that fit"]["values"] == [0]
