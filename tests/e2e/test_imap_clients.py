# SPDX-License-Identifier: MIT
"""IMAP clients that we did not write: Python's imaplib, curl, mbsync, fetchmail --idle, against a real server with real TLS."""
import email
import imaplib
import signal
import smtplib
import ssl
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


def context():
    c = ssl.create_default_context()
    c.check_hostname, c.verify_mode = False, ssl.CERT_NONE
    return c


def send(server, subject, body='Hello.\r\n'):
    with smtplib.SMTP('127.0.0.1', server.ports['smtp'], timeout=20) as s:
        s.sendmail('bob@c.example', [USER], f'From: <bob@c.example>\r\nTo: <{USER}>\r\nSubject: {subject}\r\n\r\n{body}')


def run(*words, **more):
    return subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_S, **more)


def login(server):
    m = imaplib.IMAP4('127.0.0.1', server.ports['imap'], PATIENCE_S)
    m.login(USER, PASSWORD)
    return m


def subjects(server, mailbox='INBOX'):
    m = login(server)
    m.select(mailbox, readonly=True)
    _, found = m.fetch('1:*', '(BODY.PEEK[HEADER.FIELDS (SUBJECT)])')
    m.logout()
    return sorted(part[1].decode().split(': ', 1)[1].strip() for part in found if isinstance(part, tuple))


@pytest.mark.parametrize('how', ['plain', 'starttls', 'tls', 'plain-sasl'])
def test_imaplib_reads_and_writes(box, how):
    send(box, 'hello', 'A line.\r\n.\r\nAnother.\r\n')
    if how == 'tls':
        m = imaplib.IMAP4_SSL('127.0.0.1', box.ports['imaps'], ssl_context=context(), timeout=PATIENCE_S)
    else:
        m = imaplib.IMAP4('127.0.0.1', box.ports['imap'], PATIENCE_S)
    if how == 'starttls':
        assert m.starttls(context())[0] == 'OK'
    if how == 'plain-sasl':
        m.authenticate('PLAIN', lambda _: f'\0{USER}\0{PASSWORD}'.encode())
    else:
        m.login(USER, PASSWORD)
    assert m.select() == ('OK', [b'1'])
    _, found = m.fetch('1', '(RFC822 UID RFC822.SIZE)')
    text = found[0][1]
    assert text.endswith(b'\r\n\r\nA line.\r\n.\r\nAnother.\r\n')
    assert f'RFC822.SIZE {len(text)}'.encode() in found[0][0] + b''.join(p for p in found if isinstance(p, bytes))
    assert email.message_from_bytes(text)['Subject'] == 'hello'
    assert m.create('Archive')[0] == 'OK'
    assert m.copy('1', 'Archive')[0] == 'OK'
    assert m.store('1', '+FLAGS', r'(\Deleted)')[0] == 'OK'
    assert m.expunge() == ('OK', [b'1'])
    assert m.append('Archive', r'(\Seen)', imaplib.Time2Internaldate(time.time()), b'Subject: mine\r\n\r\nx\r\n')[0] == 'OK'
    assert m.status('Archive', '(MESSAGES UNSEEN)') == ('OK', [b'Archive (MESSAGES 2 UNSEEN 0)'])
    m.select('Archive')
    assert m.uid('SEARCH', None, 'SUBJECT', '"mine"') == ('OK', [b'2'])
    assert m.sort('(REVERSE ARRIVAL)', 'UTF-8', 'ALL')[0] == 'OK'
    assert m.rename('Archive', 'Old')[0] == 'OK'
    assert m.delete('Old')[0] == 'OK'
    assert m.logout()[0] == 'BYE'


def test_imaplib_utf8(box):
    m = login(box)
    assert m.enable('UTF8=ACCEPT')[0] == 'OK'
    assert m.create('"日本語"')[0] == 'OK'
    assert m.append('"日本語"', None, None, 'Subject: größe\r\n\r\nx\r\n'.encode())[0] == 'OK'
    assert m.select('"日本語"') == ('OK', [b'1'])
    m.logout()
    m = login(box)
    assert b'&ZeVnLIqe-' in b''.join(m.list()[1])
    m.logout()


