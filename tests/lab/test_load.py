# SPDX-License-Identifier: MIT
"""mailvisor-lab under other loads than the study's, against scripted servers: nothing is lost sight of, and a server's
stalls are not hidden by an instrument that waits politely. Times are only compared with what was scripted.
"""
import csv
import json
import re

import pytest

from test_lab import Fake, conf_of, lab, mails_of, password_of, run

OPEN = "model = open\n receive = idle\n rate = 60\n in_flight = 32"


def trial_of(out):
    [path] = out.glob("blocks/01/01-one/trial.json")
    return json.loads(path.read_text())


def rows_of(out):
    return [row for row in csv.DictReader((out / "samples.csv").open()) if int(row["flags"]) % 2 == 0]


MODELS = [
    OPEN,
    OPEN.replace("idle", "pop3"),
    OPEN.replace("open", '"partly-open"'),
    OPEN.replace("open", "bursty"),
    "concurrency = 4\n receive = idle",
    "receive = idle\n idle_connections = 12",
]


@pytest.mark.parametrize("load", MODELS, ids=[" ".join(m.split()) for m in MODELS])
def test_every_mail_comes_once(tmp_path, load):
    with Fake() as one:
        out, _ = run(tmp_path, {"one": one}, blocks=1, messages=20, load=load, message_deadline_ms=5000)
    mails = mails_of(out)
    assert mails["sent"] == mails["delivered"] == 82 and sum(mails.values()) == 164
    trial = trial_of(out)
    assert trial["load"]["receive"] in load or "receive" not in load
    assert {s["name"] for s in trial["stages"]} >= {"connect", "accept", "look", "fetch"}


FAULTS = [
    (["--drop", "7,9"], {"delivered": 80, "lost": 2}),
    (["--corrupt", "4"], {"delivered": 81, "corrupt": 1}),
    (["--duplicate", "5,6"], {"delivered": 82, "duplicated": 2}),
    (["--refuse", "8"], {"delivered": 81, "refused": 1}),
    (["--hang-up", "3"], {"delivered": 81, "broken": 1}),
    (["--stranger", "2"], {"delivered": 82, "strange": 1}),
    (["--late", "12:1.5"], {"delivered": 81, "late": 1}),
]


@pytest.mark.parametrize("options,wanted", FAULTS, ids=[f[0][0] for f in FAULTS])
def test_faults_are_counted(tmp_path, options, wanted):
    """What happens to one mail does not touch the others that are on their way with it."""
    with Fake(*options) as one:
        out, _ = run(tmp_path, {"one": one}, blocks=1, messages=20, load=OPEN)
    mails = mails_of(out)
    assert mails["sent"] == 82 and {key: mails[key] for key in wanted} == wanted


def test_stalls_are_not_hidden(tmp_path):
    """A server that stands still for 0.4 of every 2 seconds. A closed loop sends one mail into each stall and meets few;
    mails that are due at their own times meet it in a fifth of all cases, and wait a part of it."""
    slow = {}
    for name, load in (("open", OPEN), ("closed", "receive = idle")):
        with Fake("--freeze", "2:0.4") as one:
            folder = tmp_path / name
            folder.mkdir()
            out, _ = run(folder, {"one": one}, blocks=1, messages=75, load=load, message_deadline_ms=5000)
        # From the time a mail was due, in the open model; the closed one has none.
        start = (lambda row: 0) if name == "open" else (lambda row: int(row["start"]))
        times = [int(row["fetched"]) - start(row) for row in rows_of(out)]
        slow[name] = sum(t > 100_000_000 for t in times) / len(times)
    assert slow["open"] > 0.08 and slow["closed"] < slow["open"] / 2, slow


def test_a_sweep_finds_the_knee(tmp_path):
    """Each mail keeps one of four senders busy for 50 ms: 80 a second at most."""
    load = "model = sweep\n receive = idle\n rates = {20, 160}\n step_s = 3\n in_flight = 4\n slo_ms = 400"
    with Fake("--delay", "0.05") as one:
        out, done = run(tmp_path, {"one": one}, blocks=1, load=load, message_deadline_ms=20000)
    trial = trial_of(out)
    slow, fast = trial["load"]["steps"]
    assert slow["meets_slo"] and not fast["meets_slo"] and trial["load"]["knee"] == 20
    assert fast["backlog_per_s"] > 30 and trial["load"]["generator"]["waited_for_a_sender"] > 100
    assert trial["delivered"] == 2 + 3 * 180
    # The answer is that rate, in the terminal, its table and the report; not how long mails took over all rates.
    assert re.search(r"none lost and no growing backlog: one 20\.", done.stdout)
    assert re.search(r"one +20 .* met\n +160 .* not met\n", done.stdout) and "has the shortest times" not in done.stdout
    assert "sustains **20 mails a second**" in (out / "report.md").read_text()


def test_an_overload_drains(tmp_path):
    load = "model = overload\n receive = idle\n rate = 80\n in_flight = 4"
    with Fake("--delay", "0.05") as one:
        out, done = run(tmp_path, {"one": one}, blocks=1, messages=40, load=load, message_deadline_ms=20000)
    trial = trial_of(out)
    assert trial["delivered"] == 162 and trial["load"]["drain_ms"] >= 50
    assert [step["rate"] for step in trial["load"]["steps"]] == [96, 40]
    assert re.search(r"until all of its mails were there: one \S+ ms\.", done.stdout)
    assert "to catch up, ms" in (out / "report.md").read_text()


