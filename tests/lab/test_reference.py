# SPDX-License-Identifier: MIT
"""The report's statistics against a second opinion: written here from the definitions, in plain Python, from samples.csv alone.

No number is compared with what a machine's speed would make of it: both sides see the same samples.
"""
import csv
import itertools
import json
import math
import statistics

import pytest

from test_lab import Fake, lab, password_of, run, summary_of

BLOCKS = 7


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """Three servers and one again; the slow ones differ by what is scripted, the rest is this machine's noise."""
    folder = tmp_path_factory.mktemp("reference")
    with Fake() as one, Fake("--delay", "0.004") as two, Fake("--delay", "0.008") as three:
        out, _ = run(folder, {"one": one, "two": two, "three": three, "one-again": one}, blocks=BLOCKS, messages=10,
                     sizes="{ 1K, 10K }")
    return out


def mails(out):
    """{(platform, block, size): [ms, ...]} of measured mails; one that never came is infinite."""
    found = {}
    for row in csv.DictReader((out / "samples.csv").open()):
        if int(row["flags"]) & 1:
            continue
        ms = (int(row["fetched"]) - int(row["start"])) / 1e6 if row["outcome"] == "delivered" else math.inf
        found.setdefault((row["platform"], int(row["block"]), int(row["size_octets"])), []).append(ms)
    return found


def quantile(values, q):
    """Hyndman and Fan's type 7."""
    x = sorted(values)
    place = q * (len(x) - 1)
    below = math.floor(place)
    return x[below] if below + 1 == len(x) else x[below] + (place - below) * (x[below + 1] - x[below])


def medians(found, platform, size):
    return [quantile(found[platform, block, size], 0.5) for block in range(1, BLOCKS + 1)]


def sign_flip(differences):
    seen = abs(sum(differences)) - 1e-12 * sum(map(abs, differences))
    flips = list(itertools.product((1, -1), repeat=len(differences)))
    return sum(abs(sum(s * d for s, d in zip(signs, differences))) >= seen for signs in flips) / len(flips)


def signed_rank(differences):
    """Every pattern of signs, the sum of the positive ranks."""
    by_size = sorted(range(len(differences)), key=lambda i: abs(differences[i]))
    ranks = [0] * len(differences)
    for rank, i in enumerate(by_size, 1):
        ranks[i] = rank
    middle = sum(ranks) / 2
    seen = abs(sum(r for r, d in zip(ranks, differences) if d > 0) - middle)
    subsets = itertools.product((0, 1), repeat=len(ranks))
    sums = [abs(sum(r * s for r, s in zip(ranks, signs)) - middle) for signs in subsets]
    return sum(s >= seen - 1e-9 for s in sums) / len(sums)


def holm(p):
    adjusted, before = [0.0] * len(p), 0
    for place, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        before = adjusted[i] = max(before, min(1, p[i] * (len(p) - place)))
    return adjusted


def near(a, b, part=1e-5):
    """CSV and JSON have six figures or more."""
    return math.isclose(a, b, rel_tol=part, abs_tol=1e-9)


def test_cells(out):
    found = mails(out)
    for row in csv.DictReader((out / "results.csv").open()):
        size = int(row["size_octets"])
        trials = [found[row["platform"], block, size] for block in range(1, BLOCKS + 1)]
        pooled = sum(trials, [])
        assert int(row["trials"]) == BLOCKS and int(row["mails"]) == len(pooled)
        assert near(float(row["median_ms"]), quantile([quantile(t, 0.5) for t in trials], 0.5))
        assert near(float(row["mean_ms"]), statistics.mean(statistics.mean(t) for t in trials))
        assert near(float(row["sd_ms"]), statistics.stdev(pooled))
        assert near(float(row["p90_ms"]), quantile(pooled, 0.9)) and near(float(row["p95_ms"]), quantile(pooled, 0.95))
        # 70 mails do not carry these: 299 and 2,995 would.
        assert row["p99_ms"] == row["p999_ms"] == ""
        # Seven values: least and largest hold the median with 1 - 2/2^7.
        ranks = sorted(quantile(t, 0.5) for t in trials)
        assert near(float(row["ranks_low"]), ranks[0]) and near(float(row["ranks_high"]), ranks[-1])


