# SPDX-License-Identifier: MIT
"""Clients that do not read, commands that take long: nobody else waits, and nothing is kept in memory for them."""
import select

import pytest

from test_imap_compress import most_kb, wait_until
from test_imap_sessions import Session, box  # noqa: F401  (box is the fixture)

MESSAGE_BYTES = 4 << 20


def fill(session, count, size=MESSAGE_BYTES):
    line = b'All work and no play makes Jack a dull boy, it says here.\r\n'
    text = b'Subject: big\r\n\r\n' + line * (size // len(line))
    for _ in range(count):
        tag = session.start(f'APPEND INBOX {{{len(text)}+}}')
        session.sock.sendall(text + b'\r\n')
        session.end(tag)
    return len(text)


def numbers(server, group):
    return server.json('status')['numbers'][group]


def never_read(server):
    """A session that asks for much and does not look at it."""
    s = Session(server)
    s.sock.sendall(b'x FETCH 1:* BODY.PEEK[]\r\n' * 50)
    return s


@pytest.mark.serve('wait.data=1s')
def test_a_client_that_never_reads_is_dropped_and_not_buffered(box):
    size = fill(Session(box), 4)
    before = most_kb(box)
    open_before = numbers(box, 'connections')['open']
    never = [never_read(box) for _ in range(5)]
    wait_until(lambda: numbers(box, 'connections')['open'] == open_before)
    # 5 clients asked for 4 GB in all.
    assert most_kb(box) - before < 12 << 10
    for s in never:
        s.sock.settimeout(20)
        got = 0
        try:
            while piece := s.sock.recv(1 << 20):
                got += len(piece)
        except ConnectionResetError:
            pass
        assert got < 3 * size


@pytest.mark.serve('workers=2', 'wait.data=5m')
def test_clients_that_read_slowly_or_never_do_not_hold_all_threads(box):
    fill(Session(box), 1)
    slow = [never_read(box) for _ in range(12)]
    wait_until(lambda: numbers(box, 'pool')['busy'] >= len(slow))
    other = Session(box)
    for n in range(20):
        assert other.do('NOOP') == []
        for s in slow[:6]:
            assert s.sock.recv(2000)
    assert numbers(box, 'pool')['workers'] <= len(slow) + 2
    for s in slow:
        s.file.close()
        s.sock.close()
    wait_until(lambda: numbers(box, 'pool')['busy'] == 0)


@pytest.mark.serve('workers=2')
def test_a_long_search_does_not_stop_others(box):
    one, two = Session(box), Session(box)
    fill(one, 6)
    two.do('NOOP')
    pipeline = 30
    tags = [one.start('SEARCH BODY "no such words in it"') for _ in range(pipeline)]
    first, last = f'{tags[0]} OK'.encode(), f'{tags[-1]} OK'.encode()
    for n in range(20):
        assert two.do('STATUS INBOX (MESSAGES)') == ['* STATUS INBOX (MESSAGES 6)']
    # 700 MB are not searched in the time of twenty small commands.
    heard = b''
    while select.select([one.sock], [], [], 0)[0]:
        heard += one.sock.recv(65536)
    assert last not in heard
    # Nor does an answer wait for those that are still to come.
    while first not in heard:
        heard += one.sock.recv(65536)
    assert last not in heard
    while last not in heard:
        heard += one.sock.recv(65536)
    assert heard.count(b'* SEARCH\r\n') == pipeline


def test_a_literal_is_refused_before_it_is_read(box):
    """RFC 9051 4.3: whoever waits for "+" need not send what is not wanted; whoever does not is answered all the same."""
    s = Session(box)
    for command, code in [('APPEND INBOX {4000000000}', 'NO [TOOBIG]'), ('APPEND Nowhere {100000}', 'NO [TRYCREATE]'),
                          ('APPEND INBOX CATENATE (URL "/INBOX/;UID=77" TEXT {100000}', 'NO [BADURL /INBOX/;UID=77]'),
                          ('REPLACE 1 INBOX {100000}', 'NO [NONEXISTENT]'), ('UID SEARCH TEXT {70000}', 'NO [TOOBIG]'),
                          ('SELECT {4000000000}', 'NO [TOOBIG]'), ('NONSENSE {100}', 'BAD'),
                          ('APPEND INBOX {18446744073709551616}', 'BAD')]:
        s.do(command, code)
    before = most_kb(box)
    for command, code in [('APPEND Nowhere', 'NO [TRYCREATE]'), ('UID REPLACE 9 INBOX', 'NO [NONEXISTENT]')]:
        tag = s.start(command + ' {%d+}' % (20 << 20))
        for _ in range(20):
            s.sock.sendall(b'x' * (1 << 20))
        s.sock.sendall(b'\r\n')
        s.end(tag, code)
    assert most_kb(box) - before < 4096
    assert s.do('NOOP') == []
