# SPDX-License-Identifier: MIT
"""mailvisor-lab as a whole, against scripted servers: what it counts, what it says, how it goes on after a kill.

MAILVISOR_LAB names the program, or MAILVISOR_BUILD the build directory. No test asserts a speed; delays
are only compared with what was scripted.
"""
import csv
import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import pytest

BUILD = os.environ.get("MAILVISOR_BUILD", "build/release")
LAB = str(pathlib.Path(os.environ.get("MAILVISOR_LAB", f"{BUILD}/lab/mailvisor-lab")).resolve())
FAKE = pathlib.Path(__file__).with_name("fake_server.py")


class Fake:
    """A scripted server that lives as long as the `with` block."""

    def __init__(self, *options):
        self.options = options

    def __enter__(self):
        self.process = subprocess.Popen([sys.executable, str(FAKE), *self.options], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.place = "127.0.0.1:" + ":".join(self.process.stdout.readline().split())
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


def lab(*words, check=True):
    done = subprocess.run([LAB, *map(str, words)], capture_output=True, text=True, timeout=120)
    if check:
        assert done.returncode == 0, done.stderr
    return done


def password_of(folder):
    path = folder / "password"
    path.write_text("secret\n")
    return path


def conf_of(folder, servers, **keys):
    """An experiment file; servers is {label: Fake} in order."""
    keys = {"blocks": 2, "messages": 5, "warmup": 2, "message_deadline_ms": 1000, "deploy_deadline_ms": 2000, **keys}
    rules = keys.pop("rules", "quiet_ms = 0\n steal_percent = 0\n canary_mad = 0\n reruns = 0")
    load = keys.pop("load", None)
    lines = ['name = "test"'] + [f"{key} = {value}" for key, value in keys.items()] + [f"rules {{ {rules} }}"]
    if load:
        lines.append(f"load {{ {load} }}")
    for label, server in servers.items():
        control = "true" if label.endswith("-again") else "false"
        lines.append(f'platform {label} {{\n driver = "external:{server.place}"\n control = {control}\n}}')
    path = folder / "test.conf"
    path.write_text("\n".join(lines) + "\n")
    return path


def run(folder, servers, check=True, **keys):
    out = folder / "out"
    done = lab("run", conf_of(folder, servers, **keys), "--out", out, "--work", folder, "--password-file",
               password_of(folder), check=check)
    return out, done


def summary_of(out):
    return json.loads((out / "summary.json").read_text())


def mails_of(out, label="one"):
    [platform] = [p for p in summary_of(out)["platforms"] if p["label"] == label]
    return platform["mails"]


def digests(out, *names):
    names = names or ("report.html", "report.md", "summary.json", "results.csv", "comparisons.csv", "trials.csv", "factors.csv",
                      "samples.csv", *sorted(str(p.relative_to(out)) for p in out.glob("figures/*.svg")))
    return [(str(name), hashlib.sha256((out / name).read_bytes()).hexdigest()) for name in names]


def test_all_is_well(tmp_path):
    with Fake() as one:
        out, done = run(tmp_path, {"one": one})
    mails = mails_of(out)
    assert mails["sent"] == mails["delivered"] == 2 * (4 * 5 + 2)
    assert sum(mails.values()) == 2 * mails["sent"]
    assert done.stdout.rstrip().splitlines()[-1] == f"{out}/report.html"
    rows = list(csv.DictReader((out / "samples.csv").open()))
    assert len(rows) == mails["sent"] and {r["outcome"] for r in rows} == {"delivered"}
    points = ["start", "banner", "hello", "mail", "rcpt", "data", "sent", "accepted", "seen", "fetched"]
    for row in rows:
        times = [int(row[p]) for p in points]
        assert times == sorted(times)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "password", "test.conf"], "work folders stay behind"


FAULTS = [
    # options, what the counts must be (of 22 mails)
    (["--drop", "7,9"], {"delivered": 20, "lost": 2}),
    (["--corrupt", "4"], {"delivered": 21, "corrupt": 1}),
    (["--truncate", "11"], {"delivered": 21, "corrupt": 1}),
    (["--duplicate", "5,6"], {"delivered": 22, "duplicated": 2}),
    (["--refuse", "8"], {"delivered": 21, "refused": 1}),
    (["--hang-up", "3"], {"delivered": 21, "broken": 1}),
    (["--stranger", "2"], {"delivered": 22, "strange": 1}),
]