def test_throughput(out):
    """All mails by all time, never a mean of rates."""
    for platform in summary_of(out)["platforms"]:
        records = [json.loads(p.read_text()) for p in out.glob(f"blocks/*/*-{platform['label']}/trial.json")]
        records = [r for r in records if r["label"] == platform["label"]]
        assert len(records) == BLOCKS
        rate = sum(r["delivered"] for r in records) / sum(r["work_seconds"] for r in records)
        assert near(platform["throughput"], rate)


STUDENT_97_5 = 2.4469118511449692  # six degrees of freedom: Student's table


def test_comparisons(out):
    found = mails(out)
    rows = [r for r in csv.DictReader((out / "comparisons.csv").open()) if "again" not in r["a"] + r["b"]]
    assert len(rows) == 3 * 2
    corrected = holm([float(r["p"]) for r in rows])
    for row, p_holm in zip(rows, corrected):
        a, b = (medians(found, row[k], int(row["size_octets"])) for k in "ab")
        logs = [math.log(x / y) for x, y in zip(a, b)]
        half = STUDENT_97_5 * statistics.stdev(logs) / math.sqrt(BLOCKS)
        gaps = [x - y for x, y in zip(a, b)]
        walsh = sorted((gaps[i] + gaps[k]) / 2 for i in range(BLOCKS) for k in range(i, BLOCKS))
        assert near(float(row["ratio"]), math.exp(statistics.mean(logs)))
        assert near(float(row["ratio_low"]), math.exp(statistics.mean(logs) - half))
        assert near(float(row["ratio_high"]), math.exp(statistics.mean(logs) + half))
        assert near(float(row["difference_ms"]), statistics.median(walsh))
        # Wilcoxon's table: T = 2 for n = 7 at 5 %, so the third smallest and largest average.
        assert near(float(row["difference_low"]), walsh[2]) and near(float(row["difference_high"]), walsh[-3])
        wins = sum((x < y) + 0.5 * (x == y) for x in a for y in b)
        assert near(float(row["superiority"]), wins / BLOCKS ** 2)
        assert near(float(row["p"]), sign_flip(logs)) and near(float(row["p_holm"]), p_holm)
        assert near(float(row["p_ranks"]), signed_rank(logs))


def test_friedman(out):
    found = mails(out)
    for size in summary_of(out)["sizes"]:
        sums = [0.0] * 3
        columns = [medians(found, p, size["octets"]) for p in ("one", "two", "three")]
        for block in zip(*columns):
            for i, x in enumerate(block):
                sums[i] += sum(y < x for y in block) + (sum(y == x for y in block) + 1) / 2
        statistic = 12 * sum((s - 2 * BLOCKS) ** 2 for s in sums) / (BLOCKS * 3 * 4)
        assert near(size["friedman"], statistic)


def test_size_model(out):
    """The line through two sizes goes through both: a and b follow from the trials' means."""
    found = mails(out)
    for platform in summary_of(out)["platforms"]:
        slopes, starts = [], []
        for block in range(1, BLOCKS + 1):
            small, large = (statistics.mean(found[platform["label"], block, size]) for size in (1024, 10240))
            slopes.append((large - small) / 9)
            starts.append(small - slopes[-1])
        model = platform["costs"]["size_model"]
        assert near(model["a_ms"], statistics.mean(starts)) and near(model["b_ms_per_kb"], statistics.mean(slopes))
        half = STUDENT_97_5 * statistics.stdev(slopes) / math.sqrt(BLOCKS)
        assert near(model["b_ci95"][0], statistics.mean(slopes) - half)


