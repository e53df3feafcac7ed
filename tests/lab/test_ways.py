# SPDX-License-Identifier: MIT
"""How clients come: as another server, or as a user with STARTTLS or TLS and a password. Against the real server, on the bare
process; no time is asserted, only what happened.
"""
import csv
import json
import os
import pathlib
import re

import pytest

from test_lab import lab
from test_life import SERVER

WAYS = {
    "one": "submit = smtp",
    "user": "submit = plain",
    "later": "submit = starttls",
    "later-again": "submit = starttls\n resume = true",
    "first": "submit = tls",
    "first-resumed": "submit = tls\n resume = true",
}
IS_RESUMED, IS_FIRST = 128, 64


def run(folder, platforms, load="receive = idle", messages=6, check=True):
    conf = folder / "test.conf"
    cells = "".join(f"platform {label} {{\n driver = process\n {words}\n}}\n" for label, words in platforms.items())
    conf.write_text(f"name = ways\nsizes = {{2K}}\nblocks = 1\nmessages = {messages}\nwarmup = 2\nload {{ {load} }}\n"
                    f"rules {{ quiet_ms = 0\n steal_percent = 0\n canary_mad = 0\n reruns = 0 }}\n{cells}")
    done = lab("run", conf, "--out", folder / "out", "--work", folder, "--server", SERVER, check=check)
    return folder / "out", done


def rows_by_label(out):
    rows = {}
    for row in csv.DictReader((out / "samples.csv").open()):
        rows.setdefault(row["platform"], []).append(row)
    return rows


@pytest.mark.parametrize("load", ["receive = idle", "receive = pop3", "receive = idle\n idle_connections = 6"])
def test_mail_comes_by_every_door(tmp_path, load):
    out, _ = run(tmp_path, WAYS, load)
    rows = rows_by_label(out)
    assert set(rows) == set(WAYS)
    for label, words in WAYS.items():
        has_tls, is_user = "tls" in words, "smtp" not in words
        assert [row["outcome"] for row in rows[label]] == ["delivered"] * 8, label
        for at, row in enumerate(rows[label]):
            assert (int(row["tls_us"]) > 0) == has_tls and (int(row["login_us"]) > 0) == is_user
            assert bool(int(row["flags"]) & IS_FIRST) == (words.startswith("submit = tls"))
            # The first handshake has nothing to take up again.
            assert bool(int(row["flags"]) & IS_RESUMED) == ("resume" in words and at > 0), (label, at)
            first, second = ("start", "banner") if int(row["flags"]) & IS_FIRST else ("banner", "hello")
            assert int(row["tls_us"]) * 1000 <= int(row[second]) - int(row[first])


def test_the_handshake_is_a_stage(tmp_path):
    """In the trial's record, in the table, and in the picture of where the time goes; where nobody speaks TLS, nowhere."""
    out, _ = run(tmp_path, {"smtp": WAYS["one"], "tls": WAYS["first"]})
    stages = {}
    for path in out.glob("blocks/01/*/trial.json"):
        record = json.loads(path.read_text())
        stages[record["label"]] = [row["name"] for row in record["stages"] if row["by"] == "client"]
    assert "tls" in stages["tls"] and "login" in stages["tls"] and not {"tls", "login"} & set(stages["smtp"])
    report = (out / "report.md").read_text()
    assert re.search(r"\| connect \| tls \| hello \| login \| envelope", report)
    assert "**tls** is the handshake" in report and re.search(r">\s*tls\s*<", next(out.glob("figures/stages-*.svg")).read_text())
    plain = tmp_path / "plain"
    plain.mkdir()
    out, _ = run(plain, {"smtp": WAYS["one"]})
    assert re.search(r"\| connect \| hello \| envelope", (out / "report.md").read_text())


def test_what_cannot_be_is_said(tmp_path):
    for words, what in (("submit = imaps", "none of smtp, plain, starttls, tls"), ("resume = true", "'resume' belongs to"),
                        ('server = postfix\n set = {"host=a"}', "settings of Mailvisor, not of 'postfix'"),
                        ('set = {"host"}', 'is none like "trace.keep=0h"')):
        _, done = run(tmp_path, {"one": words}, check=False)
        assert done.returncode == 1 and what in done.stderr, done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="other servers need root")
def test_another_server_is_not_asked_for_tls(tmp_path):
    _, done = run(tmp_path, {"one": "submit = smtp", "two": "server = postfix\n submit = tls"})
    assert re.search(r"not measured: two.*: .*submit = smtp only", done.stdout)


def test_a_setting_is_a_factor(tmp_path):
    """The timeline is written or not, as the experiment `timeline` wants it; mail comes all the same."""
    out, _ = run(tmp_path, {"on": "", "off": 'set = {"log.level=warn", "trace.keep=0h"}'})
    for label, is_on in (("on", True), ("off", False)):
        [folder] = out.glob(f"blocks/01/*-{label}")
        text = "".join(p.read_text() for p in pathlib.Path(folder).glob("*.log"))
        assert ("ev=mail.stage" in text) == is_on
    assert (out / "experiment.conf").read_text().count('set = { "log.level=warn", "trace.keep=0h" }') == 1
    assert [len(rows) for rows in rows_by_label(out).values()] == [8, 8]


def test_a_plan_has_each_parts_effect(tmp_path):
    """Four cells, two parts at two levels: each part's effect over all of them, in the terminal and in the report."""
    out, done = run(tmp_path, {f"c{cpus}-{way}": f"cpus = {cpus}\n submit = {way}" for cpus in (1, 2)
                               for way in ("smtp", "plain")}, messages=3)
    for part in ("cpus = 2 instead of 1", "submit = plain instead of smtp"):
        assert re.search(rf"^  {part}: [0-9.]+ % (less|more) time, 1 block, p_Holm ", done.stdout, re.M), done.stdout
    report = (out / "report.md").read_text()
    assert "## What each part does" in report and re.search(r"\| submit \| smtp \| plain \| [0-9.]+ ", report)