@pytest.mark.parametrize("options,wanted", FAULTS, ids=[f[0][0] for f in FAULTS])
def test_faults_are_counted(tmp_path, options, wanted):
    with Fake(*options) as one:
        out, _ = run(tmp_path, {"one": one}, blocks=1)
    mails = mails_of(out)
    assert mails["sent"] == 22
    assert {key: mails[key] for key in wanted} == wanted
    exact = wanted["delivered"] - wanted.get("duplicated", 0)
    assert f"22 mails, {exact} of them delivered exactly once" in (out / "report.html").read_text()
    if "lost" in wanted:
        # Unfinished mails are in the samples, without an end, and in the report.
        rows = list(csv.DictReader((out / "samples.csv").open()))
        assert sum(r["outcome"] == "lost" and r["fetched"] == "" for r in rows) == 2


def test_a_late_mail_is_lost_and_named_late(tmp_path):
    """Lost when it was due, late when it comes with a later one; it gets no latency."""
    with Fake("--late", "6:1.4") as one:
        out, _ = run(tmp_path, {"one": one}, blocks=1)
    mails = mails_of(out)
    assert mails["lost"] == 1 and mails["late"] == 1 and mails["duplicated"] == 0
    rows = [r for r in csv.DictReader((out / "samples.csv").open()) if r["sequence"] == "6"]
    assert rows[0]["outcome"] == "lost" and int(rows[0]["flags"]) & 4


def test_nothing_delivered_ends_the_trial(tmp_path):
    with Fake("--notify", "1.6") as one:
        out, _ = run(tmp_path, {"one": one}, blocks=1)
    trial = json.loads(next((out / "blocks").glob("01/*/trial.json")).read_text())
    assert not trial["is_measured"] and "in a row" in trial["reason"]


def test_a_dead_server_is_given_up(tmp_path):
    with Fake("--silent-after", "3") as one, Fake() as two:
        out, _ = run(tmp_path, {"one": one, "two": two}, blocks=4)
    platforms = {p["label"]: p for p in summary_of(out)["platforms"]}
    assert not platforms["one"]["is_measured"] and platforms["one"]["failed_trials"] == 2
    assert platforms["two"]["is_measured"] and platforms["two"]["trials"] == 4
    assert "not measured" in (out / "report.html").read_text()


def test_delay_is_seen_where_it_was_made(tmp_path):
    """20 ms before each 250 lie between "sent" and "accepted"; 30 ms to the mailbox lie after it."""
    with Fake("--delay", "0.02", "--notify", "0.03") as one:
        out, _ = run(tmp_path, {"one": one}, blocks=1)
    for size in summary_of(out)["platforms"][0]["sizes"]:
        # The server counts from before its answer leaves, so a little less may be left.
        assert size["accept_ms"] >= 19 and size["retrieve_ms"] >= 15 and size["median_ms"] >= 35
        assert size["stages_mean_ms"]["look"] >= 15


def test_a_stall_hits_one_mail(tmp_path):
    with Fake("--stall", "10:0.3") as one:
        out, _ = run(tmp_path, {"one": one}, blocks=1, message_deadline_ms=2000)
    rows = list(csv.DictReader((out / "samples.csv").open()))
    slow = [r for r in rows if int(r["accepted"]) - int(r["sent"]) >= 300_000_000]
    assert [r["sequence"] for r in slow] == ["10"]


def test_comparison_finds_a_real_difference(tmp_path):
    with Fake("--delay", "0.01") as one, Fake("--delay", "0.12") as two:
        out, done = run(tmp_path, {"one": one, "two": two, "one-again": one}, blocks=8, messages=2, warmup=1)
    pairs = summary_of(out)["comparisons"]
    assert len(pairs) == 4 and {p["a"] for p in pairs} == {"one"}
    assert all(p["verdict_of_a"] == "better" and p["p_holm"] < 0.05 and p["ratio"] < 0.6 for p in pairs), pairs
    assert re.search(r"one delivers 1 KB mail in [\d.]+ % less time than two", done.stdout)
    assert len(summary_of(out)["noise"]) == 4, "the control is compared with its twin, and outside the family"


