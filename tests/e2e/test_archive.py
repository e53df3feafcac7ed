# SPDX-License-Identifier: MIT
"""`mailvisor import` and `mailvisor export`: what goes in comes out byte for byte, and nothing is lost or doubled on the way."""
import collections
import hashlib
import imaplib
import mailbox
import os
import random
import signal
import subprocess
import time

import pytest

PASSWORD = 'correct horse battery'
USER = 'alice@a.example'
MESSAGES = [  # as they may stand in a Maildir
    b'Subject: lf\n\nA line.\nFrom here on\n>From there\n>>From nowhere\n',
    b'Subject: crlf\r\n\r\nA line.\r\nFrom here on\r\n',
    b'Subject: both\r\n\nA line.\r\nAnother.\n',
    b'Subject: lone CR\n\na\rb\r\n\rc\n',
    b'Subject: lone CR without CRLF\n\na\rb\n\rc\n',
    b'Subject: no line end',
    b'Subject: no line end behind the body\n\nabc',
    b'Subject: crlf, no line end\r\n\r\nabc',
    b'\nno header\n',
    b'',
    b'\n\n\n',
    b'From the first line on\nSubject: odd\n\nx\n',
    b'Subject: own status\nStatus: RO\nX-Status: AF\nX-Keywords: one two\n\nx\n',
    b'Subject: own status twice\nStatus: RO\nStatus: R\nX-Keywords: a\n',
    b'Subject: ends in blanks\n\nx\n\n\n',
    b'Subject: nul\n\na\0b\n',
    b'Subject: 8-bit\n\n' + bytes(range(128, 256)) + b'\n',
    b'Subject: long line\n\n' + b'x' * 200000 + b'\n' + b'>' * 5000 + b'From x\n' + b'From ' + b'y' * 70000 + b'\n',
    b'Subject: quotes\n\n' + b'\n'.join(b'>' * n + b'From a' for n in range(40)) + b'\n',
    b'Subject: large\n\n' + b'0123456789abcdef\n' * 40000,
]


def digest(data):
    return hashlib.sha256(data).hexdigest()


def digests(messages):
    return collections.Counter(map(digest, messages))


@pytest.fixture
def box(server):
    server.cli('domain', 'add', 'a.example')
    server.cli('account', 'add', USER, '--password-stdin', stdin=PASSWORD + '\n')
    return server


def login(server):
    m = imaplib.IMAP4('127.0.0.1', server.ports['imap'], 60)
    m.login(USER, PASSWORD)
    return m


def make_maildir(path, messages, flags=('',), start=1700000000):
    for sub in ('cur', 'new', 'tmp'):
        (path / sub).mkdir(parents=True, exist_ok=True)
    for n, text in enumerate(messages):
        file = path / 'cur' / f'{start + n}.{n}.host:2,{flags[n % len(flags)]}'
        file.write_bytes(text)
        os.utime(file, (start + n, start + n))
    return path


def read_maildir(path):
    return [p.read_bytes() for sub in ('cur', 'new') for p in sorted((path / sub).iterdir())]


def test_maildir_comes_out_byte_for_byte(box, tmp_path):
    source = make_maildir(tmp_path / 'in', MESSAGES)
    told = box.cli('import', USER, str(source))
    assert f'imported: {len(MESSAGES)} messages' in told and 'refused: 0; mailboxes: 1' in told
    told = box.cli('export', USER, str(tmp_path / 'out'))
    assert f'exported: {len(MESSAGES)} messages' in told
    assert digests(read_maildir(tmp_path / 'out')) == digests(MESSAGES)
    # In the order of delivery, with the same dates.
    assert [digest(t) for t in read_maildir(tmp_path / 'out')] == [digest(t) for t in MESSAGES]
    assert sorted(int(p.stat().st_mtime) for p in (tmp_path / 'out/cur').iterdir()) == \
        [1700000000 + n for n in range(len(MESSAGES))]
    # Clients get CRLF.
    m = login(box)
    m.select()
    assert m.fetch('1', '(BODY.PEEK[])')[1][0][1] == MESSAGES[0].replace(b'\n', b'\r\n')
    assert m.fetch('2', '(BODY.PEEK[])')[1][0][1] == MESSAGES[1]
    m.logout()


