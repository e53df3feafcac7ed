# SPDX-License-Identifier: MIT
"""Mail readers that people use, driven as people do: offlineimap both ways, and mutt at a terminal of its own."""
import contextlib
import imaplib
import os
import pty
import select
import signal
import smtplib
import subprocess
import time

import pytest

PASSWORD = 'correct horse battery'
USER = 'alice@a.example'
PATIENCE_S = 60


@pytest.fixture
def box(server):
    server.cli('domain', 'add', 'a.example')
    server.cli('account', 'add', USER, '--password-stdin', stdin=PASSWORD + '\n')
    return server


def send(server, subject):
    with smtplib.SMTP('127.0.0.1', server.ports['smtp'], timeout=20) as s:
        s.sendmail('bob@c.example', [USER], f'From: <bob@c.example>\r\nTo: <{USER}>\r\nSubject: {subject}\r\n\r\nHello.\r\n')


def login(server):
    m = imaplib.IMAP4('127.0.0.1', server.ports['imap'], PATIENCE_S)
    m.login(USER, PASSWORD)
    return m


def rows(server, mailbox='INBOX'):
    """Subject -> flags, without what is deleted."""
    m = login(server)
    m.select(mailbox, readonly=True)
    found = {}
    for uid in m.uid('SEARCH', None, 'UNDELETED')[1][0].split():
        _, data = m.uid('FETCH', uid, '(FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])')
        flags = imaplib.ParseFlags(data[0][0]) + imaplib.ParseFlags(data[1])
        found[data[0][1].decode().split(': ', 1)[1].strip()] = {f.decode() for f in flags} - {'\\Recent'}
    m.logout()
    return found


def offlineimap(server, folder):
    rc = folder / 'offlineimaprc'
    rc.write_text(f'''[general]
accounts = ours
metadata = {folder}/state
ui = basic

[Account ours]
localrepository = near
remoterepository = far

[Repository near]
type = Maildir
localfolders = {folder}/mail
sep = /

[Repository far]
type = IMAP
remotehost = 127.0.0.1
remoteport = {server.ports["imap"]}
remoteuser = {USER}
remotepass = {PASSWORD}
ssl = no
starttls = no
auth_mechanisms = PLAIN, LOGIN
maxconnections = 2
''')
    done = subprocess.run(['offlineimap', '-c', str(rc), '-o'], capture_output=True, text=True, timeout=PATIENCE_S,
                          env={'HOME': str(folder), 'PATH': '/usr/bin:/bin', 'LC_ALL': 'C.UTF-8'})
    assert done.returncode == 0 and 'ERROR' not in done.stdout + done.stderr, done.stdout + done.stderr


def files(folder):
    return sorted(p for sub in ('new', 'cur') for p in (folder / sub).iterdir())


def test_offlineimap_both_ways(box, tmp_path):
    for n in range(3):
        send(box, f'far {n}')
    m = login(box)
    m.create('Work/2026')
    m.append('Work/2026', r'(\Flagged)', None, b'Subject: work\r\n\r\nx\r\n')
    m.logout()
    offlineimap(box, tmp_path)
    inbox, work = tmp_path / 'mail/INBOX', tmp_path / 'mail/Work/2026'
    assert len(files(inbox)) == 3 and b'Subject: work' in files(work)[0].read_bytes()
    assert files(work)[0].name.endswith(':2,F')
    # Here: a new message, one read, one removed, a new folder. There: one more, and a flag.
    (inbox / 'new' / '1.near.host').write_bytes(b'Subject: near\n\nHi.\n')
    by_subject = {next(line for line in p.read_text().splitlines() if line.startswith('Subject'))[9:]: p for p in files(inbox)}
    read, gone = by_subject['far 0'], by_subject['far 1']
    read.rename(inbox / 'cur' / (read.name.split(':')[0] + ':2,S'))
    gone.unlink()
    for sub in ('cur', 'new', 'tmp'):
        (tmp_path / 'mail/Fresh' / sub).mkdir(parents=True)
    (tmp_path / 'mail/Fresh/new/1.fresh.host').write_bytes(b'Subject: fresh\n\nHi.\n')
    send(box, 'far 3')
    m = login(box)
    m.select('Work/2026')
    m.store('1', '+FLAGS', r'(\Answered)')
    m.logout()
    offlineimap(box, tmp_path)
    found = rows(box)
    assert set(found) == {'far 0', 'far 2', 'far 3', 'near'} and '\\Seen' in found['far 0'] and '\\Seen' not in found['far 2']
    assert set(rows(box, 'Fresh')) == {'fresh'}
    assert files(work)[0].name.endswith(':2,FR')
    assert len(files(inbox)) == 4
    # Nothing is left to do.
    before = sorted(p.name for p in files(inbox))
    offlineimap(box, tmp_path)
    assert sorted(p.name for p in files(inbox)) == before and rows(box) == found


# ---- mutt ----