def test_wrong_password_and_no_password_without_tls(box):
    m = imaplib.IMAP4('127.0.0.1', box.ports['imap'], PATIENCE_S)
    with pytest.raises(imaplib.IMAP4.error, match='AUTHENTICATIONFAILED'):
        m.login(USER, 'wrong')
    m.logout()


@pytest.mark.serve('login.trust_loopback=no')
def test_login_is_disabled_without_tls(box):
    m = imaplib.IMAP4('127.0.0.1', box.ports['imap'], PATIENCE_S)
    assert 'LOGINDISABLED' in m.capabilities
    assert not any(word.startswith('AUTH=') for word in m.capabilities)
    with pytest.raises(imaplib.IMAP4.error, match='PRIVACYREQUIRED'):
        m.login(USER, PASSWORD)
    m.starttls(context())
    m.login(USER, PASSWORD)
    m.logout()


def test_curl(box, tmp_path):
    send(box, 'for curl')
    (tmp_path / 'up').write_bytes(b'Subject: up\r\n\r\nloaded\r\n')
    words = ['curl', '-sS', '-k', '--user', f'{USER}:{PASSWORD}', '--max-time', '20']
    got = run(*words, f'imap://127.0.0.1:{box.ports["imap"]}/INBOX/;UID=1')
    assert got.returncode == 0 and 'Subject: for curl' in got.stdout, got.stderr
    got = run(*words, f'imaps://127.0.0.1:{box.ports["imaps"]}/INBOX/;MAILINDEX=1/;SECTION=TEXT')
    assert got.returncode == 0 and got.stdout == 'Hello.\n', got.stderr
    got = run(*words, f'imap://127.0.0.1:{box.ports["imap"]}/INBOX', '-X', 'SEARCH SUBJECT curl', '--ssl-reqd')
    assert '* SEARCH 1' in got.stdout, got.stderr
    got = run(*words, f'imap://127.0.0.1:{box.ports["imap"]}/INBOX', '-T', str(tmp_path / 'up'))
    assert got.returncode == 0, got.stderr
    assert subjects(box) == ['for curl', 'up']


def test_mbsync_both_ways(box, tmp_path):
    send(box, 'from the server')
    login(box).create('Work/2026')
    rc = tmp_path / 'mbsyncrc'
    rc.write_text(f'''IMAPAccount ours
Host 127.0.0.1
Port {box.ports["imap"]}
User {USER}
Pass "{PASSWORD}"
SSLType None
AuthMechs LOGIN

IMAPStore far
Account ours

MaildirStore near
Path {tmp_path}/mail/
Inbox {tmp_path}/mail/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
SyncState *
''')
    (tmp_path / 'mail').mkdir()
    sync = ['mbsync', '-c', str(rc), '-a']
    done = run(*sync)
    assert done.returncode == 0, done.stdout + done.stderr
    new = list((tmp_path / 'mail/INBOX/new').iterdir())
    assert len(new) == 1 and 'from the server' in new[0].read_text()
    assert (tmp_path / 'mail/Work/2026').is_dir()
    # A message of ours goes up, a flag of theirs and a removal too.
    (tmp_path / 'mail/INBOX/new/1.x.here').write_text('Subject: from the client\n\nHi.\n')
    new[0].rename(tmp_path / 'mail/INBOX/cur' / (new[0].name.split(':')[0] + ':2,S'))
    done = run(*sync)
    assert done.returncode == 0, done.stdout + done.stderr
    assert subjects(box) == ['from the client', 'from the server']
    m = login(box)
    m.select()
    assert m.search(None, 'SEEN') == ('OK', [b'1'])
    m.store('1', '+FLAGS', r'(\Deleted)')
    m.expunge()
    m.logout()
    done = run(*sync)
    assert done.returncode == 0, done.stdout + done.stderr
    left = [p.read_text() for folder in ('new', 'cur') for p in (tmp_path / 'mail/INBOX' / folder).iterdir()]
    assert len(left) == 1 and 'from the client' in left[0]