def test_mbox_comes_out_byte_for_byte(box, tmp_path):
    """Through an mbox and back: only the line end that an mbox needs is added."""
    box.cli('import', USER, str(make_maildir(tmp_path / 'in', MESSAGES, ('', 'S', 'RS', 'FDT'))))
    told = box.run('export', USER, str(tmp_path / 'box'), '--format', 'mbox', '--mailbox', 'INBOX')
    assert told.returncode == 0 and 'did not end with a line end' in told.stderr, told
    # Python's own reader sees the same messages.
    assert len(mailbox.mbox(tmp_path / 'box')) == len(MESSAGES)
    box.cli('import', USER, str(tmp_path / 'box'), '--mailbox', 'Again')
    box.cli('export', USER, str(tmp_path / 'out'), '--mailbox', 'Again')
    lf = [t if t.endswith(b'\n') or not t else t + b'\n' for t in MESSAGES]
    assert digests(read_maildir(tmp_path / 'out')) == digests(lf)
    flags = sorted(p.name.partition(':2,')[2] for p in (tmp_path / 'out/cur').iterdir())
    assert flags == sorted(['', 'S', 'RS', 'DFT'] * 5)


def test_folders_flags_and_keywords(box, tmp_path):
    top = make_maildir(tmp_path / 'in', [b'Subject: inbox\n\nx\n'], ('RSab',))
    (top / 'dovecot-keywords').write_text('0 $Work\n1 Later\n')
    make_maildir(top / '.Work.2026', [b'Subject: work\n\nx\n'], ('FPST',))
    make_maildir(top / '.&ZeVnLIqe-', [b'Subject: utf-7\n\nx\n'], ('',))
    make_maildir(top / '.a&AC4-b', [b'Subject: dot\n\nx\n'], ('D',))
    make_maildir(top / 'Nested' / 'deep', [b'Subject: nested\n\nx\n'], ('',))
    (top / 'new' / '1700000009.new.host').write_bytes(b'Subject: new\n\nx\n')
    told = box.cli('import', USER, str(top))
    assert 'imported: 6 messages' in told and 'mailboxes: 5' in told
    m = login(box)
    names = {line.decode().split(' "/" ')[1].strip('"') for line in m.lsub()[1]}
    assert {'Work/2026', '&ZeVnLIqe-', 'a.b', 'Nested/deep'} <= names
    m.select()
    found = m.fetch('1:*', '(FLAGS INTERNALDATE)')[1]
    assert set(imaplib.ParseFlags(found[0])) >= {b'\\Answered', b'\\Seen', b'$Work', b'Later'}
    assert not set(imaplib.ParseFlags(found[1])) - {b'\\Recent'}
    assert b'14-Nov-2023' in found[0]
    m.select('Work/2026')
    assert set(imaplib.ParseFlags(m.fetch('1', '(FLAGS)')[1][0])) >= {b'\\Flagged', b'$Forwarded', b'\\Seen', b'\\Deleted'}
    m.logout()
    box.cli('export', USER, str(tmp_path / 'out'))
    for folder in ('.', '.Work.2026', '.&ZeVnLIqe-', '.a&AC4-b', '.Nested.deep'):
        assert digests(read_maildir(tmp_path / 'out' / folder)), folder
    assert (tmp_path / 'out/dovecot-keywords').read_text() == '0 $Work\n1 Later\n'
    flags = {p.name.partition(':2,')[2] for p in (tmp_path / 'out/cur').iterdir()}
    assert flags == {'RSab', ''}
    assert [p.name.partition(':2,')[2] for p in (tmp_path / 'out/.Work.2026/cur').iterdir()] == ['FPST']
    # What came out goes in again, elsewhere, and is the same.
    box.cli('import', USER, str(tmp_path / 'out'), '--mailbox', 'Copy')
    box.cli('export', USER, str(tmp_path / 'again'), '--mailbox', 'Copy/Work/2026')
    assert read_maildir(tmp_path / 'again') == [b'Subject: work\n\nx\n']


