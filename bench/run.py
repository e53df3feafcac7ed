#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures this build beside Postfix+Dovecot: the two take turns in every round, and what is printed are medians and their ratio.

Needs root (control groups count the CPU of every process of a server) and the packages postfix, dovecot-pop3d and
dovecot-lmtpd, which `make bench` does not install by itself: a mail server should not appear on a machine unasked. Everything
runs on loopback, in one temporary folder, as processes of this program. A round on a busy machine is printed all the same:
look at the spread.
"""
import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
PORTS = {'SMTP_PORT': 20025, 'SMTPS_PORT': 20465, 'LMTP_PORT': 20024, 'POP3_PORT': 20110, 'POP3S_PORT': 20995,
         'IMAP_PORT': 20143, 'IMAPS_PORT': 20993}
COMMON = r'''
set -u
in_cg() { bash -c 'echo $$ > "$0/cgroup.procs" && exec "$@"' "$CG" "$@"; }
each_user() { for ((i = 0; i < 100; i++)); do printf 'u%03d@d%d.test\n' $i $((i % 2)); done; }
stop_pidfile() {
    [ -s "$1" ] || return 0
    local pid; pid=$(tr -dc 0-9 < "$1")
    kill -TERM "$pid" 2>/dev/null || return 0
    for ((i = 0; i < 100; i++)); do kill -0 "$pid" 2>/dev/null || return 0; sleep 0.1; done
    kill -KILL "$pid"
}
'''


class Server:
    """One peer script (peer_conf, peer_up, peer_down) and the control group in which it runs."""

    def __init__(self, name, script, top, variables):
        self.name, self.script = name, script
        self.dir = top / name
        v2 = Path('/sys/fs/cgroup/cgroup.controllers').exists()
        self.group = Path('/sys/fs/cgroup') / ('' if v2 else 'cpuacct') / f'mailvisor-bench-{os.getpid()}-{name}'
        self.group.mkdir()
        self.cpu_file = self.group / ('cpu.stat' if v2 else 'cpuacct.usage')
        self.env = os.environ | {k: str(v) for k, v in PORTS.items()} | variables | {
            'V': str(self.dir), 'CG': str(self.group), 'DOMAINS': 'd0.test d1.test', 'PASS': 'secret', 'NUSERS': '100'}
        self.dir.mkdir()
        self.bash('peer_conf')

    def bash(self, command):
        """Runs one function of the peer script. Its output goes to a file: a daemon would keep a pipe open for ever."""
        with open(self.dir / 'script.log', 'w+') as told:
            done = subprocess.run(self.words(command), env=self.env, stdin=subprocess.DEVNULL, stdout=told,
                                  stderr=told, timeout=120)
            told.seek(0)
            if done.returncode != 0:
                raise SystemExit(f'{self.name}: {command} failed:\n{told.read()}')

    def words(self, command):
        return ['bash', '-c', f'{COMMON}\n. "{self.script}"\n{command}']

    def pids(self):
        return [int(p) for p in (self.group / 'cgroup.procs').read_text().split()]

    def cpu_s(self):
        text = self.cpu_file.read_text()
        return int(text.split()[1]) / 1e6 if text.startswith('usage_usec') else int(text) / 1e9

    def pss_kb(self):
        total = 0
        for pid in self.pids():
            for line in Path(f'/proc/{pid}/smaps_rollup').read_text().splitlines():
                total += int(line.split()[1]) if line.startswith('Pss:') else 0
        return total

    def up(self):
        self.bash('peer_up')
        for _ in range(300):
            if all(port_answers(PORTS[p]) for p in ('SMTP_PORT', 'POP3_PORT')):
                return
            time.sleep(0.05)
        raise SystemExit(f'{self.name}: no answer on its ports; see {self.dir}')

    def down(self):
        self.bash('peer_down')
        for _ in range(100):
            if not self.pids():
                return
            time.sleep(0.1)
        for pid in self.pids():
            os.kill(pid, 9)

    def remove(self):
        self.group.rmdir()


def port_answers(port):
    try:
        with socket.create_connection(('127.0.0.1', port), 1) as s:
            s.settimeout(5)
            return bool(s.recv(1))
    except OSError:
        return False


class Bench:
    def __init__(self, load):
        self.load = load
        self.filled = set()

    def run(self, *words):
        done = subprocess.run([self.load, *map(str, words)], text=True, capture_output=True, timeout=300)
        if done.returncode != 0:
            raise SystemExit(f'load {words}: {done.stderr}')
        return dict(pair.split('=') for pair in done.stdout.split())

    def with_cpu(self, server, per, *words):
        before = server.cpu_s()
        told = self.run(*words)
        time.sleep(0.2)  # what a server does after its answer is its cost too
        return told, (server.cpu_s() - before) * 1e3 / per

    def deliver(self, server, clients, per_session, count):
        told, cpu = self.with_cpu(server, count, 'deliver', '--clients', clients, '--per-session', per_session, '--count', count,
                                  '--size', 10240)
        return {'rate': float(told['delivered_per_s']), 'cpu': cpu}

    def latency(self, server):
        told = self.run('latency', '--count', 100, '--size', 1024, '--user', 82)
        return {'latency': float(told['visible_p50_ms'])}

    def download(self, server):
        if server.name not in self.filled:
            self.run('fill', '--count', 1000, '--size', 10240, '--user', 84)
            self.run('download', '--count', 1, '--user', 84)
            self.filled.add(server.name)
        _, cpu = self.with_cpu(server, 5, 'download', '--count', 5, '--user', 84)
        return {'download': cpu}

    def syncs(self, server, clients):
        trace = server.dir / 'strace'
        words = ['strace', '-f', '-qq', '-e', 'trace=fsync,fdatasync,sync_file_range', '-o', str(trace)]
        for pid in server.pids():
            words += ['-p', str(pid)]
        tracer = subprocess.Popen(words, stderr=subprocess.DEVNULL)
        time.sleep(1.5)
        count = 20 * clients
        self.run('deliver', '--clients', clients, '--per-session', 20, '--count', count, '--size', 10240)
        time.sleep(1)
        tracer.send_signal(2)
        tracer.wait()
        calls = sum('fsync(' in line or 'fdatasync(' in line for line in trace.read_text().splitlines())
        return calls / count


def floor_download(build):
    """CPU in ms of 1,000 RETR of 10 KB from a server with nothing behind it (floor.c): what no answer in lock step can go under."""
    port = PORTS['POP3_PORT'] + 100
    server = subprocess.Popen([build / 'bench/bench-floor', str(port), '1000', '10240'])
    try:
        for _ in range(100):
            if port_answers(port):
                break
            time.sleep(0.05)
        before = schedstat_s(server.pid)
        subprocess.run([build / 'bench/bench-load', 'download', '--pop3', str(port), '--count', '5'], check=True, timeout=120,
                       stdout=subprocess.DEVNULL)
        return (schedstat_s(server.pid) - before) * 1e3 / 5
    finally:
        server.terminate()
        server.wait()


def floor_deliver(build, top):
    """The rate and the CPU in ms a mail of a server that only keeps what it is sent, with one sync a group (floor_smtp.c)."""
    smtp, pop3 = PORTS['SMTP_PORT'] + 100, PORTS['POP3_PORT'] + 101
    server = subprocess.Popen([build / 'bench/bench-floor-smtp', str(smtp), str(pop3), top / 'floor'])
    try:
        for _ in range(100):
            if port_answers(pop3):
                break
            time.sleep(0.05)
        before = schedstat_s(server.pid)
        told = subprocess.run([build / 'bench/bench-load', 'deliver', '--smtp', str(smtp), '--pop3', str(pop3), '--clients', '16',
                               '--per-session', '20', '--count', '3200', '--size', '10240'], check=True, timeout=120,
                              stdout=subprocess.PIPE, text=True).stdout
        rate = float(told.split('accepted_per_s=')[1].split()[0])
        return rate, (schedstat_s(server.pid) - before) * 1e3 / 3200
    finally:
        server.terminate()
        server.wait()
        (top / 'floor').unlink(missing_ok=True)


def schedstat_s(pid):
    return int(Path(f'/proc/{pid}/schedstat').read_text().split()[0]) / 1e9


def one_round(bench, server):
    """Starts the server, takes every figure once, stops it."""
    got = {}
    begin = time.monotonic()
    told = server.dir / 'start'
    with open(told, 'w') as out:
        subprocess.run([bench.load, 'start', '--', *server.words('peer_up')], env=server.env, stdin=subprocess.DEVNULL, stdout=out,
                       stderr=out, timeout=120)
    if 'banner_ms=' not in told.read_text():
        raise SystemExit(f'{server.name}: {told.read_text()}')
    got['start'] = float(told.read_text().split('banner_ms=')[1].split()[0])
    time.sleep(max(0, 3 - (time.monotonic() - begin)))
    got['memory'] = server.pss_kb() / 1024
    bench.deliver(server, 16, 5, 160)  # warm: files, caches, and the first login of each user
    got |= bench.deliver(server, 16, 20, 3200 if server.name == 'ours' else 640)
    got |= bench.latency(server)
    got |= bench.download(server)
    got['syncs 1'], got['syncs 16'] = bench.syncs(server, 1), bench.syncs(server, 16)
    server.down()
    return got


ROWS = [  # figure, what it is, unit, higher is better, ratio to reach
    ('rate', 'delivered per second, 10 KB, 16 sessions x 20', '/s', True, '15'),
    ('cpu', 'CPU per 10 KB message, all processes', 'ms', False, '1/20'),
    ('latency', 'sender to visible, 1 KB, one at a time (POP3 poll)', 'ms', False, '1/5'),
    ('download', 'POP3 download of 1,000 x 10 KB, CPU', 'ms', False, '1/10'),
    ('memory', 'idle memory (PSS, all processes)', 'MB', False, '1/2'),
    ('start', 'start to SMTP banner', 'ms', False, '1/5'),
    ('syncs 1', 'syncs per message, 1 session', '', False, '1 sync'),
    ('syncs 16', 'syncs per message, 16 sessions', '', False, '0.3 syncs'),
]


def show(results, floor, kept):
    ours, theirs = results['ours'], results['postfix+dovecot']
    print(f'\n{"":52}{"Postfix+Dovecot":>24}{"ours":>24}{"ratio":>10}  to reach')
    for key, what, unit, _, goal in ROWS:
        def cell(rounds):
            values = sorted(r[key] for r in rounds)
            return statistics.median(values), f'{statistics.median(values):.4g} [{values[0]:.4g}..{values[-1]:.4g}] {unit}'
        (a, a_text), (b, b_text) = cell(theirs), cell(ours)
        ratio = f'{b / a:.2f}' if b >= a else f'1/{a / b:.1f}' if b > 0 else '0'
        print(f'{what:52}{a_text:>24}{b_text:>24}{ratio:>10}  {goal}')
    if floor:
        print(f'\nfloor of the download: {statistics.median(floor):.4g} [{min(floor):.4g}..{max(floor):.4g}] ms, a server with '
              'nothing behind it:\none thread, one recv and one send of 10 KB a message. What answers RETR by RETR costs more.')
    if kept:
        rates, cpus = zip(*kept)
        print(f'\nfloor of the delivery: {statistics.median(rates):.4g} [{min(rates):.4g}..{max(rates):.4g}] /s, '
              f'{statistics.median(cpus):.4g} ms CPU a mail: a server of one thread that keeps\n'
              'what it is sent, a sync a group, and cannot find it again.')
    print('\nmedian [least..most] of the rounds; the two took turns in every round')


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument('--build', default='build/release')
    options.add_argument('--rounds', type=int, default=3)
    options.add_argument('--only-ours', action='store_true', help='a look at our own figures, without ratios')
    given = options.parse_args()
    build = Path(given.build).resolve()
    if os.geteuid() != 0:
        sys.exit('bench: needs root, to count CPU by control group')
    peers = [('postfix+dovecot', HERE / 'postfix.sh'), ('ours', HERE / 'peer.sh')]
    if given.only_ours:
        peers = peers[1:]
    elif not (shutil.which('postfix') and Path('/usr/sbin/dovecot').exists()):
        sys.exit('bench: postfix and dovecot are not installed: apt-get install postfix dovecot-pop3d dovecot-lmtpd '
                 '(they must not be started)')
    top = Path(tempfile.mkdtemp(prefix='mailvisor-bench.'))
    top.chmod(0o755)
    variables = {'MAILVISOR': str(build / 'src/mailvisor'), 'PROJECT': str(HERE.parent)}
    servers, results, floor, kept = [], {}, [], []
    try:
        servers = [Server(name, script, top, variables) for name, script in peers]
        bench = Bench(build / 'bench/bench-load')
        for n in range(given.rounds):
            for server in servers if n % 2 == 0 else servers[::-1]:
                got = one_round(bench, server)
                results.setdefault(server.name, []).append(got)
                print(f'round {n + 1} {server.name}: ' + ' '.join(f'{k}={v:.4g}' for k, v in got.items()), flush=True)
            floor.append(floor_download(build))
            kept.append(floor_deliver(build, top))
        if not given.only_ours:
            show(results, floor, kept)
    finally:
        for server in servers:
            server.down()
            server.remove()
        shutil.rmtree(top, ignore_errors=True)


if __name__ == '__main__':
    main()