def test_factors(out):
    """With as many terms as groups, quantile regression is the groups' quantiles."""
    found = mails(out)

    def pooled(platform, size, q):
        return math.exp(quantile([math.log(ms) for b in range(1, BLOCKS + 1) for ms in found[platform, b, size]], q))

    terms = {(r["term"], float(r["quantile"])): r for r in csv.DictReader((out / "factors.csv").open())}
    names = [r["term"] for r in csv.DictReader((out / "factors.csv").open())][::3]
    assert names == ["one, 1 KB, ms", "two", "three", "10 KB", "two × 10 KB", "three × 10 KB"]

    def alike(name, q, value):
        return near(float(terms[name, q]["factor"]), value)

    for q in 0.5, 0.95:
        one, ten = pooled("one", 1024, q), pooled("one", 10240, q)
        assert alike("one, 1 KB, ms", q, one) and alike("10 KB", q, ten / one)
        assert alike("two", q, pooled("two", 1024, q) / one)
        assert alike("three × 10 KB", q, pooled("three", 10240, q) / ten / (pooled("three", 1024, q) / one))
    assert terms["two", 0.99]["factor"] == "", "70 mails carry no p99"
    for row in terms.values():
        if row["low"]:
            assert float(row["low"]) <= float(row["factor"]) <= float(row["high"])


def test_benjamini_hochberg(out):
    rows = [r for r in csv.DictReader((out / "factors.csv").open()) if r["p_bh"]]
    p = [float(r["p"]) for r in rows]
    assert len(p) == 5 * 2
    order, before, wanted = sorted(range(len(p)), key=lambda i: -p[i]), 1.0, [0.0] * len(p)
    for place, i in enumerate(order):
        before = wanted[i] = min(before, p[i] * len(p) / (len(p) - place))
    assert all(near(float(r["p_bh"]), w, 1e-4) for r, w in zip(rows, wanted))


def test_no_picture_is_refused(out):
    """Servers that ran already have no starts: then there is no chart of them, and no sentence about a missing one."""
    assert "No picture" not in (out / "report.md").read_text() and not (out / "figures/boots.svg").exists()
    assert (out / "figures/warmup.svg").exists() and (out / "figures/normal.svg").exists()


def test_json_and_csv_agree(out):
    summary = json.loads((out / "summary.json").read_text())
    rows = {(r["term"], float(r["quantile"])): r for r in csv.DictReader((out / "factors.csv").open())}
    assert len(summary["factors"]) == len(rows)
    for term in summary["factors"]:
        text = rows[term["term"], term["quantile"]]["factor"]
        assert (text == "") == (term["factor"] is None) and (text == "" or near(float(text), term["factor"]))


def test_stops_when_precise(tmp_path):
    """Declared before, never before the tenth block, never by p: a slow server's ratio is soon precise enough."""
    with Fake("--delay", "0.02") as one, Fake("--delay", "0.02") as two:
        out, done = run(tmp_path, {"one": one, "two": two}, blocks=40, messages=2, warmup=0, sizes="{ 1K }",
                        rules="quiet_ms = 0\n steal_percent = 0\n canary_mad = 0\n reruns = 0\n precision_permille = 900")
        blocks = json.loads((out / "stopped.json").read_text())["blocks"]
        assert 10 <= blocks < 40 and len(list((out / "blocks").iterdir())) == blocks
        text = (out / "report.md").read_text()
        assert f"Stopped after {blocks} of 40 blocks by the rule" in text and "is not complete" not in text
        rows = list(csv.DictReader((out / "comparisons.csv").open()))
        low, high = (float(rows[0][k]) for k in ("ratio_low", "ratio_high"))
        assert int(rows[0]["blocks"]) == blocks and (math.log(high) - math.log(low)) / 2 <= math.log(1.9)
        # The same command again has nothing to do.
        again = lab("run", tmp_path / "test.conf", "--out", out, "--work", tmp_path, "--password-file", password_of(tmp_path))
        assert len(list((out / "blocks").iterdir())) == blocks and "as precise as was declared" in again.stderr