def test_a_second_import_takes_only_what_is_new(box, tmp_path):
    twice = MESSAGES + [MESSAGES[0]]  # the same bytes twice are two messages
    source = make_maildir(tmp_path / 'in', twice)
    assert f'imported: {len(twice)} messages' in box.cli('import', USER, str(source))
    assert f'imported: 0 messages, 0 bytes; there already: {len(twice)}' in box.cli('import', USER, str(source))
    (source / 'new' / '1800000000.new').write_bytes(b'Subject: new\n\n')
    assert f'imported: 1 messages, 16 bytes; there already: {len(twice)}' in box.cli('import', USER, str(source))
    assert f'imported: {len(twice) + 1} messages' in box.cli('import', USER, str(source), '--duplicates')
    # An export goes on, too.
    assert f'exported: {2 * len(twice) + 2} messages' in box.cli('export', USER, str(tmp_path / 'out'))
    assert 'exported: 0 messages' in box.cli('export', USER, str(tmp_path / 'out'))
    login(box).append('INBOX', None, None, b'Subject: later\r\n\r\nx\r\n')
    assert 'exported: 1 messages' in box.cli('export', USER, str(tmp_path / 'out'))
    assert b'Subject: later\n\nx\n' in read_maildir(tmp_path / 'out')


def test_who_idles_is_told(box, tmp_path):
    m = login(box)
    m.select()
    m.send(b'x IDLE\r\n')
    assert m.readline().startswith(b'+ ')
    box.cli('import', USER, str(make_maildir(tmp_path / 'in', MESSAGES)))
    assert m.readline() == f'* {len(MESSAGES)} EXISTS\r\n'.encode()
    m.send(b'DONE\r\n')
    while not m.readline().startswith(b'x OK'):
        pass
    m.logout()


def write_mbox(path, rows, separator='\n'):
    path.write_bytes(b''.join(b'From a@b.example Thu Jan  1 00:00:%02d 2004\n' % n + text + separator.encode()
                              for n, text in enumerate(rows)))
    return path


def test_mboxes_of_others(box, tmp_path):
    top = tmp_path / 'mail'
    (top / 'Work.sbd').mkdir(parents=True)
    (top / 'Work').write_bytes(
        b'From MAILER-DAEMON Thu Jan  1 00:00:00 2004\nX-IMAP: 1 2\nSubject: DON\'T DELETE THIS MESSAGE\n\nnote\n\n'
        b'From a b@c.example  Thu Jan  1 10:20:30 2004 +0100\nSubject: one\nStatus: RO\nX-Status: AF\nX-UID: 7\n\n'
        b'x\n\nFrom here on it is text.\n>From quoted\n\n'
        b'From MAILER-DAEMON Fri Jan  2 10:20 2004\r\nSubject: two\r\nX-Keywords: $Work later  \r\nStatus: O\r\n\r\nx\r\n\r\n')
    write_mbox(top / 'Work.sbd' / '2026', [b'Subject: below\n\nx\n'])
    (top / 'notes.txt').write_text('no mail\n')
    (top / 'empty').write_text('')
    done = box.run('import', USER, str(top))
    assert done.returncode == 0 and 'imported: 3 messages' in done.stdout and 'mailboxes: 2' in done.stdout, done
    assert 'notes.txt: no mbox' in done.stderr and 'Work:1: no mail but a note' in done.stderr
    assert "Work:15: 'From ' without a date" in done.stderr, done.stderr
    m = login(box)
    m.select('Work')
    found = m.fetch('1:2', '(FLAGS INTERNALDATE BODY.PEEK[])')[1]
    one, two = found[0], found[2]
    assert b'\\Seen' in one[0] and b'\\Answered' in one[0] and b'\\Flagged' in one[0]
    assert b'" 1-Jan-2004 10:20:30 +0100"' in one[0]
    assert one[1] == (b'Subject: one\r\nStatus: RO\r\nX-Status: AF\r\nX-UID: 7\r\n\r\n'
                      b'x\r\n\r\nFrom here on it is text.\r\nFrom quoted\r\n')
    assert two[1] == b'Subject: two\r\n\r\nx\r\n'
    assert b'$Work' in two[0] and b'later' in two[0] and b'\\Seen' not in two[0]
    m.logout()
    # With --format mbox all of it comes out in the same shape.
    box.cli('export', USER, str(tmp_path / 'out'), '--format', 'mbox')
    assert mailbox.mbox(tmp_path / 'out/Work.sbd/2026')[0]['Subject'] == 'below'
    assert len(mailbox.mbox(tmp_path / 'out/Work')) == 2
    assert 'is there already' in box.cli('export', USER, str(tmp_path / 'out'), '--format', 'mbox', status=1)


