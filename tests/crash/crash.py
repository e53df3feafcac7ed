#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Nothing acknowledged is lost: kill -9 of the whole process tree at random moments under load.

Eight senders deliver mails to four mailboxes (alice and bob, in two domains; some mails go to both) as fast as they can.
At a random moment every process of the server is killed. It must start again by itself, with no repair, and then:
  - every mail that was answered with 250 is in each of its mailboxes exactly once, and its bytes have the hash they were sent with;
  - a mail that was cut off before its 250 may be there once, never twice, and whole;
  - what stood in a mailbox before still stands there, in the same order, under the same UIDs, and new UIDs are higher.
Messages are removed now and then (POP3 DELE, QUIT), also while the server dies: a removal that was answered with +OK stays removed,
and one that was not answered is all or none.

A kill does not lose what the kernel was given, so a missing sync is not seen here but by tests/e2e/test_durable.py.

    crash.py --server build/check/src/mailvisor [--rounds 20] [--seed N]
"""
import argparse
import hashlib
import os
import poplib
import random
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import threading
import time

USERS = ['alice@a.example', 'bob@a.example', 'alice@b.example', 'bob@b.example']
PASSWORD = 'for the crash test'
SENDERS = 8
START_SECONDS_MAX = 30
poplib._MAXLINE = 1 << 20


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Server:
    """`mailvisor serve` on one data directory, started and killed many times."""

    def __init__(self, program, data):
        self.program, self.data = program, data
        self.smtp, self.pop3 = free_port(), free_port()
        self.process = None

    def start(self):
        off = ['submission', 'submissions', 'pop3s', 'imap', 'imaps', 'lmtp']
        settings = {f'{name}.listen': '' for name in off}
        settings |= {'smtp.listen': f'127.0.0.1:{self.smtp}', 'pop3.listen': f'127.0.0.1:{self.pop3}', 'user': '',
                     'log.file': os.path.join(self.data, '..', 'log')}
        words = [self.program, 'serve', '--data', self.data]
        for name, value in settings.items():
            words += ['--set', f'{name}={value}']
        self.process = subprocess.Popen(words, start_new_session=True, stdin=subprocess.DEVNULL,
                                        stderr=open(os.path.join(self.data, '..', 'stderr'), 'ab'))
        end = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise AssertionError(f'the server ended with {self.process.returncode} while starting')
            try:
                with socket.create_connection(('127.0.0.1', self.smtp), 1) as s:
                    if s.recv(3) == b'220':
                        return
            except OSError:
                time.sleep(0.01)
        raise AssertionError(f'no 220 within {START_SECONDS_MAX} s')

    def kill(self):
        """SIGKILL to the whole tree at once: it is one process group of its own."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def cli(self, *words, stdin=''):
        subprocess.run([self.program, *words, '--data', self.data], input=stdin, text=True, check=True,
                       stdout=subprocess.DEVNULL)


class Ledger:
    """What the senders know: for each mail its hash, its recipients, and whether 250 came."""

    def __init__(self):
        self.lock = threading.Lock()
        self.mails = {}

    def sent(self, key, digest, rcpts):
        with self.lock:
            self.mails[key] = {'digest': digest, 'rcpts': rcpts, 'acked': False}

    def acked(self, key):
        with self.lock:
            self.mails[key]['acked'] = True


