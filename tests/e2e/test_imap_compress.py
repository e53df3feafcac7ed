# SPDX-License-Identifier: MIT
"""COMPRESS=DEFLATE (RFC 4978) as a client sees it: plain and over TLS, byte by byte, in IDLE, parked, bombed."""
import re
import socket
import ssl
import subprocess
import threading
import time
import zlib
from pathlib import Path

import pytest

from test_imap_sessions import PASSWORD, PATIENCE_S, USER, Session, box, send  # noqa: F401  (box is the fixture)

MANY = 90


class Deflated(Session):
    """A session that can deflate, over TLS or not."""

    def __init__(self, server, has_tls=False, select='INBOX'):
        self.sock = socket.create_connection(('127.0.0.1', server.ports['imaps' if has_tls else 'imap']), PATIENCE_S)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if has_tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self.sock = context.wrap_socket(self.sock)
        self.deflater = self.inflater = None
        self.heard, self.tags = b'', 0
        assert self.line().startswith('* OK ')
        self.do(f'LOGIN {USER} "{PASSWORD}"')
        if select:
            self.do(f'SELECT {select}')

    def more(self):
        data = self.sock.recv(65536)
        assert data, f'the server closed: {self.heard!r}'
        self.heard += self.inflater.decompress(data) if self.inflater else data

    def line(self):
        while b'\r\n' not in self.heard:
            self.more()
        text, _, self.heard = self.heard.partition(b'\r\n')
        return text.decode()

    def bytes(self, count):
        while len(self.heard) < count:
            self.more()
        data, self.heard = self.heard[:count], self.heard[count:]
        return data

    def deflated(self, text):
        return self.deflater.compress(text) + self.deflater.flush(zlib.Z_SYNC_FLUSH)

    def say(self, text):
        data = text.encode() + b'\r\n'
        self.sock.sendall(self.deflated(data) if self.deflater else data)

    def both_deflate(self):
        self.deflater, self.inflater = zlib.compressobj(wbits=-15), zlib.decompressobj(-15)

    def compress(self):
        self.do('COMPRESS DEFLATE')
        assert self.heard == b''
        self.both_deflate()
        return self


@pytest.mark.parametrize('has_tls', [False, True])
def test_a_whole_session(box, has_tls):
    send(box, 'one')
    s = Deflated(box, has_tls).compress()
    assert ' COMPRESS=DEFLATE' not in s.do('CAPABILITY')[0]
    s.do('COMPRESS DEFLATE', 'BAD [COMPRESSIONACTIVE]')
    # Byte by byte, each of them a packet of its own.
    for byte in s.deflated(b'x1 UID FETCH 1 (FLAGS UID)\r\n'):
        s.sock.sendall(bytes([byte]))
    assert s.line() == '* 1 FETCH (UID 1 FLAGS (\\Recent))'
    assert s.line().startswith('x1 OK')
    # A message that is more than all buffers, there and back.
    text = 'Subject: big\r\n\r\n' + 'All work and no play.\r\n' * 40000 + ''.join(
        f'{n * n * 7919 % 1000003:x}\r\n' for n in range(60000))
    tag = s.start(f'APPEND INBOX {{{len(text)}}}')
    assert s.line().startswith('+ ')
    s.sock.sendall(s.deflated(text.encode() + b'\r\n'))
    assert '* 2 EXISTS' in s.end(tag)
    tag = s.start('FETCH 2 BODY.PEEK[]')
    assert s.line() == f'* 2 FETCH (BODY[] {{{len(text)}}}'
    assert s.bytes(len(text)) == text.encode()
    assert s.end(tag) == [')']
    # A peer that flushes less: Z_PARTIAL_FLUSH ends inside a byte.
    for n in range(30):
        s.sock.sendall(s.deflater.compress(f'y{n} NOOP\r\n'.encode()) + s.deflater.flush(zlib.Z_PARTIAL_FLUSH))
        assert s.line().startswith(f'y{n} OK')
    assert s.do('LOGOUT')[0].startswith('* BYE')


@pytest.mark.parametrize('has_tls', [False, True])
def test_idle_is_pushed(box, has_tls):
    s = Deflated(box, has_tls).compress()
    for n in range(1, 6):
        s.idle()
        send(box, f'm{n}')
        assert s.line() == f'* {n} EXISTS'
        assert s.line() == f'* {n} RECENT'
        assert s.done() == []
        # What is repeated points back over the rests in between.
        assert len(s.do(f'FETCH {n} (UID FLAGS ENVELOPE BODYSTRUCTURE)')) == 1


def test_deflated_bytes_right_behind_the_command(box):
    """A client ought to wait for the answer; one that is sure of it loses nothing."""
    s = Deflated(box)
    deflater = zlib.compressobj(wbits=-15)
    s.sock.sendall(b'c COMPRESS DEFLATE\r\n' + deflater.compress(b'd NOOP\r\ne FETCH 1:* FLAGS\r\n')
                   + deflater.flush(zlib.Z_SYNC_FLUSH))
    while b'\r\n' not in s.heard:
        s.more()
    line, _, rest = s.heard.partition(b'\r\n')
    assert line.startswith(b'c OK')
    s.deflater, s.inflater = deflater, zlib.decompressobj(-15)
    s.heard = s.inflater.decompress(rest)
    assert s.line().startswith('d OK') and s.line().startswith('e ')
    s.do('NOOP')


