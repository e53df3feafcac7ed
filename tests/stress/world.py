# SPDX-License-Identifier: MIT
"""The server under stress, and the comparison of what it holds with what the model says it must."""
import datetime
import hashlib
import os
import poplib
import re
import signal
import smtplib
import subprocess
import time

from grammar import Disagreement
from imap import Session
from model import Box

USER, OTHER, PASSWORD = 'alice@a.example', 'bob@a.example', 'for the stress test'
QUOTA_BYTES, QUOTA_MESSAGES = 100 << 20, 100000  # never reached; but what is used is told only of those who have one
START_SECONDS_MAX = 60
SERVICES = ('smtp', 'submission', 'submissions', 'pop3', 'pop3s', 'imap', 'imaps', 'lmtp')
USED = ('smtp', 'pop3', 'imap', 'lmtp')


class Server:
    """`mailvisor serve` on free ports, started and killed many times."""

    def __init__(self, program, folder):
        self.program, self.folder, self.data = program, folder, os.path.join(folder, 'data')
        self.process = None

    def start(self):
        words = [self.program, 'serve', '--data', self.data, '--set', 'user=']
        for name in SERVICES:
            words += ['--set', f'{name}.listen={"127.0.0.1:0" if name in USED else ""}']
        path = os.path.join(self.folder, 'stderr')
        with open(path, 'ab') as out:
            size = out.tell()
            self.process = subprocess.Popen(words, start_new_session=True, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        end = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < end:
            with open(path, 'rb') as f:
                f.seek(size)
                hit = re.search(rb'^ready: (.*)$', f.read(), re.M)
            if hit:
                words = hit.group(1).decode().split()
                self.ports = {n: int(a.rpartition(':')[2]) for n, a in zip(words[::2], words[1::2]) if ':' in a}
                return
            if self.process.poll() is not None:
                raise Disagreement(f'the server ended with {self.process.returncode} while starting; see {path}')
            time.sleep(0.01)
        raise Disagreement(f'not ready within {START_SECONDS_MAX} s')

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        status = self.process.wait(60)
        if status != 0:
            raise Disagreement(f'the server stopped with status {status}')

    def died(self):
        return self.process.poll() is not None

    def cli(self, *words, stdin=''):
        subprocess.run([self.program, *words, '--data', self.data], input=stdin, text=True, check=True,
                       stdout=subprocess.DEVNULL)

    def prepare(self):
        os.makedirs(self.data, mode=0o700)
        self.start()
        self.cli('domain', 'add', 'a.example')
        for user in (USER, OTHER):
            self.cli('account', 'add', user, '--password-stdin', stdin=PASSWORD + '\n')
            self.set_quota(user, QUOTA_MESSAGES)

    def set_quota(self, user, messages):
        self.cli('account', 'set', user, '--quota', str(QUOTA_BYTES), '--quota-messages', str(messages))

    def session(self, name, user=USER):
        return Session(self.ports['imap'], user, PASSWORD, name)

    def deliver(self, text, way, user=USER):
        if way == 'lmtp':
            with smtplib.LMTP('127.0.0.1', self.ports['lmtp'], timeout=60) as s:
                s.sendmail('bob@c.example', [user], text)
        else:
            with smtplib.SMTP('127.0.0.1', self.ports['smtp'], timeout=60) as s:
                s.sendmail('bob@c.example', [user], text)

    def pop3_delete(self, chosen):
        """Deletes messages by their number."""
        p = poplib.POP3('127.0.0.1', self.ports['pop3'], timeout=60)
        p.user(USER)
        p.pass_(PASSWORD)
        for n in chosen:
            p.dele(n)
        p.quit()


class Seen:
    """A mailbox as a fresh session sees it."""

    def __init__(self, oracle, place):
        answer = oracle.select(place, ' (CONDSTORE)', read_only=True)
        self.is_there = answer.startswith('OK')
        if not self.is_there:
            return
        view = oracle.view
        self.uid_validity, self.highest = view.uid_validity, view.highest_modseq
        self.rows = {}
        if view.uids:
            oracle.do('FETCH 1:* (UID FLAGS MODSEQ RFC822.SIZE INTERNALDATE)')
            for kind, uid, values in oracle.results:
                assert kind == 'FETCH'
                self.rows[uid] = (oracle.view.flags[uid], int(values['MODSEQ'][0]), int(values['RFC822.SIZE']),
                                  seconds(values['INTERNALDATE']))
        oracle.do(f'STATUS {oracle.spell(place)} (UIDNEXT)')
        words = oracle.results[-1][1][-1]
        self.uid_next = int(words[words.index('UIDNEXT') + 1])


def differences(box, seen):
    """Why what was seen is not the model's; empty when it is."""
    why = []
    if not seen.is_there:
        return ['it is not there']
    if seen.uid_validity != box.uid_validity:
        why.append(f'UIDVALIDITY {seen.uid_validity}, not {box.uid_validity}')
    if seen.uid_next != box.uid_next:
        why.append(f'UIDNEXT {seen.uid_next}, not {box.uid_next}')
    if list(seen.rows) != list(box.messages):
        extra, missing = set(seen.rows) - set(box.messages), set(box.messages) - set(seen.rows)
        why.append(f'UIDs: {sorted(extra)} too many, {sorted(missing)} missing')
        return why
    for uid, m in box.messages.items():
        flags, modseq, size, internal = seen.rows[uid]
        if flags != m.flags:
            why.append(f'UID {uid} has {sorted(flags)}, not {sorted(m.flags)}')
        if m.size is not None and size != m.size:
            why.append(f'UID {uid} has {size} bytes, not {m.size}')
        if m.internal is not None and internal != m.internal:
            why.append(f'UID {uid} has INTERNALDATE {internal}, not {m.internal}')
        if m.modseq == 0 and modseq <= m.modseq_before:
            why.append(f'UID {uid} changed, but its MODSEQ {modseq} is not above {m.modseq_before}')
        if m.modseq != 0 and modseq != m.modseq:
            why.append(f'UID {uid} did not change, but its MODSEQ {m.modseq} is {modseq} now')
        if modseq > seen.highest:
            why.append(f'UID {uid} has MODSEQ {modseq}, over HIGHESTMODSEQ {seen.highest}')
    if box.is_changed and seen.highest <= box.highest and not box.is_noted:
        why.append(f'HIGHESTMODSEQ {seen.highest} after a change, {box.highest} before')
    if not box.is_changed and seen.highest != box.highest and not box.is_noted:
        why.append(f'HIGHESTMODSEQ {box.highest} became {seen.highest} without a change')
    return why


def adopt(box, seen):
    """What only the server can know: modification sequences, sizes of delivered mail and when it came."""
    for uid, m in box.messages.items():
        _, m.modseq, m.size, m.internal = seen.rows[uid]
    box.highest, box.is_changed = seen.highest, False


def check(oracle, place, box):
    seen = Seen(oracle, place)
    why = differences(box, seen)
    if why:
        oracle.wrong(f'mailbox {place}: ' + '; '.join(why[:10]))
    adopt(box, seen)


def check_either(oracles, before, after):
    """After a kill in a command: every mailbox is as before it or as after it, and all are on one side. The boxes that it is."""
    seen = {place: Seen(oracles[place[0]], place) for place in {*before, *after}}
    problems = []
    for side in (after, before):
        why = [f'{place}: {d}' for place, box in side.items() for d in differences(box, seen[place])]
        why += [f'{place}: it is there' for place, s in seen.items() if s.is_there and place not in side]
        if not why:
            for place, box in side.items():
                adopt(box, seen[place])
                box.is_noted = False
            return side
        problems.append(why[:5])
    raise Disagreement(f'neither after the command ({problems[0]}) nor before it ({problems[1]})')


def check_bodies(oracle, place, box):
    """The bytes of every message that we appended ourselves."""
    oracle.select(place, read_only=True)
    if not box.messages:
        return
    oracle.do('FETCH 1:* (UID BODY.PEEK[])')
    for _, uid, values in oracle.results:
        if box.messages[uid].digest() not in (None, hashlib.sha256(values['BODY[]']).hexdigest()):
            oracle.wrong(f'mailbox {place}: the bytes of UID {uid} are others')


def seconds(date):
    """Of an INTERNALDATE."""
    return datetime.datetime.strptime(date.decode().strip(), '%d-%b-%Y %H:%M:%S %z').timestamp()


def first_boxes(oracle):
    """An account's mailboxes at the start: INBOX alone."""
    oracle.do('LIST "" "*"')
    boxes = {}
    for _, words in oracle.results:
        place = oracle.place(words[-1])
        seen = Seen(oracle, place)
        box = boxes[place] = Box(seen.uid_validity)
        box.uid_next, box.highest, box.is_changed = seen.uid_next, seen.highest, False
    return boxes