def make_mail(key, rng):
    size = rng.choice([200, 1024, 3072, 10240, 10240, 150000])
    body = os.urandom(size // 2).hex()
    lines = '\r\n'.join(body[i:i + 76] for i in range(0, len(body), 76))
    return f'From: <sender@c.example>\r\nSubject: crash\r\nX-Crash: {key}\r\n\r\n{lines}\r\n'


def sender(server, ledger, number, counter, rng, stop):
    while not stop.is_set():
        try:
            with smtplib.SMTP('127.0.0.1', server.smtp, timeout=10) as s:
                s.ehlo('sender.c.example')
                for _ in range(rng.randint(1, 5)):
                    key = f'{number}-{next(counter)}'
                    rcpts = rng.sample(USERS, 2) if rng.random() < 0.2 else [rng.choice(USERS)]
                    text = make_mail(key, rng)
                    ledger.sent(key, hashlib.sha256(text.partition('\r\n\r\n')[2].encode()).hexdigest(), rcpts)
                    refused = s.sendmail('sender@c.example', rcpts, text)
                    assert not refused, f'refused: {refused}'
                    ledger.acked(key)
        except (OSError, smtplib.SMTPServerDisconnected):
            time.sleep(0.005)  # the server is dead, or about to be
        except smtplib.SMTPException as e:
            assert stop.is_set() or e.args[0] in (421, 451), e


def remover(server, user, state, stop, rng):
    """Deletes a few old messages in one POP3 session; what the answer to QUIT was decides what must be true."""
    while not stop.wait(rng.uniform(0.05, 0.2)):
        before = list(state['order'])
        if not before:
            return
        chosen = rng.sample(range(1, len(before) + 1), min(3, len(before)))
        asked = {before[i - 1] for i in chosen}
        try:
            p = poplib.POP3('127.0.0.1', server.pop3, timeout=10)
            p.user(user)
            p.pass_(PASSWORD)
            for i in chosen:
                p.dele(i)
            state['in_doubt'] = asked
            p.quit()
            state['gone'] |= asked
            state['in_doubt'] = set()
            state['order'] = [u for u in before if u not in asked]
        except (OSError, EOFError, poplib.error_proto):
            pass
        return


def read_mailbox(server, user, known):
    """[(uidl, key, body hash)] in mailbox order; bytes are fetched only for messages not yet known."""
    p = poplib.POP3('127.0.0.1', server.pop3, timeout=60)
    p.user(user)
    p.pass_(PASSWORD)
    rows = []
    for line in p.uidl()[1]:
        number, uidl = line.decode().split()
        if uidl not in known:
            text = b'\r\n'.join(p.retr(int(number))[1]) + b'\r\n'
            head, _, body = text.partition(b'\r\n\r\n')
            key = re.search(rb'^X-Crash: (\S+)', head, re.M).group(1).decode()
            known[uidl] = (key, hashlib.sha256(body).hexdigest())
        rows.append((uidl, *known[uidl]))
    p.quit()
    return rows


def uid_of(uidl):
    return int(re.search(r'([0-9a-f]+)$', uidl).group(1)[-8:], 16)


def verify(server, ledger, boxes):
    found = {}
    for user, box in boxes.items():
        rows = read_mailbox(server, user, box['known'])
        order = [uidl for uidl, _, _ in rows]
        uids = [uid_of(u) for u in order]
        assert uids == sorted(set(uids)), f'{user}: UIDs are not strictly growing: {uids[-20:]}'
        assert not uids or not box['uid_max'] or all(u in box['known_before'] or uid_of(u) > box['uid_max'] for u in order), \
            f'{user}: a new message has an old UID'
        doubt, present = box['in_doubt'], set(order)
        assert len(doubt & present) in (0, len(doubt)), f'{user}: QUIT removed {len(doubt - present)} of {len(doubt)}'
        if doubt and not doubt & present:
            box['gone'] |= doubt
        lost = [u for u in box['order_before'] if u not in present and u not in box['gone']]
        assert not lost, f'{user}: messages {lost[:5]} stood in the mailbox and are gone'
        assert not box['gone'] & present, f'{user}: removed messages are back'
        kept = [u for u in order if u in box['known_before']]
        assert kept == [u for u in box['order_before'] if u in present], f'{user}: the order changed'
        for uidl, key, digest in rows:
            mail = ledger.mails.get(key)
            assert mail is not None and digest == mail['digest'], f'{user}: mail {key} is not what was sent'
            assert user in mail['rcpts'], f'{user}: mail {key} was for {mail["rcpts"]}'
        ever = [key for uidl, (key, _) in box['known'].items()]
        assert len(ever) == len(set(ever)), f'{user}: a mail is there twice'
        found[user] = set(ever)
        box.update(order=order, order_before=order, known_before=set(order), in_doubt=set(),
                   uid_max=max([box['uid_max'], *uids]))
    missing = [(key, user) for key, mail in ledger.mails.items() if mail['acked']
               for user in mail['rcpts'] if key not in found[user]]
    assert not missing, f'{len(missing)} acknowledged mails are lost: {missing[:5]}'


def one_round(server, ledger, boxes, counter, rng):
    stop = threading.Event()
    failures = []

    def guarded(work, *args):
        try:
            work(*args)
        except AssertionError as e:
            failures.append(e)

    threads = [threading.Thread(target=guarded, args=(sender, server, ledger, n, counter, random.Random(rng.random()), stop))
               for n in range(SENDERS)]
    threads += [threading.Thread(target=guarded, args=(remover, server, user, boxes[user], stop, random.Random(rng.random())))
                for user in USERS]
    for t in threads:
        t.start()
    time.sleep(rng.uniform(0.1, 0.7))
    server.kill()
    stop.set()
    for t in threads:
        t.join()
    if failures:
        raise failures[0]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument('--server', required=True)
    options.add_argument('--rounds', type=int, default=20)
    options.add_argument('--seed', type=int, default=int.from_bytes(os.urandom(4), 'big'))
    given = options.parse_args()
    rng = random.Random(given.seed)
    print(f'seed {given.seed}', flush=True)
    top = tempfile.mkdtemp(prefix='mailvisor-crash.')
    data = os.path.join(top, 'data')
    server = Server(os.path.abspath(given.server), data)
    ledger = Ledger()
    counter = iter(range(10 ** 9))
    boxes = {u: {'known': {}, 'known_before': set(), 'order': [], 'order_before': [], 'gone': set(), 'in_doubt': set(),
                 'uid_max': 0} for u in USERS}
    os.makedirs(top, exist_ok=True)
    server_is_up = False
    try:
        os.makedirs(data, mode=0o700)
        server.start()
        server_is_up = True
        for domain in ('a.example', 'b.example'):
            server.cli('domain', 'add', domain)
        for user in USERS:
            server.cli('account', 'add', user, '--password-stdin', stdin=PASSWORD + '\n')
        acked_before = 0
        for n in range(given.rounds):
            one_round(server, ledger, boxes, counter, rng)
            server.start()
            verify(server, ledger, boxes)
            acked = sum(m['acked'] for m in ledger.mails.values())
            print(f'round {n + 1}: {acked - acked_before} acknowledged, {len(ledger.mails)} begun in all', flush=True)
            acked_before = acked
        assert acked_before > 10 * given.rounds, f'only {acked_before} mails were acknowledged: the test had no load'
        print(f'{acked_before} acknowledged mails, {given.rounds} kills, none lost, none doubled')
    except AssertionError:
        print(f'data kept in {top}', file=sys.stderr)
        top = None
        raise
    finally:
        if server_is_up and server.process.poll() is None:
            server.kill()
        if top is not None:
            shutil.rmtree(top)


if __name__ == '__main__':
    main()
