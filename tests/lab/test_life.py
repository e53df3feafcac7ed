# SPDX-License-Identifier: MIT
"""A server's life: carried from platform to platform, asked for its durability. For real, as far as this user may."""
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


def test_usage(tmp_path):
    assert "two platforms" in lab("move", "process", "--work", tmp_path, status=2).stderr
    assert "no platform 'cloud'" in lab("move", "process", "cloud", "--work", tmp_path, status=2).stderr
    assert "want a number" in lab("move", "process", "process", "--mails", "0", status=2).stderr
    assert "usage:" in lab("move", "--help").stdout


def test_durability_is_asked_not_believed(tmp_path):
    """This machine's file system may be anything; but a class is named, with its reason."""
    done = lab("durability", "process", "--work", tmp_path, "--server", SERVER)
    [line] = done.stdout.splitlines()
    assert re.match(r"process +(honest|ignored|unknown) +\w.*; a mail \d+ us, a flush of this disk \d+ us", line)
    assert not list(tmp_path.iterdir())
