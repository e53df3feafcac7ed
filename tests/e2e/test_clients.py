# SPDX-License-Identifier: MIT
"""Clients that we did not write: curl, swaks, fetchmail, Python's smtplib and poplib, against a real server with real TLS."""
import poplib
import re
import smtplib
import ssl
import subprocess
import threading
from email.message import EmailMessage

import pytest

PASSWORD = 'correct horse battery'


@pytest.fixture
def mailboxes(server):
    """Two domains that share a user name."""
    for domain in ('a.example', 'b.example'):
        server.cli('domain', 'add', domain)
        server.cli('account', 'add', f'alice@{domain}', '--password-stdin', stdin=PASSWORD + domain + '\n')
    return server


def context():
    c = ssl.create_default_context()
    c.check_hostname, c.verify_mode = False, ssl.CERT_NONE
    return c


def letter(subject, body='Hello.\r\n'):
    return f'From: <bob@c.example>\r\nTo: <alice@a.example>\r\nSubject: {subject}\r\n\r\n{body}'


def send(server, text, rcpts=('alice@a.example',), sender='bob@c.example'):
    with smtplib.SMTP('127.0.0.1', server.ports['smtp'], timeout=20) as s:
        return s.sendmail(sender, list(rcpts), text)


def maildrop(server, user='alice@a.example'):
    p = poplib.POP3('127.0.0.1', server.ports['pop3'], timeout=20)
    p.user(user)
    p.pass_(PASSWORD + user.partition('@')[2])
    return p


def texts(server, user='alice@a.example'):
    p = maildrop(server, user)
    found = [b'\r\n'.join(p.retr(i + 1)[1]) + b'\r\n' for i in range(p.stat()[0])]
    p.quit()
    return found


def test_same_user_name_in_two_domains(mailboxes):
    send(mailboxes, letter('for a'), ['alice@a.example'])
    send(mailboxes, letter('for b'), ['alice@b.example'])
    assert [b'for a' in t for t in texts(mailboxes, 'alice@a.example')] == [True]
    assert [b'for b' in t for t in texts(mailboxes, 'alice@b.example')] == [True]


def test_python_bytes_survive(mailboxes):
    body = ''.join(f'.line {i} with dots.\r\n..\r\n.\r\n' for i in range(300))
    send(mailboxes, letter('dots', body))
    (got,) = texts(mailboxes)
    assert got.partition(b'\r\n\r\n')[2] == body.encode()
    head = got.partition(b'\r\n\r\n')[0]
    assert head.startswith(b'Return-Path: <bob@c.example>\r\n')
    assert head.count(b'\r\nReceived: from ') == 1


def test_python_size_and_list_agree(mailboxes):
    send(mailboxes, letter('sized', 'x' * 70 + '\r\n.dot\r\n'))
    p = maildrop(mailboxes)
    count, size = p.stat()
    listed = [int(line.split()[1]) for line in p.list()[1]]
    got = sum(len(line) + 2 for line in p.retr(1)[1])
    p.quit()
    assert (count, size, listed, got) == (1, got, [got], size)


def test_python_submission_with_starttls(mailboxes):
    m = EmailMessage()
    m['From'], m['To'], m['Subject'] = 'alice@a.example', 'alice@b.example', 'grüße'
    m.set_content('Ein Brief.')
    with smtplib.SMTP('127.0.0.1', mailboxes.ports['submission'], timeout=20) as s:
        s.starttls(context=context())
        s.login('alice@a.example', PASSWORD + 'a.example')
        s.send_message(m)
    (got,) = texts(mailboxes, 'alice@b.example')
    assert b'\r\nMessage-ID: <' in got or b'\r\nMessage-Id: <' in got
    assert b'\r\nDate: ' in got
    assert re.search(rb'\swith\s+ESMTPSA\s', got)