def test_report_is_a_pure_function_of_its_folder(tmp_path):
    with Fake() as one, Fake() as two:
        out, _ = run(tmp_path, {"one": one, "two": two})
    before = digests(out)
    lab("report", out)
    assert digests(out) == before
    moved = tmp_path / "moved"
    out.rename(moved)
    lab("report", moved)
    assert digests(moved) == before
    text = (moved / "report.html").read_text()
    figures = sorted(p.stem for p in moved.glob("figures/*.svg"))
    assert figures == sorted(["bars-1024", "bars-3072", "bars-5120", "bars-10240", "spread-1024", "spread-10240",
                              "tail-1024", "stages-1024", "stages-10240", "tail-10240", "forest", "sizes", "order",
                              "canary", "lags", "warmup"])
    assert text.count("<svg") == len(figures) and "<script" not in text and "http" not in re.sub(
        r"http://www\.w3\.org/\S+", "", text), "self-contained: no script, nothing from elsewhere"


CLAIMS = """
claim L { text = "two is 80 % faster than three"  kind = less  platform = two  than = three  size = 1K  value = 80  about = 18 }
claim R { text = "three rises by 500 ms"  kind = rise  platform = three  size = 1K  to = 10K  value = 500  about = 10 }
claim B { text = "one is best"  kind = best  platform = one  than = "two, three" }
claim N { text = "kvm beats one"  kind = less  platform = kvm  than = one  size = 1K  value = 40  about = 10 }
"""


def test_claims_are_declared_stored_and_judged(tmp_path):
    """A claim is part of the experiment: hashed with it, judged from its numbers, and never without its platforms."""
    with Fake() as one, Fake("--delay", "0.05") as two, Fake("--delay", "0.4") as three:
        conf = conf_of(tmp_path, {"one": one, "two": two, "three": three}, sizes="{1K, 10K}", blocks=8, messages=2,
                       warmup=1, message_deadline_ms=5000)
        conf.write_text(conf.read_text() + CLAIMS)
        out = tmp_path / "out"
        lab("run", conf, "--out", out, "--work", tmp_path, "--password-file", password_of(tmp_path))
    claims = {c["id"]: c for c in summary_of(out)["claims"]}
    assert {i: c["verdict"] for i, c in claims.items()} == {
        "L": "supported", "R": "contradicted", "B": "supported", "N": "not measured"}, claims
    assert "QEMU/KVM was not measured" in claims["N"]["says"]
    assert "claim L {" in (out / "experiment.conf").read_text()
    text = (out / "report.md").read_text()
    assert "2 are supported, 1 contradicted, 0 inconclusive, and 1 not measured" in text
    # Another claim is another experiment.
    stored = (out / "experiment.conf").read_text()
    (out / "experiment.conf").write_text(stored.replace("value = 80", "value = 70"))
    assert "belongs to another experiment" in lab("report", out, check=False).stderr


BAD_CLAIMS = [
    ("claim x { kind = fast }", "less, rise, close, best"),
    ("claim x { platform = one }", "claim x (less) needs than"),
    ("claim x { platform = one  than = two }", "claim x (less) needs size"),
    ("claim x { kind = rise  platform = one  size = 3K  to = 1K  about = 1 }", "claim x (rise) needs to"),
    ("claim x { platform = one  than = two  size = 1K  value = 40 }", "needs about"),
]


@pytest.mark.parametrize("claim,says", BAD_CLAIMS, ids=[c[1] for c in BAD_CLAIMS])
def test_bad_claims_are_refused(tmp_path, claim, says):
    conf = tmp_path / "x.conf"
    conf.write_text("platform process { }\n" + claim + "\n")
    done = lab("plan", conf, check=False)
    assert done.returncode == 1 and says in done.stderr