def test_mboxo(box, tmp_path):
    path = write_mbox(tmp_path / 'box', [b'Subject: o\n\n>From one\n>>From two\n'])
    box.cli('import', USER, str(path), '--mboxo', '--mailbox', 'o')
    box.cli('import', USER, str(path), '--mailbox', 'rd')
    m = login(box)
    for name, body in (('o', b'From one\r\n>>From two\r\n'), ('rd', b'From one\r\n>From two\r\n')):
        m.select(name)
        assert m.fetch('1', '(BODY.PEEK[TEXT])')[1][0][1] == body
    m.logout()
    box.cli('export', USER, str(tmp_path / 'out'), '--format', 'mbox', '--mboxo', '--mailbox', 'o')
    assert b'\n>From one\n>>From two\n' in (tmp_path / 'out').read_bytes()


def test_bad_input_is_told_and_the_rest_comes_in(box, tmp_path):
    source = make_maildir(tmp_path / 'in', MESSAGES[:3])
    (source / 'cur' / '1700000001.gone:2,').symlink_to(tmp_path / 'nowhere')
    (source / 'cur' / '1700000002.dir').mkdir()
    done = box.run('import', USER, str(source))
    assert done.returncode == 1 and 'imported: 3 messages' in done.stdout and 'refused: 1' in done.stdout, done
    assert '1700000001.gone:2,: No such file' in done.stderr
    assert '1700000002.dir: no regular file' in done.stderr
    broken = tmp_path / 'broken'
    broken.write_bytes(b'Subject: no mbox\n\nx\n')
    assert 'broken: line 1: no mbox' in box.cli('import', USER, str(broken), status=1)
    assert 'nobody@a.example: no such account' in box.cli('import', 'nobody@a.example', str(source), status=1)
    assert 'open ' in box.cli('import', USER, str(tmp_path / 'missing'), status=1)
    (tmp_path / 'nothing').mkdir()
    assert 'neither a Maildir nor an mbox' in box.cli('import', USER, str(tmp_path / 'nothing'), status=1)
    assert 'no such mailbox' in box.cli('export', USER, str(tmp_path / 'x'), '--mailbox', 'nope', status=1)
    bad = make_maildir(tmp_path / 'bad', []) and make_maildir(tmp_path / 'bad' / '.st*r', MESSAGES[:1])
    assert 'may not stand in a mailbox name' in box.cli('import', USER, str(bad.parent), status=1)


def test_quota(box, tmp_path):
    box.cli('account', 'set', USER, '--quota', '60K')
    letters = [b'Subject: %d\n\n' % n + b'x' * 9000 + b'\n' for n in range(10)]
    letters.insert(2, b'Subject: far too large\n\n' + b'x' * 100000)
    source = make_maildir(tmp_path / 'in', letters)
    done = box.run('import', USER, str(source))
    assert done.returncode == 1 and 'imported: 6 messages' in done.stdout and 'refused: 1' in done.stdout, done
    assert '1700000002.2.host:2,: larger than the whole quota' in done.stderr
    assert '1700000007.7.host:2,: no room for it: the quota' in done.stderr
    box.cli('account', 'set', USER, '--quota', '1M')
    done = box.run('import', USER, str(source))
    assert done.returncode == 0 and 'imported: 5 messages' in done.stdout and 'there already: 6' in done.stdout, done
    box.cli('export', USER, str(tmp_path / 'out'))
    assert digests(read_maildir(tmp_path / 'out')) == digests(letters)


