# SPDX-License-Identifier: MIT
"""InterIMAP: a client that believes every word of QRESYNC, VANISHED and ESEARCH, between two accounts of one real server.

It asks for LITERAL+, UIDPLUS and QRESYNC, keeps HIGHESTMODSEQ of both sides, and stops at any answer that its grammar does not
have or that contradicts what it was told before. The remote side is compressed (COMPRESS=DEFLATE).
"""
import imaplib
import re
import subprocess

import pytest

PASSWORD = 'correct horse battery'
LEFT, RIGHT = 'alice@a.example', 'bob@a.example'
PATIENCE_S = 60


@pytest.fixture
def pair(server, tmp_path):
    server.cli('domain', 'add', 'a.example')
    for user in (LEFT, RIGHT):
        server.cli('account', 'add', user, '--password-stdin', stdin=PASSWORD + '\n')
    (tmp_path / 'interimap').write_text(
        f'database = {tmp_path}/interimap.db\nlist-mailbox = "*"\nignore-mailbox = ^Other Users\n' + ''.join(
            f'\n[{side}]\ntype = imap\nhost = 127.0.0.1\nport = {server.ports["imap"]}\nSTARTTLS = NO\n'
            f'username = {user}\npassword = {PASSWORD}\n' for side, user in (('local', LEFT), ('remote', RIGHT))))
    return server


def sync(server, *more):
    homes = {'HOME': str(server.folder), 'XDG_DATA_HOME': str(server.folder)}
    done = subprocess.run(['interimap', f'--config={server.folder}/interimap', *more], capture_output=True, text=True,
                          timeout=PATIENCE_S, env=server.environment | homes)
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout + done.stderr
    # A mailbox may stand already, for it was made with one below it.
    wrong = [line for line in said.splitlines() if re.search('BUG|WARNING|violation|perl', line) and 'ALREADYEXISTS' not in line]
    assert not wrong, said


def login(server, user):
    m = imaplib.IMAP4('127.0.0.1', server.ports['imap'], PATIENCE_S)
    m.login(user, PASSWORD)
    return m


def content(server, user):
    """Of each mailbox its messages: subject and flags."""
    m, found = login(server, user), {}
    for line in m.list()[1]:
        name = line.decode().rsplit(' ', 1)[1].strip('"')
        assert m.select(f'"{name}"', readonly=True)[0] == 'OK'
        rows = m.fetch('1:*', '(FLAGS BODY.PEEK[])')[1]
        rows = [row for row in rows if isinstance(row, tuple)]
        found[name] = sorted((row[1], tuple(sorted(f for f in imaplib.ParseFlags(row[0]) if f != b'\\Recent'))) for row in rows)
    m.logout()
    return found


def append(m, mailbox, subject, flags=''):
    assert m.append(mailbox, f'({flags})', None, f'Subject: {subject}\r\n\r\nText of {subject}.\r\n'.encode())[0] == 'OK'


def test_both_ways(pair):
    left, right = login(pair, LEFT), login(pair, RIGHT)
    for name in ('Work', 'Work/2026', '&ZeVnLIqe-'):
        assert left.create(name)[0] == 'OK'
    for n in range(40):
        append(left, 'INBOX', f'left {n}', '\\Seen' if n % 3 else '$Forwarded')
    for n in range(5):
        append(left, 'Work/2026', f'work {n}', '\\Flagged')
        append(right, 'INBOX', f'right {n}')
    sync(pair)
    sync(pair)  # it takes over the modseqs of what it wrote itself
    assert content(pair, LEFT) == content(pair, RIGHT)
    assert len(content(pair, RIGHT)['INBOX']) == 45
    # Changes on both sides, of flags and messages, with holes in the UIDs.
    left.select('INBOX')
    right.select('INBOX')
    left.store('1:20', '+FLAGS', '(\\Deleted)')
    left.uid('expunge', '1:5,7,9:12')
    right.store('30:35', '-FLAGS', '(\\Seen)')
    right.store('36', '+FLAGS', '(\\Deleted)')
    right.expunge()
    append(right, 'Work', 'from the right')
    sync(pair)
    assert content(pair, LEFT) == content(pair, RIGHT)
    assert len(content(pair, LEFT)['INBOX']) == 34
    # Nothing changed: it finds that by HIGHESTMODSEQ alone.
    sync(pair)
    assert content(pair, LEFT) == content(pair, RIGHT)
    left.logout()
    right.logout()


def test_after_a_restart(pair):
    left = login(pair, LEFT)
    for n in range(10):
        append(left, 'INBOX', f'm{n}')
    sync(pair)
    sync(pair)
    left.select('INBOX')
    left.store('1:4', '+FLAGS', '(\\Deleted)')
    left.expunge()
    left.store('1', '+FLAGS', '(\\Answered)')
    left.logout()
    assert pair.stop() == 0
    ports = pair.ports
    pair.start(f'imap.listen=127.0.0.1:{ports["imap"]}')
    sync(pair)
    assert content(pair, LEFT) == content(pair, RIGHT)
    assert len(content(pair, RIGHT)['INBOX']) == 6