SECTION = {"format": 1, "title": "Life", "intro": "What <happens> in a life.", "readings": [
    {"group": "tcg", "name": "boot to 220", "unit": "ms", "values": [3, 1, 2, 5, 4, 6], "verdict": "holds", "remark": "a|b"},
    {"group": "tcg", "name": "revert", "unit": "ms", "values": [7, None], "verdict": "", "remark": ""},
    {"group": "uml", "name": "revert", "unit": "", "values": [], "verdict": "not measured", "remark": "not supported"}]}


def test_sections_of_others_are_shown(tmp_path):
    with Fake() as one:
        out, _ = run(tmp_path, {"one": one}, blocks=1)
    (out / "sections").mkdir()
    (out / "sections/20-life.json").write_text(json.dumps(SECTION))
    (out / "sections/30-broken.json").write_text("{")
    lab("report", out)
    text = (out / "report.md").read_text()
    assert "## Life\n\nWhat &lt;happens&gt; in a life." in text
    assert "| boot to 220 | 6 | 3.50 | 1 – 6 | 1 | 6 | ms | holds | a\\|b |" in text
    assert "| revert | 2 | never | – | 7 | never | ms |" in text
    assert "| revert | 0 | – | – | – | – |  | not measured | not supported |" in text
    assert "A section could not be read" in text and "30-broken.json" in text
    assert "<h2>Life</h2>" in (out / "report.html").read_text()


def test_sections_alone_are_a_report(tmp_path):
    """A life cycle has no mails: its folder has sections and facts only."""
    (tmp_path / "sections").mkdir()
    (tmp_path / "sections/life.json").write_text(json.dumps(SECTION))
    (tmp_path / "env").mkdir()
    (tmp_path / "env/host.json").write_text('{"processor": "one"}')
    done = lab("report", tmp_path)
    assert done.stdout.rstrip().endswith("/report.html")
    assert "<h1>Life</h1>" in (tmp_path / "report.html").read_text()
    assert "processor: one" in (tmp_path / "report.md").read_text()


def test_a_life_has_pictures(tmp_path):
    """Starts and operations as lines in time; what is not a number there is not drawn."""
    starts = [{"group": g, "name": f"power-on to the first {what}", "unit": "ms", "values": [ms, ms + 5, "x", None],
               "verdict": "", "remark": ""}
              for g, ms in (("process", 40), ("tcg \"%$`\\n", 4000)) for what in ("220", "250", "mail fetched whole")]
    spans = [{"group": "tcg", "name": "revert", "ms": 900, "gaps": [[-12, 850], [860, "x"], 7]},
             {"group": "tcg", "name": "snapshot", "ms": 300, "gaps": []}, 7, {"group": 3}]
    (tmp_path / "sections").mkdir()
    (tmp_path / "sections/life.json").write_text(json.dumps({**SECTION, "readings": starts, "spans": spans}))
    lab("report", tmp_path)
    before = digests(tmp_path, "report.html", "report.md", "figures/life-gaps.svg")
    text = (tmp_path / "report.md").read_text()
    assert "No picture" not in text
    assert "| QEMU, emulated | revert | 900 | -12 to 850" in text and "| QEMU, emulated | snapshot | 300 | never |" in text
    assert sorted(p.name for p in (tmp_path / "figures").iterdir()) == ["life-gaps.svg", "life-starts.svg", "life-waits.svg"]
    assert (tmp_path / "report.html").read_text().count("<svg") == 3
    lab("report", tmp_path)
    assert digests(tmp_path, "report.html", "report.md", "figures/life-gaps.svg") == before