def random_letters(count, seed, size=3000):
    rng = random.Random(seed)
    for n in range(count):
        lines = [f'line {rng.getrandbits(64):x}' for _ in range(rng.randrange(size // 20))]
        yield f'Subject: {n}\nMessage-ID: <{seed}.{n}@c.example>\n\n'.encode() + '\n'.join(lines).encode() + b'\n'


def test_a_kill_in_the_middle_loses_and_doubles_nothing(box, tmp_path):
    letters = list(random_letters(6000, 1))
    source = make_maildir(tmp_path / 'in', letters)
    for wait, is_server in ((0.3, True), (0.6, True), (0.4, False)):
        process = subprocess.Popen([box.program, 'import', USER, str(source), '--data', box.data], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, env=box.environment)
        time.sleep(wait)
        (box.process if is_server else process).send_signal(signal.SIGKILL)
        out, err = process.communicate(timeout=60)
        assert process.returncode in ((0, 75) if is_server else (0, -signal.SIGKILL)), (out, err)
        if is_server:
            box.process.wait()
            box.start()
    done = box.cli('import', USER, str(source))
    assert 'refused: 0' in done
    box.cli('export', USER, str(tmp_path / 'out'))
    assert digests(read_maildir(tmp_path / 'out')) == digests(letters)


def peak_kb(words, server):
    """The largest resident set of a process, and its output."""
    with open(server.folder / 'told', 'wb') as out:
        process = subprocess.Popen([server.program, *words, '--data', server.data, '--quiet'], stdout=out, stderr=out,
                                   env=server.environment)
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    text = (server.folder / 'told').read_text()
    assert process.returncode == 0, text
    return used.ru_maxrss, text


def server_peak_kb(server):
    with open(f'/proc/{server.pid}/status') as f:
        return next(int(line.split()[1]) for line in f if line.startswith('VmHWM'))


def test_ten_thousand_messages_in_bounded_memory(box, tmp_path):
    """20 MB of mail: the peak of 10,000 is that of 500 and what their names take, in the client and in the server."""
    small, large = list(random_letters(500, 2)), list(random_letters(10000, 3))
    make_maildir(tmp_path / 'small', small)
    make_maildir(tmp_path / 'large', large)
    write_mbox(tmp_path / 'box', [b'\n'.join(b'>' + x if x.lstrip(b'>').startswith(b'From ') else x for x in t.split(b'\n'))
                                  for t in large])
    total = sum(map(len, large))
    assert total > 10 << 20
    first, _ = peak_kb(['import', USER, str(tmp_path / 'small'), '--mailbox', 'Small'], box)
    before = server_peak_kb(box)
    second, _ = peak_kb(['import', USER, str(tmp_path / 'large')], box)
    third, _ = peak_kb(['import', USER, str(tmp_path / 'box'), '--mailbox', 'Box'], box)
    fourth, _ = peak_kb(['export', USER, str(tmp_path / 'out')], box)
    fifth, text = peak_kb(['import', USER, str(tmp_path / 'large')], box)
    assert 'imported: 0 messages, 0 bytes; there already: 10000' in text
    assert max(second, third, fourth, fifth) < first + 6000, (first, second, third, fourth, fifth, total)
    # The store keeps what was written last in memory, up to a bound of its own; twice the mail must not be in it.
    assert server_peak_kb(box) - before < 64 << 10, (before, server_peak_kb(box))
    assert digests(read_maildir(tmp_path / 'out')) == digests(large)
    assert digests(read_maildir(tmp_path / 'out' / '.Box')) == digests(large)