def test_fetchmail_idles(box, tmp_path):
    rc = tmp_path / 'fetchmailrc'
    rc.write_text(f'poll 127.0.0.1 proto imap port {box.ports["imap"]} user "{USER}" password "{PASSWORD}" '
                  f'no ssl sslproto \'\' idle mda "cat >> {tmp_path}/got"\n')
    rc.chmod(0o600)
    process = subprocess.Popen(['fetchmail', '-f', str(rc), '--nosyslog', '--idle', '--nodetach', '--daemon', '300',
                                '--pidfile', str(tmp_path / 'pid')], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, env={'HOME': str(tmp_path), 'PATH': '/usr/bin:/bin'})
    try:
        for n in range(2):
            time.sleep(1)
            send(box, f'idle {n}')
            end = time.monotonic() + PATIENCE_S
            while not (tmp_path / 'got').exists() or f'Subject: idle {n}' not in (tmp_path / 'got').read_text():
                assert time.monotonic() < end and process.poll() is None
                time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_S)


def test_imaplib_threads_and_sorts(box):
    m = login(box)
    mails = (('Plan', ''), ('Re: Plan', '<0@c.example>'), ('Other', ''), ('Re: Plan', '<0@c.example> <1@c.example>'))
    for n, (subject, answers) in enumerate(mails):
        text = (f'Message-ID: <{n}@c.example>\r\nDate: Mon, 23 Nov 2026 10:0{n}:00 +0000\r\nSubject: {subject}\r\n'
                f'References: {answers}\r\n\r\nText\r\n')
        assert m.append('INBOX', None, None, text.encode())[0] == 'OK'
    m.select()
    assert m.thread('REFERENCES', 'UTF-8', 'ALL') == ('OK', [b'(1 2 4)(3)'])
    assert m.thread('ORDEREDSUBJECT', 'US-ASCII', 'ALL') == ('OK', [b'(1 (2)(4))(3)'])
    assert m.uid('THREAD', 'REFERENCES', 'UTF-8', 'SUBJECT', '"re:"') == ('OK', [b'(2 4)'])
    assert m.sort('(REVERSE SUBJECT DATE)', 'UTF-8', 'ALL') == ('OK', [b'1 2 4 3'])
    m.logout()


def test_imaplib_zone_of_an_internal_date(box):
    m = login(box)
    when = '"17-Jul-1996 02:44:25 -0700"'
    assert m.append('INBOX', None, when, b'Subject: old\r\n\r\n')[0] == 'OK'
    m.select()
    assert when.encode() in m.fetch('1', 'INTERNALDATE')[1][0]
    m.logout()


def test_imaplib_sets_its_own_quota(box):
    """What the owner sets stands beside what the administrator gave, counts for all mail, and both are shown."""
    box.cli('account', 'set', USER, '--quota', '100K')
    m = login(box)
    assert b'QUOTASET' in m.capability()[1][0].split()
    assert m.setquota('""', '(STORAGE 200)')[0] == 'NO'
    assert m.setquota('""', '(STORAGE 20 MESSAGE 2)') == ('OK', [b'"" (STORAGE 0 20 MESSAGE 0 2)'])
    for _ in range(2):
        send(box, 'fits')
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(box, 'one too many')
    assert refused.value.recipients[USER][0] == 452
    refused = m.append('INBOX', None, None, b'Subject: x\r\n\r\n')
    assert refused[0] == 'NO' and b'[OVERQUOTA]' in refused[1][0]
    shown = box.json('account', 'show', USER)
    assert [shown[n] for n in ('quota', 'quota_messages', 'own_quota', 'own_quota_messages')] == [100 << 10, 0, 20 << 10, 2]
    row = box.json('quota', 'show', USER)
    assert (row['quota'], row['own_quota'], row['own_quota_messages'], row['messages']) == (100 << 10, 20 << 10, 2, 2)
    assert box.json('status')['numbers']['sessions']['own_quotas'] == 1
    # The administrator's other changes leave it; a backup holds it; he can take it away.
    box.cli('account', 'set', USER, '--quota', '50K')
    assert m.getquota('""')[1] == [b'"" (STORAGE 1 20 MESSAGE 2 2)']
    box.cli('account', 'set', USER, '--no-own-quota')
    assert m.getquota('""')[1] == [b'"" (STORAGE 1 50)']
    send(box, 'one too many')
    m.logout()
