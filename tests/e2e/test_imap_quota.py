# SPDX-License-Identifier: MIT
"""A quota while many sessions fill the account at once (RFC 9208): never passed, refused with the reason, counted exactly."""
import re
import smtplib
import threading

import pytest

from test_imap_sessions import PASSWORD, USER, Session

MESSAGES, KB = 40, 60


@pytest.fixture
def box(server):
    server.cli('domain', 'add', 'a.example')
    server.cli('account', 'add', USER, '--password-stdin', stdin=PASSWORD + '\n')
    return server


def usage(session):
    """(KB used, KB allowed, messages, messages allowed)"""
    [line] = session.do('GETQUOTA ""')
    return tuple(map(int, re.fullmatch(r'\* QUOTA "" \(STORAGE (\d+) (\d+) MESSAGE (\d+) (\d+)\)', line).groups()))


class Load:
    """What the threads were told."""

    def __init__(self, box):
        self.box, self.lock, self.stop = box, threading.Lock(), threading.Event()
        self.taken, self.refused, self.wrong = 0, 0, []

    def count(self, answer):
        with self.lock:
            if answer.startswith('OK'):
                self.taken += 1
            elif answer.startswith('NO [OVERQUOTA]'):
                self.refused += 1
            else:
                self.wrong.append(answer)

    def appends(self, number):
        s = Session(self.box, None)
        for n in range(25):
            text = f'Subject: {number}.{n}\r\n\r\n' + 'x' * (500 + 97 * (n % 20))
            s.end(s.start(f'APPEND INBOX {{{len(text)}+}}\r\n{text}'), '')
            self.count(s.last)

    def copies(self, number):
        s = Session(self.box, 'Seed')
        for _ in range(25):
            s.end(s.start('COPY 1 Copies'), '')
            self.count(s.last)

    def mails(self, number):
        with smtplib.SMTP('127.0.0.1', self.box.ports['smtp'], timeout=20) as smtp:
            for n in range(15):
                try:
                    smtp.sendmail('x@c.example', [USER], f'Subject: {number}.{n}\r\n\r\n' + 'y' * 900 + '\r\n')
                    self.count('OK')
                except smtplib.SMTPRecipientsRefused as e:
                    self.count('NO [OVERQUOTA]' if e.recipients[USER][0] == 452 else repr(e))
                except smtplib.SMTPDataError as e:
                    self.count('NO [OVERQUOTA]' if e.smtp_code == 452 else repr(e))

    def looks(self, number):
        s = Session(self.box, None)
        while not self.stop.is_set():
            told = usage(s)
            if told[0] > KB or told[2] > MESSAGES or told[1::2] != (KB, MESSAGES):
                with self.lock:
                    self.wrong.append(told)


def test_many_sessions_fill_one_account(box):
    s = Session(box, None)
    for name in ('Seed', 'Copies'):
        s.do(f'CREATE {name}')
    s.do('APPEND Seed {1000+}\r\n' + 'z' * 1000)
    s.do(f'SETQUOTA "" (STORAGE {KB} MESSAGE {MESSAGES})')
    load = Load(box)
    workers = [threading.Thread(target=work, args=(n,)) for n, work in
               enumerate((load.appends, load.copies, load.mails, load.appends, load.copies, load.mails))]
    watch = threading.Thread(target=load.looks, args=(9,))
    for t in [watch, *workers]:
        t.start()
    for t in workers:
        t.join()
    load.stop.set()
    watch.join()
    assert not load.wrong and load.refused > 0, load.wrong
    # Exactly what was acknowledged is there, and it is what the quota counts.
    there, sizes = 0, 0
    for name in ('INBOX', 'Seed', 'Copies'):
        [line] = s.do(f'STATUS {name} (MESSAGES SIZE)')
        messages, size = map(int, re.search(r'MESSAGES (\d+) SIZE (\d+)', line).groups())
        there, sizes = there + messages, sizes + size
    assert there == load.taken + 1
    assert usage(s) == (-(-sizes // 1024), KB, there, MESSAGES)
    # The last place is gone: one resource or the other is full.
    text = 'x' * 2500
    s.do(f'APPEND INBOX {{{len(text)}+}}\r\n{text}', 'NO [OVERQUOTA]')


def test_a_limit_below_what_is_used(box):
    """What is there stays; nothing comes in until there is room; other sessions see it at once."""
    one, two = Session(box), Session(box)
    for _ in range(5):
        one.do('APPEND INBOX {3+}\r\na:b')
    two.do('SETQUOTA "" (MESSAGE 3)')
    assert one.do('GETQUOTA ""') == ['* QUOTA "" (MESSAGE 5 3)']
    one.do('APPEND INBOX {3+}\r\na:b', 'NO [OVERQUOTA]')
    one.do('COPY 1 INBOX', 'NO [OVERQUOTA]')
    one.do('STORE 1:2 +FLAGS (\\Deleted)')
    assert one.do('STATUS INBOX (DELETED DELETED-STORAGE)') == ['* STATUS INBOX (DELETED 2 DELETED-STORAGE 6)']
    one.do('REPLACE 5 INBOX {3+}\r\na:c')  # takes no more room
    one.do('EXPUNGE')
    one.do('APPEND INBOX {3+}\r\na:b', 'NO [OVERQUOTA]')
    two.do('SETQUOTA "" ()')
    one.do('APPEND INBOX {3+}\r\na:b')