@contextlib.contextmanager
def terminal(words, environment):
    """The process on a terminal of its own, whose output is read all the time; a function that waits for its end."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execvpe(words[0], words, environment)
    shown = bytearray()

    def wait(is_done=None):
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if is_done and is_done():
                return 0
            ready, _, _ = select.select([fd], [], [], 0.05)
            try:
                data = os.read(fd, 65536) if ready else None
            except OSError:
                data = b''
            if data == b'':
                return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            shown.extend(data or b'')
        raise AssertionError(f'it goes on after {PATIENCE_S} s:\n{shown[-3000:].decode(errors="replace")}')
    is_over = False
    try:
        yield wait, fd
        is_over = True
    finally:
        if not is_over:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
            print(shown[-5000:].decode(errors='replace'))
        os.close(fd)


def muttrc(server, folder, more=''):
    rc = folder / 'muttrc'
    rc.write_text(f'''set imap_user="{USER}" imap_pass="{PASSWORD}"
set folder="imap://127.0.0.1:{server.ports["imap"]}/" spoolfile="=INBOX"
set ssl_starttls=no ssl_force_tls=no imap_authenticators="plain:login"
set imap_condstore=yes imap_qresync=yes imap_idle=yes imap_check_subscribed=yes
set header_cache="{folder}/cache" message_cachedir="{folder}/cache" tmpdir="{folder}"
set smtp_url="smtp://127.0.0.1:{server.ports["smtp"]}/" ssl_starttls=no from="{USER}" record="=Sent" copy=yes
set confirmappend=no confirmcreate=no delete=yes quit=yes move=no wait_key=no mark_old=no sort=mailbox-order abort_unmodified=no
{more}
''')
    return rc, {'HOME': str(folder), 'PATH': '/usr/bin:/bin', 'LC_ALL': 'C.UTF-8', 'TERM': 'xterm', 'LINES': '40', 'COLUMNS': '120'}


def mutt(server, folder, keys):
    """Opens the inbox, types the keys, and must end by itself. What it said and heard."""
    rc, environment = muttrc(server, folder, f'push "{keys}"')
    with terminal(['mutt', '-n', '-F', str(rc), '-d', '3'], environment) as (wait, _):
        assert wait() == 0
    return (folder / '.muttdebug0').read_text(errors='replace')


def test_mutt_changes_moves_and_comes_back(box, tmp_path):
    for n in range(5):
        send(box, f'mail {n}')
    login(box).create('Archive')
    # Flag the first, mark the second as read, delete the third, move the fourth.
    mutt(box, tmp_path, '1<enter><flag-message>2<enter><clear-flag>N3<enter><delete-message>4<enter>'
         '<save-message><kill-line>=Archive<enter><sync-mailbox><quit>')
    found = rows(box)
    assert set(found) == {'mail 0', 'mail 1', 'mail 4'}
    assert '\\Flagged' in found['mail 0'] and '\\Seen' in found['mail 1'] and '\\Seen' not in found['mail 4']
    assert set(rows(box, 'Archive')) == {'mail 3'}
    # With its cache it comes back by QRESYNC, and sees what others did meanwhile.
    m = login(box)
    m.select()
    m.store('1', '+FLAGS', r'(\Deleted)')
    m.expunge()
    m.logout()
    send(box, 'mail 5')
    talk = mutt(box, tmp_path, '<tag-pattern>~A<enter><tag-prefix><copy-message><kill-line>=Archive<enter><quit>')
    assert 'VANISHED)' in talk and '* VANISHED (EARLIER) 1,3:4' in talk
    assert set(rows(box, 'Archive')) == {'mail 3', 'mail 1', 'mail 4', 'mail 5'}
    assert set(rows(box)) == {'mail 1', 'mail 4', 'mail 5'}


def test_mutt_sends_and_keeps_a_copy(box, tmp_path):
    login(box).create('Sent')
    rc, environment = muttrc(box, tmp_path)
    (tmp_path / 'part').write_bytes(bytes(range(256)) * 40)
    done = subprocess.run(['mutt', '-n', '-F', str(rc), '-s', 'größe', '-a', str(tmp_path / 'part'), '--', USER],
                          input='Ein Text.\n', text=True, capture_output=True, timeout=PATIENCE_S, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(rows(box)) == 1
    sent = rows(box, 'Sent')
    assert len(sent) == 1 and '\\Seen' in next(iter(sent.values()))
    m = login(box)
    m.select('Sent')
    structure = m.fetch('1', '(BODYSTRUCTURE)')[1][0]
    assert b'"mixed"' in structure.lower() and b'base64' in structure.lower()
    m.logout()


def test_mutt_hears_of_new_mail_while_it_idles(box, tmp_path):
    """imap_idle: the new message is shown without a key being pressed, and can be acted on."""
    send(box, 'first')
    rc, environment = muttrc(box, tmp_path, 'set timeout=1')
    talk = tmp_path / '.muttdebug0'
    with terminal(['mutt', '-n', '-F', str(rc), '-d', '3'], environment) as (wait, fd):
        wait(lambda: talk.exists() and ' IDLE' in talk.read_text(errors='replace'))
        send(box, 'second')
        wait(lambda: '2 EXISTS' in talk.read_text(errors='replace').partition(' IDLE')[2])
        os.write(fd, b'*F$q')
        assert wait() == 0
    found = rows(box)
    assert set(found) == {'first', 'second'} and any('\\Flagged' in flags for flags in found.values())