def most_kb(server):
    """The most memory it ever had; a sanitizer's own is not counted, nor is then anything else."""
    return 0 if is_sanitized(server) else int(
        re.search(r'^VmHWM:\s+(\d+) kB', Path(f'/proc/{server.pid}/status').read_text(), re.M)[1])


def is_sanitized(server):
    return 'sanitizer' in server.json('status')['sandbox']


def test_a_bomb_is_dropped(box):
    s = Deflated(box).compress()
    before = most_kb(box)
    block = b'A' * (1 << 20)
    bomb = b''.join(s.deflater.compress(block) for _ in range(64)) + s.deflater.flush(zlib.Z_SYNC_FLUSH)
    assert len(bomb) < 100000
    with pytest.raises((AssertionError, ConnectionError)):  # no line is so long
        s.sock.sendall(bomb)
        s.line()
    assert most_kb(box) - before < 8192
    assert Deflated(box).do('NOOP') == []


def pss_kb(server):
    return int(re.search(r'^Pss:\s+(\d+) kB', Path(f'/proc/{server.pid}/smaps_rollup').read_text(), re.M)[1])


def idling(server, count, is_deflated):
    sessions = []
    for _ in range(count):
        s = Deflated(server)
        if is_deflated:
            s.compress()
        s.do('FETCH 1:* (FLAGS ENVELOPE)', '')
        s.idle()
        sessions.append(s)
    return sessions


def test_a_parked_session_is_small(box):
    """Neither a thread nor zlib's 310 KB: what is kept is what the client has said."""
    send(box, 'one')
    warm = idling(box, 4, True)
    sizes = []
    for is_deflated in (False, True):
        before = pss_kb(box)
        sessions = idling(box, MANY, is_deflated)
        wait_until(lambda: box.json('status')['numbers']['pool']['parked'] >= len(warm) + len(sessions))
        sizes.append((pss_kb(box) - before) / MANY)
        warm += sessions
    print(f'\nPSS of a parked session: {sizes[0]:.1f} KB plain, {sizes[1]:.1f} KB deflated')
    assert sizes[1] - sizes[0] < 16 or is_sanitized(box)


def wait_until(claim, seconds=20):
    end = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < end
        time.sleep(0.02)


class Tap(threading.Thread):
    """Passes bytes on, and keeps what the clients say."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.to, self.said = ('127.0.0.1', port), b''
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(self.to)
            threading.Thread(target=self.copy, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self.copy, args=(server, client, False), daemon=True).start()

    def copy(self, from_, to, is_client):
        try:
            while data := from_.recv(65536):
                self.said += data if is_client else b''
                to.sendall(data)
            to.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # one of them left


def run(*words, **more):
    done = subprocess.run(words, capture_output=True, timeout=60, **more)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()


def test_mbsync_deflates(box, tmp_path):
    for n in range(3):
        send(box, f'mail {n}')
    tap, rc = Tap(box.ports['imap']), tmp_path / 'mbsyncrc'
    rc.write_text(f'''IMAPStore far
Host 127.0.0.1
Port {tap.port}
User {USER}
Pass "{PASSWORD}"
SSLType None
AuthMechs LOGIN

MaildirStore near
Path {tmp_path}/mail/
Inbox {tmp_path}/mail/INBOX

Channel all
Far :far:
Near :near:
Create Near
SyncState *
''')
    (tmp_path / 'mail').mkdir()
    run('mbsync', '-c', str(rc), '-a')
    assert b'COMPRESS DEFLATE\r\n' in tap.said and b'SELECT' not in tap.said
    assert len(list((tmp_path / 'mail/INBOX/new').iterdir())) == 3


def test_mutt_deflates(box, tmp_path):
    tap, rc = Tap(box.ports['imap']), tmp_path / 'muttrc'
    rc.write_text(f'''set imap_deflate=yes ssl_starttls=no ssl_force_tls=no imap_authenticators="login"
set imap_user="{USER}" imap_pass="{PASSWORD}" sendmail="/bin/true" copy=yes record="imap://127.0.0.1:{tap.port}/INBOX"
''')
    run('mutt', '-n', '-F', str(rc), '-s', 'filed by mutt', 'bob@b.example', input=b'Hello.\n' * 2000,
        env={'HOME': str(tmp_path), 'PATH': '/usr/bin:/bin', 'TERM': 'dumb'})
    assert b'COMPRESS DEFLATE\r\n' in tap.said and b'APPEND' not in tap.said and len(tap.said) < 2000
    s = Session(box)
    assert s.do('SEARCH SUBJECT "filed by mutt" BODY "Hello."') == ['* SEARCH 1']