LINES = {
    "hmailserver": '"APPLICATION"\t5588\t"2020-03-03 12:34:37.916"\t"SMTPDeliverer - Message 1: Message delivery thread '
                   'completed."\r\n',
    "postfix": "Nov 23 09:06:39 mx postfix/lmtp[3]: MAIL: to=<alice@b.example>, relay=mx[dv/lmtp], delay=0.021, "
               "delays=0.011/0.0012/0.003/0.0054, dsn=2.0.0, status=sent (250 2.0.0 Saved)\n",
    "exim": "2026-11-23 09:05:28.688 MAIL => alice <alice@b.example> R=mailbox T=maildir QT=0.043s DT=0.008s\n",
    "dovecot": "2026-11-23 05:26:30.123456 lmtp(b)<1><x>: Info: msgid=<x>: saved mail to INBOX\n",
}


# What the lines above say by themselves, in milliseconds; the others name no lengths.
SPANS = {"postfix": {"receive": 11.0, "queue": 1.2, "connect": 3.0, "deliver": 5.4}, "exim": {"queue": 43.0, "deliver": 8.0}}


@pytest.mark.parametrize("server", LINES)
def test_a_log_tells(tmp_path, server):
    """Nobody looks into the mailbox: a line in the server's log is the end of a mail's way."""
    import threading

    log = tmp_path / "server.log"
    log.write_text("what was before does not count\n" + LINES[server])
    with Fake() as one:
        conf = conf_of(tmp_path, {"one": one}, blocks=1, load="receive = log", messages=3)
        conf.write_text(conf.read_text().replace(' control = false', f' server = {server}\n log = "{log}"'))
        done = threading.Event()

        def write():
            number = 0
            while not done.is_set():
                number += 1
                line = LINES[server].replace("MAIL", f"1xVPzM-{number:06d}-2D" if server == "exim" else f"{number:X}ABC")
                with log.open("a") as to:
                    half = len(line) // 2
                    to.write(line[:half])
                    to.flush()
                    done.wait(0.005)
                    to.write(line[half:])
                done.wait(0.02)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            lab("run", conf, "--out", tmp_path / "out", "--work", tmp_path, "--password-file", password_of(tmp_path))
        finally:
            done.set()
            writer.join()
    assert mails_of(tmp_path / "out")["delivered"] == 14
    assert (tmp_path / "out/blocks/01/01-one/timeline.log").exists()
    stages = {row["name"]: row["ms"] for row in trial_of(tmp_path / "out")["stages"] if row["by"] == "server"}
    assert SPANS.get(server, {}).keys() <= stages.keys(), stages
    for name, ms in SPANS.get(server, {}).items():
        assert abs(stages[name] - ms) < 0.01, stages


def test_a_disturbed_trial_is_run_again(tmp_path):
    """As the rules say: kept under another name, its place run once more, and no more often than that."""
    with Fake() as one:
        conf = conf_of(tmp_path, {"one": one}, blocks=2, messages=2, rules="quiet_ms = 0\n steal_percent = 0\n "
                       "canary_mad = 0\n reruns = 2")
        words = ["run", conf, "--out", tmp_path / "out", "--work", tmp_path, "--password-file", password_of(tmp_path)]
        lab(*words)
        trial = tmp_path / "out/blocks/01/01-one/trial.json"
        for reruns in range(4):
            record = json.loads(trial.read_text())
            assert record["reruns"] == min(reruns, 2)
            record["excluded"] = "somebody shook the table"
            trial.write_text(json.dumps(record))
            lab(*words)
    kept = sorted(path.name for path in (tmp_path / "out/blocks/01").iterdir())
    assert kept == ["01-one", "01-one.excluded-1", "01-one.excluded-2"]
    assert json.loads((tmp_path / "out/blocks/02/01-one/trial.json").read_text())["excluded"] == ""


def test_the_instrument_is_measured(tmp_path):
    with Fake() as one:
        out, done = run(tmp_path, {"one": one}, blocks=1, messages=1)
    floor = json.loads((out / "env/generator.json").read_text())
    assert "the instrument alone" in done.stderr
    assert all(0 < floor[kind]["median_ms"] <= floor[kind]["p99_ms"] for kind in ("pop3", "idle", "senders_8"))


def test_a_control_repeats_its_own_server(tmp_path):
    """Two servers on one platform: the control of the second is compared with the second."""
    with Fake() as one:
        conf = conf_of(tmp_path, {"first": one, "second": one, "second-again": one}, blocks=1, messages=1)
        text = conf.read_text()
        for label, server in (("first", "postfix"), ("second", "exim"), ("second-again", "exim")):
            text = text.replace(f"platform {label} {{", f"platform {label} {{\n server = {server}")
        conf.write_text(text)
        lab("run", conf, "--out", tmp_path / "out", "--work", tmp_path, "--password-file", password_of(tmp_path))
    noise = json.loads((tmp_path / "out/summary.json").read_text())["noise"]
    assert noise and all({row["a"], row["b"]} == {"second", "second-again"} for row in noise)