def test_compare_names_what_differs_first(tmp_path):
    with Fake() as one, Fake("--delay", "0.03") as two:
        a, _ = run(tmp_path, {"one": one, "two": two}, blocks=8, messages=2, warmup=1)
        a = a.rename(tmp_path / "a")
        # The same label, another server: what changes between two versions.
        b, _ = run(tmp_path, {"one": one, "two": one}, blocks=8, messages=2, warmup=1)
    text = lab("compare", a, b).stdout
    assert text.index("What differs between the environments") < text.index("Median delivery time")
    rows = [line for line in text.splitlines() if line.startswith("  two ")]
    assert len(rows) == 8 and all("B is better" in row for row in rows), text
    assert "times one" not in text and "multiple of one in the same block" in text
    # Only the summaries: the same answer.
    for folder in (a, b):
        for name in ("blocks", "samples.csv"):
            path = folder / name
            subprocess.run(["rm", "-r", str(path)], check=True)
    assert lab("compare", a, b).stdout == text
    # Another machine is another series: numbers, and no verdict.
    host = json.loads((b / "env/host.json").read_text())
    host["processor"] = "another"
    (b / "env/host.json").write_text(json.dumps(host))
    other = lab("compare", a, b).stdout
    assert "! host.processor\n" in other and "B is better" not in other and "two series, not one test" in other


def test_the_ratio_so_far_is_shown(tmp_path):
    with Fake() as one, Fake("--delay", "0.03") as two:
        _, done = run(tmp_path, {"one": one, "two": two}, blocks=2, messages=2, warmup=1)
    lines = [line for line in done.stderr.splitlines() if "so far" in line]
    assert len(lines) == 2 and "so far, 2 blocks, times one:" in lines[1]
    assert float(re.search(r"two ([\d.]+)", lines[1])[1]) > 2


def test_killed_and_resumed(tmp_path):
    """kill -9 in the middle: finished trials stay as they are, the partial one is made again."""
    with Fake("--delay", "0.005") as one:
        conf = conf_of(tmp_path, {"one": one}, blocks=6)
        out = tmp_path / "out"
        words = [LAB, "run", str(conf), "--out", str(out), "--work", str(tmp_path), "--password-file",
                 str(password_of(tmp_path))]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while len(list(out.glob("blocks/*/*/trial.json"))) < 2:
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.01)
        process.kill()
        process.communicate()
        done = {p: p.read_bytes() for p in out.glob("blocks/*/*/trial.json")}
        assert 2 <= len(done) < 6
        # What a trial leaves when it dies half-way: a folder without its record.
        partial = out / "blocks/06/01-one"
        partial.mkdir(parents=True, exist_ok=True)
        (partial / "samples.bin").write_bytes(b"half")
        lab(*words[1:])
    assert all(path.read_bytes() == text for path, text in done.items())
    assert summary_of(out)["trials_done"] == 6 and mails_of(out)["delivered"] == 6 * 22
    assert (partial / "trial.json").exists()


# What has just come into being when the run is killed; the last ones belong to a trial that is run again.
PHASES = [".lock", "env/host.json", "env/generator.json", "experiment.conf", "plan.json", "blocks/01/*-one",
          "blocks/01/*-one/samples.bin", "blocks/01/*-one/trial.json", "blocks/02/*-two/trial.json",
          "blocks/02/*-one.excluded-1", "blocks/03/*/samples.bin", "report.html", "summary.json"]


def test_killed_at_every_phase(tmp_path):
    """kill -9 as soon as a file of each phase is there, and the same command again: it always goes on, and in the end
    everything is there once."""
    with Fake("--delay", "0.002") as one, Fake("--delay", "0.002") as two:
        conf = conf_of(tmp_path, {"one": one, "two": two}, blocks=3, messages=2,
                       rules="quiet_ms = 0\n steal_percent = 0\n canary_mad = 0\n reruns = 1")
        out = tmp_path / "out"
        words = [LAB, "run", str(conf), "--out", str(out), "--work", str(tmp_path), "--password-file",
                 str(password_of(tmp_path))]
        killed = 0
        for phase in PHASES:
            process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while process.poll() is None and not list(out.glob(phase)):
                time.sleep(0.0005)
            killed += process.poll() is None
            process.kill()
            process.wait()
            if phase == "blocks/02/*-two/trial.json":  # the next run finds a trial that is to be run again
                [path] = out.glob("blocks/02/*-one/trial.json") or [None]
                if path:
                    path.write_text(json.dumps({**json.loads(path.read_text()), "excluded": "by hand"}))
        assert killed >= len(PHASES) // 2, "most phases were met alive"
        lab(*words[1:])
    assert summary_of(out)["trials_done"] == 6 and mails_of(out)["delivered"] == 3 * 10
    assert mails_of(out, "two")["delivered"] == 3 * 10
    assert len(list(out.glob("blocks/*/*/trial.json"))) == 6 + len(list(out.glob("blocks/*/*.excluded-1")))
    assert not list(out.rglob("*.tmp*")) and not list(out.rglob(".*.new"))