def test_python_submission_refuses_a_foreign_sender(mailboxes):
    with smtplib.SMTP_SSL('127.0.0.1', mailboxes.ports['submissions'], timeout=20, context=context()) as s:
        s.login('alice@a.example', PASSWORD + 'a.example')
        with pytest.raises(smtplib.SMTPResponseException) as refusal:
            s.sendmail('alice@b.example', ['alice@a.example'], letter('not mine'))
        assert refusal.value.smtp_code in (550, 553)


def test_python_wrong_password(mailboxes):
    with smtplib.SMTP_SSL('127.0.0.1', mailboxes.ports['submissions'], timeout=20, context=context()) as s:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            s.login('alice@a.example', 'wrong')
    p = poplib.POP3('127.0.0.1', mailboxes.ports['pop3'], timeout=20)
    p.user('alice@a.example')
    with pytest.raises(poplib.error_proto, match=r'\[AUTH\]'):
        p.pass_('wrong')


def test_no_relay_for_strangers(mailboxes):
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
        send(mailboxes, letter('relay'), ['somebody@elsewhere.example'])
    assert refusal.value.recipients['somebody@elsewhere.example'][0] in (550, 554)


def test_pop3_deletes_at_quit_only(mailboxes):
    for n in range(3):
        send(mailboxes, letter(f'number {n}'))
    p = maildrop(mailboxes)
    p.dele(2)
    p.close()  # the connection breaks: nothing is removed
    p = maildrop_when_free(mailboxes)
    assert p.stat()[0] == 3
    p.dele(2)
    p.quit()
    assert [b'number 0' in t or b'number 2' in t for t in texts(mailboxes)] == [True, True]


def maildrop_when_free(server):
    """The lock of a broken session goes with the session; the server may need a moment to see it end."""
    for _ in range(100):
        try:
            return maildrop(server)
        except poplib.error_proto as e:
            assert b'[IN-USE]' in e.args[0]
            threading.Event().wait(0.05)
    raise AssertionError('the maildrop stays locked')


def test_pop3_lock(mailboxes):
    first = maildrop(mailboxes)
    with pytest.raises(poplib.error_proto, match=r'\[IN-USE\]'):
        maildrop(mailboxes)
    first.quit()
    maildrop(mailboxes).quit()


def test_pop3_top_uidl_capa_stls(mailboxes):
    send(mailboxes, letter('top', 'one\r\ntwo\r\nthree\r\n'))
    p = poplib.POP3('127.0.0.1', mailboxes.ports['pop3'], timeout=20)
    assert {'TOP', 'UIDL', 'STLS', 'PIPELINING', 'RESP-CODES', 'AUTH-RESP-CODE'} <= set(p.capa())
    p.stls(context())
    p.user('alice@a.example')
    p.pass_(PASSWORD + 'a.example')
    lines = p.top(1, 2)[1]
    assert lines[-2:] == [b'one', b'two']
    uidl = p.uidl(1).split()[2]
    p.quit()
    p = maildrop(mailboxes)
    assert p.uidl(1).split()[2] == uidl
    p.quit()


def run(*words, stdin=''):
    return subprocess.run(words, input=stdin, text=True, capture_output=True, timeout=60)


def test_curl_sends_and_reads(mailboxes, tmp_path):
    mail = tmp_path / 'mail'
    mail.write_bytes(letter('by curl', 'curl\r\n').encode())
    sent = run('curl', '-sS', '--ssl-reqd', '-k', f'smtp://127.0.0.1:{mailboxes.ports["smtp"]}/client.c.example',
               '--mail-from', 'bob@c.example', '--mail-rcpt', 'alice@a.example', '--upload-file', str(mail))
    assert sent.returncode == 0, sent.stderr
    got = run('curl', '-sS', '-k', f'pop3s://127.0.0.1:{mailboxes.ports["pop3s"]}/1', '--user',
              f'alice@a.example:{PASSWORD}a.example')
    assert got.returncode == 0, got.stderr
    assert 'Subject: by curl' in got.stdout
    stls = run('curl', '-sS', '--ssl-reqd', '-k', f'pop3://127.0.0.1:{mailboxes.ports["pop3"]}/', '--user',
               f'alice@a.example:{PASSWORD}a.example')
    assert stls.returncode == 0 and stls.stdout.startswith('1 '), stls.stderr


