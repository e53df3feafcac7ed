# SPDX-License-Identifier: MIT
"""An answer that means "on disk" comes after the kernel was asked to put it there, and said that it did.

kill -9 (tests/crash) cannot see a missing sync: what was written outlives the process in the kernel's memory. strace can.
"""
import poplib
import re
import shutil
import smtplib
import subprocess

import pytest

CALLS = 'fsync,fdatasync,sendto,sendmsg,write,writev'


@pytest.fixture
def traced(server):
    """The server with every sync and every answer written to a file; lines() gives what happened since the last call."""
    if shutil.which('strace') is None:
        pytest.skip('there is no strace')
    out = server.folder / 'trace'
    tracer = subprocess.Popen(['strace', '-f', '-qq', '-s', '60', '-e', f'trace={CALLS}', '-o', str(out), '-p', str(server.pid)],
                              stderr=subprocess.PIPE, text=True)
    with smtplib.SMTP('127.0.0.1', server.ports['smtp'], timeout=20) as s:
        for _ in range(1000):  # until it is attached, or gave up
            s.noop()
            if tracer.poll() is not None:
                pytest.skip(f'strace may not: {tracer.stderr.read()}')
            if out.exists() and '250 2.0.0 OK' in out.read_text():
                break
    yield lambda: out.read_text(errors='replace').splitlines()
    tracer.terminate()
    tracer.wait(20)


def synced_before(lines, answer, after):
    """For each answer: did a sync end well between the last line `after` and it?"""
    told, is_synced = [], False
    for line in lines:
        if after in line:
            is_synced = False
        if re.search(r'(fsync|fdatasync)(\(\d+| resumed>)\) *= 0$', line):
            is_synced = True
        if answer in line:
            told.append(is_synced)
            is_synced = False
    return told


@pytest.mark.serve('sandbox=no')
def test_an_accepted_mail_was_synced(server, traced):
    server.cli('domain', 'add', 'a.example')
    server.cli('account', 'add', 'alice@a.example', '--password-stdin', stdin='secret\n')
    with smtplib.SMTP('127.0.0.1', server.ports['smtp'], timeout=20) as s:
        for size in (10, 1000, 100000, 3000000):
            s.sendmail('x@far.example', ['alice@a.example'], 'Subject: x\r\n\r\n' + ('y' * 70 + '\r\n') * (size // 72))
    assert synced_before(traced(), '250 2.0.0 Message accepted', '354 Go ahead') == [True] * 4


@pytest.mark.serve('sandbox=no')
def test_a_removed_mail_was_synced(server, traced):
    server.cli('domain', 'add', 'a.example')
    server.cli('account', 'add', 'alice@a.example', '--password-stdin', stdin='secret\n')
    with smtplib.SMTP('127.0.0.1', server.ports['smtp'], timeout=20) as s:
        s.sendmail('x@far.example', ['alice@a.example'], 'Subject: x\r\n\r\n')
    p = poplib.POP3('127.0.0.1', server.ports['pop3'], timeout=20)
    p.user('alice@a.example')
    p.pass_('secret')
    p.dele(1)
    p.quit()
    assert synced_before(traced(), '+OK Goodbye', 'Marked as deleted') == [True]