def test_stopped_politely(tmp_path):
    with Fake("--delay", "0.005") as one:
        conf = conf_of(tmp_path, {"one": one}, blocks=40)
        out = tmp_path / "out"
        process = subprocess.Popen([LAB, "run", str(conf), "--out", str(out), "--work", str(tmp_path),
                                    "--password-file", str(password_of(tmp_path))], stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 60
        while not list(out.glob("blocks/*/*/trial.json")):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        _, text = process.communicate(timeout=30)
    assert process.returncode == 130 and "stopped on request" in text and "--out" in text
    assert not list(tmp_path.glob("mvlab-*")), "the work folder of the stopped trial is gone"
    # What is there can be reported already.
    assert "not complete" in (lab("report", out) and (out / "report.html").read_text())


def test_another_experiment_is_refused(tmp_path):
    with Fake() as one:
        out, _ = run(tmp_path, {"one": one}, blocks=1)
        _, done = run(tmp_path, {"one": one}, blocks=2, check=False)
    assert done.returncode == 1 and "another experiment" in done.stderr


def test_damaged_samples_are_named(tmp_path):
    with Fake() as one:
        out, _ = run(tmp_path, {"one": one}, blocks=1)
    [samples] = out.glob("blocks/01/*/samples.bin")
    good = samples.read_bytes()
    for at, words in ((5000, "block 1 is damaged"), (10, "not a 'mailvisor-lab samples' file"), (2000, "checksum")):
        samples.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
        done = lab("report", out, check=False)
        assert done.returncode == 1 and words in done.stderr and str(samples) in done.stderr
    samples.write_bytes(good[:-1])
    assert "whole blocks" in lab("report", out, check=False).stderr


USAGE = [
    (["frobnicate"], 2, "no command"),
    (["run", "paper", "--blocks", "many"], 1, "--blocks"),
    (["run", "paper", "--blocks", "0"], 1, "blocks = 0"),
    (["run", "papre"], 1, "papre"),
    (["run", "/nowhere/x.conf"], 1, "/nowhere/x.conf"),
    (["run", "paper", "--platforms", "moon"], 1, "moon"),
    (["run", "paper", "more"], 2, "one word too many"),
    (["run", "paper", "--external", "x"], 1, "NAME=HOST"),
    (["run", "paper", "--frob"], 2, "usage"),
    (["report"], 2, "usage"),
    (["report", "/nowhere"], 1, "/nowhere"),
    (["compare", "/nowhere"], 2, "usage"),
    (["compare", "/nowhere", "/nowhere"], 1, "/nowhere/summary.json"),
]


@pytest.mark.parametrize("words,status,says", USAGE, ids=[" ".join(u[0]) for u in USAGE])
def test_wrong_usage_is_explained(words, status, says):
    done = lab(*words, check=False)
    assert done.returncode == status and says in done.stderr


def test_help_and_version():
    assert "doctor" in lab("help").stdout and lab().stdout == lab("help").stdout
    assert lab("version").stdout.startswith("mailvisor-lab ")
    assert "usage:" in lab("run", "--help").stdout


def test_external_by_option(tmp_path):
    with Fake() as one:
        out = tmp_path / "out"
        lab("run", "paper", "--external", f"one={one.place}", "--blocks", 1, "--messages", 2, "--out", out, "--work",
            tmp_path, "--password-file", password_of(tmp_path))
    assert mails_of(out)["delivered"] == 10 + 4 * 2


def test_wrong_password_is_said(tmp_path):
    with Fake("--password", "other") as one:
        out, _ = run(tmp_path, {"one": one}, blocks=1)
    trial = json.loads(next(out.glob("blocks/01/*/trial.json")).read_text())
    assert not trial["is_measured"] and "PASS" in trial["reason"]