@pytest.mark.parametrize('how', ['PLAIN', 'LOGIN'])
def test_swaks_submits(mailboxes, how):
    done = run('swaks', '--server', '127.0.0.1', '--port', str(mailboxes.ports['submission']), '--tls', '--auth', how,
               '--auth-user', 'alice@a.example', '--auth-password', PASSWORD + 'a.example', '--from', 'alice@a.example',
               '--to', 'alice@b.example', '--h-From', 'alice@a.example', '--silent', '1')
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(texts(mailboxes, 'alice@b.example')) == 1


def test_swaks_pipelining_and_lmtp(mailboxes):
    done = run('swaks', '--server', '127.0.0.1', '--port', str(mailboxes.ports['smtp']), '--pipeline', '--from', 'bob@c.example',
               '--to', 'alice@a.example,alice@b.example', '--silent', '1')
    assert done.returncode == 0, done.stdout + done.stderr
    done = run('swaks', '--protocol', 'LMTP', '--socket', f'{mailboxes.data}/lmtp.sock', '--from', 'bob@c.example',
               '--to', 'alice@a.example', '--silent', '1')
    assert done.returncode == 0, done.stdout + done.stderr
    assert (len(texts(mailboxes)), len(texts(mailboxes, 'alice@b.example'))) == (2, 1)


def test_fetchmail_moves_mail(mailboxes, tmp_path):
    for n in range(3):
        send(mailboxes, letter(f'fetch {n}'))
    rc = tmp_path / 'fetchmailrc'
    rc.write_text(f'poll 127.0.0.1 proto pop3 port {mailboxes.ports["pop3"]} user "alice@a.example" '
                  f'password "{PASSWORD}a.example" no ssl sslproto \'\' mda "cat >> {tmp_path}/got"\n')
    rc.chmod(0o600)
    done = run('fetchmail', '-f', str(rc), '--nosyslog', '--pidfile', str(tmp_path / 'pid'))
    assert done.returncode == 0, done.stdout + done.stderr
    got = (tmp_path / 'got').read_text()
    assert [got.count(f'Subject: fetch {n}') for n in range(3)] == [1, 1, 1]
    assert texts(mailboxes) == []


def test_many_senders_at_once(mailboxes):
    """More sessions than the machine has cores, all for one mailbox: each mail once, in some order."""
    def work(n):
        with smtplib.SMTP('127.0.0.1', mailboxes.ports['smtp'], timeout=60) as s:
            for k in range(10):
                s.sendmail('bob@c.example', ['alice@a.example'], letter(f'many-{n}-{k}.'))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    got = texts(mailboxes)
    assert sorted(f'many-{n}-{k}.' for n in range(16) for k in range(10)) == sorted(
        t.split(b'Subject: ')[1].split(b'\r\n')[0].decode() for t in got)


def test_trace_tells_the_stages(mailboxes):
    send(mailboxes, letter('traced'))
    told = mailboxes.cli('trace', 'alice@a.example')
    for stage in ('connected', 'mail', 'rcpt', 'data', 'received', 'committed'):
        assert stage in told, told


def test_fetched_is_told_once(mailboxes):
    """The first download is a stage of the mail's timeline; those after it, and TOP, are not."""
    send(mailboxes, letter('told once'))
    p = maildrop(mailboxes)
    p.top(1, 0)
    p.quit()
    assert 'fetched' not in mailboxes.cli('trace', 'alice@a.example')
    for _ in range(3):
        assert len(texts(mailboxes)) == 1
    stages = [line.split()[3] for line in mailboxes.cli('trace', 'alice@a.example').splitlines() if line.startswith('20')]
    assert stages.count('fetched') == 1, stages
