# SPDX-License-Identifier: MIT
"""`mailvisor backup` and `restore`: a copy of a running and of a stopped server, and what is refused."""
import imaplib
import os
import smtplib
import subprocess
import threading
import time

import pytest

pytestmark = pytest.mark.serve('login.plain=yes')


def prepare(server):
    server.cli('domain', 'add', 'a.example')
    server.cli('account', 'add', 'bob@a.example', '--password-stdin', stdin='secret\n')


def send(server, number, size=800):
    with smtplib.SMTP('127.0.0.1', server.ports['smtp'], timeout=20) as s:
        s.sendmail('x@b.example', ['bob@a.example'], f'Subject: {number}\r\n\r\n' + f'{number} '.ljust(size, 'x') + '\r\n')


def mails(server):
    """{(uid validity, uid): body} as a client sees them."""
    with imaplib.IMAP4('127.0.0.1', server.ports['imap']) as i:
        i.login('bob@a.example', 'secret')
        i.select('INBOX', readonly=True)
        [validity] = i.response('UIDVALIDITY')[1]
        data = i.uid('FETCH', '1:*', '(UID BODY.PEEK[])')[1]
        return {(validity, int(part[0].split()[2])): part[1] for part in data if isinstance(part, tuple)}


def run(server, *words, check=True):
    done = subprocess.run([server.program, *words, '--data', server.data], capture_output=True, text=True, timeout=60,
                          env=server.environment)
    assert not check or done.returncode == 0, done.stderr
    return done


def start_from(server, backup):
    """The server goes on with what the backup holds, in a new data directory."""
    server.data = str(server.folder / 'restored')
    run(server, 'restore', str(backup))
    run(server, 'check')
    return server.start()


def test_a_running_server(server, tmp_path):
    prepare(server)
    for number in range(20):
        send(server, number)
    before = mails(server)
    done = run(server, 'backup', str(tmp_path / 'backup'))
    assert 'files' in done.stdout and sorted(os.listdir(tmp_path / 'backup'))[0] == 'backup'
    assert os.listdir(f'{server.data}/copies') == [], "the server's own copy stays behind"
    send(server, 99)
    assert len(mails(server)) == 21
    server.stop()
    start_from(server, tmp_path / 'backup')
    assert mails(server) == before
    send(server, 100)
    assert len(mails(server)) == 21, 'the restored server takes no mail'


def test_a_stopped_server(server, tmp_path):
    prepare(server)
    send(server, 1)
    with imaplib.IMAP4('127.0.0.1', server.ports['imap']) as i:
        i.login('bob@a.example', 'secret')
        assert i.setquota('""', '(STORAGE 20 MESSAGE 2)')[0] == 'OK'
    before = mails(server)
    server.stop()
    run(server, 'backup', str(tmp_path / 'backup'))
    start_from(server, tmp_path / 'backup')
    assert mails(server) == before
    shown = server.json('account', 'show', 'bob@a.example')
    assert (shown['own_quota'], shown['own_quota_messages']) == (20 << 10, 2)


def test_while_mail_comes_in(server, tmp_path):
    """What was acknowledged before the backup began is in it, and everything in it is whole."""
    prepare(server)
    acked, stop = [], threading.Event()

    def load():
        while not stop.is_set():
            number = len(acked)
            send(server, number, 800 if number % 4 else 90_000)
            acked.append(number)

    sender = threading.Thread(target=load)
    sender.start()
    try:
        for round_number in range(3):
            while len(acked) < 20 * (round_number + 1):
                time.sleep(0.01)
            before = len(acked)
            run(server, 'backup', str(tmp_path / f'backup-{round_number}'))
    finally:
        stop.set()
        sender.join()
    server.stop()
    server.data = str(server.folder / 'restored')
    run(server, 'restore', str(tmp_path / 'backup-2'))
    server.start()
    found = sorted(int(body.split(b'Subject: ')[1].split(b'\r\n')[0]) for body in mails(server).values())
    assert found == list(range(len(found))) and len(found) >= before
    assert all(b'x' * 700 in body for body in mails(server).values())


def test_what_is_refused(server, tmp_path):
    prepare(server)
    backup = tmp_path / 'backup'
    run(server, 'backup', str(backup))
    assert 'there already' in run(server, 'backup', str(backup), check=False).stderr
    # Never over a store, whether its server runs or not.
    assert 'there already' in run(server, 'restore', str(backup), check=False).stderr
    server.stop()
    assert 'there already' in run(server, 'restore', str(backup), check=False).stderr
    server.data = str(tmp_path / 'other')
    listed = (backup / 'backup').read_text()
    biggest = max((p for p in (backup / 'store').iterdir()), key=lambda p: p.stat().st_size)
    for text, words in [('', 'first line'), (listed.rsplit('end', 1)[0], 'no end'),
                        (listed.replace('store/CURRENT', '../CURRENT'), 'bad line'),
                        (listed.replace('\nend ', '\nend 9'), 'are listed')]:
        (backup / 'backup').write_text(text)
        assert words in run(server, 'restore', str(backup), check=False).stderr
    (backup / 'backup').write_text(listed)
    with open(biggest, 'ab') as f:
        f.write(b'x')
    assert 'not whole' in run(server, 'restore', str(backup), check=False).stderr
    biggest.unlink()
    assert 'is missing' in run(server, 'restore', str(backup), check=False).stderr
    assert 'is this a backup' in run(server, 'restore', str(tmp_path / 'none'), check=False).stderr
    assert not os.path.exists(server.data)
    done = run(server, 'backup', str(tmp_path / 'none'), check=False)
    assert done.returncode == 1 and "data directory" in done.stderr
    server.data = str(tmp_path / 'data')
    server.start()


def test_left_copies_go_with_the_next_start(server, tmp_path):
    for _ in range(4):
        curl = subprocess.run(['curl', '-s', '-X', 'POST', '--unix-socket', f'{server.data}/control.sock',
                               'http://x/v1/copies'], capture_output=True, text=True, timeout=30)
        assert '"path"' in curl.stdout
    assert 'four copies' in run(server, 'backup', str(tmp_path / 'b'), check=False).stderr
    server.stop()
    server.start()
    assert os.listdir(f'{server.data}/copies') == []
    run(server, 'backup', str(tmp_path / 'b'))
