# SPDX-License-Identifier: MIT
"""What is no message's bytes survives export, import into a fresh server and export again: flags, keywords, dates with their zones,
order, subscriptions, special uses, rights, metadata, empty mailboxes, odd names."""
import re
import socket

import pytest

PASSWORD = 'correct horse battery'
USER, BOB = 'alice@a.example', 'bob@a.example'
# As IMAP says them: a dot and a percent sign, non-ASCII, names of directories and files of an archive, blanks.
ODD = ['a.b', '50 p', '&ZeVnLIqe-', 'cur', '.hidden', 'Work.sbd', 'x.part', 'sp ace', 'q"uote', 'Entw&APw-rfe/2026.01', 'tilde~',
       'comma,K=26', 'long' + 'x' * 300, 'y' * 200 + '/' + 'z' * 200]
KEYWORDS = [f'word{n}' for n in range(40)]


class Client:
    """Says commands, and gives back what came before the tagged answer, with literals in their places."""

    def __init__(self, server, user=USER):
        self.sock = socket.create_connection(('127.0.0.1', server.ports['imap']), 60)
        self.file = self.sock.makefile('rb')
        self.file.readline()
        self.tags = 0
        self.do(f'LOGIN {user} "{PASSWORD}"')

    def response(self):
        text = self.file.readline()
        while found := re.search(rb'\{(\d+)\}\r\n$', text):
            text += self.file.read(int(found[1])) + self.file.readline()
        assert text.endswith(b'\r\n'), text
        return text

    def do(self, command, expect=b'OK'):
        self.tags += 1
        tag = f'c{self.tags} '.encode()
        self.sock.sendall(tag + (command if isinstance(command, bytes) else command.encode()) + b'\r\n')
        told = []
        while not (text := self.response()).startswith(tag):
            told.append(text)
        assert text.startswith(tag + expect), (command, text)
        return told

    def append(self, mailbox, text, flags='', date=''):
        date = f' "{date}"' if date else ''
        self.do(f'APPEND "{mailbox}" ({flags}){date} {{{len(text)}+}}\r\n'.encode() + text)


def set_up(server):
    server.cli('domain', 'add', 'a.example')
    for user in (USER, BOB):
        server.cli('account', 'add', user, '--password-stdin', stdin=PASSWORD + '\n')


@pytest.fixture
def box(server):
    set_up(server)
    return server


def quoted(name):
    return '"' + name.replace('\\', '\\\\').replace('"', '\\"') + '"'


def populate(server):
    c = Client(server)
    # Not in the order of their dates; two in one second; every kind of line end.
    rows = [('\\Seen $Forwarded Zebra', '14-Nov-2023 23:13:20 +0100', b'Subject: a\r\n\r\nx\r\n'),
            ('Apple \\Flagged', '01-Jan-2004 10:20:30 -0330', b'Subject: b\r\n\r\nx\r\ny\r\n'),
            ('\\Answered \\Draft Zebra Apple', '01-Jan-2004 13:50:30 +0000', b'Subject: c\n\nonly LF\n'),
            ('\\Deleted', '31-Dec-2024 23:59:59 +1345', b'Subject: d\r\n\nboth\r\n'),
            (' '.join(reversed(KEYWORDS)), '01-Jan-2004 10:20:30 -0330', b'Subject: e\r\n\r\nx\r\n'),
            ('word3 word39', '', b'Subject: f\r\n\r\nx\r\n')]
    for flags, date, text in rows:
        c.append('INBOX', text, flags, date)
    c.do('CREATE "Sent items" (USE (\\Sent))')
    c.do('CREATE Archive (USE (\\Archive \\All))')
    c.do('CREATE Empty')
    for name in ODD:
        c.do(f'CREATE {quoted(name)}')
        c.append(name.replace('"', '\\"'), b'Subject: odd\r\n\r\n' + name.encode() + b'\r\n', 'Odd', '01-Jul-1999 00:00:00 +0545')
    for name in ('Empty', 'Archive', 'INBOX', 'Work.sbd', 'Entw&APw-rfe/2026.01'):
        c.do(f'SUBSCRIBE {quoted(name)}')
    c.do('SUBSCRIBE Gone.by/long')
    c.do('UNSUBSCRIBE cur', expect=b'')
    c.do('SETMETADATA INBOX (/private/comment "of INBOX" /shared/comment "for all")')
    value = 'Zeile 1\r\n50 % Schärfe\t'.encode() + b'\xff\xfe end '
    c.do(b'SETMETADATA Empty (/private/vendor/x/y {%d+}\r\n%s /private/blank "")' % (len(value), value))
    c.do(b'SETMETADATA Archive (/shared/comment {16000+}\r\n' + b'\x80' * 16000 + b')')
    c.do('SETMETADATA "" (/private/vendor/x/account "mine")')
    c.do(f'SETACL Archive {BOB} lrs')
    c.do(f'SETACL Archive -{BOB} s')
    c.do('CREATE Archive/below')  # has the rights of Archive
    c.do(f'DELETEACL Archive/below {BOB}')
    c.do('SETACL Empty anyone lr')
    c.do('LOGOUT')


def picture(server):
    """All that IMAP tells of an account, but numbers that only grow: UIDs, UIDVALIDITY, MODSEQ, ids, SAVEDATE, \\Recent."""
    c = Client(server)
    told = {'list': sorted(c.do('LIST "" "*" RETURN (SUBSCRIBED SPECIAL-USE CHILDREN)')),
            'subscribed': sorted(c.do('LIST (SUBSCRIBED) "" "*"')),
            'account': sorted(c.do('GETMETADATA (DEPTH infinity) "" (/private)'))}
    for line in told['list']:
        name = line.split(b' "/" ', 1)[1].strip()
        told[name, 'acl'] = c.do(b'GETACL ' + name)
        told[name, 'metadata'] = sorted(c.do(b'GETMETADATA (DEPTH infinity) ' + name + b' (/private /shared)'))
        c.do(b'EXAMINE ' + name)
        rows = c.do('FETCH 1:* (INTERNALDATE RFC822.SIZE BODY.PEEK[])') if told[name, 'acl'] and has_messages(c, name) else []
        told[name, 'mail'] = rows
        told[name, 'flags'] = [flag_set(row) for row in (c.do('FETCH 1:* FLAGS') if rows else [])]
    c.do('LOGOUT')
    return told


def has_messages(c, name):
    return b'(MESSAGES 0)' not in c.do(b'STATUS ' + name + b' (MESSAGES)')[0]


def flag_set(row):
    flags = re.search(rb'FLAGS \((.*?)\)', row)[1].split()
    return sorted(f.lower() for f in flags if f != b'\\Recent')


def files(path):
    """What an export wrote, without what the server gave anew: UIDVALIDITY."""
    told = {}
    for p in sorted(path.rglob('*')):
        if p.is_file():
            name = re.sub(r'\.V\d+U', '.V#U', str(p.relative_to(path)))
            told[name] = (p.read_bytes(), p.stat().st_mtime_ns if '/cur/' in f'/{name}' else 0)
    return told


def start_fresh(server):
    assert server.stop() == 0
    server.data = str(server.folder / 'fresh')
    server.start()
    set_up(server)


@pytest.mark.parametrize('form', ['maildir', 'mbox'])
def test_everything_comes_back(box, tmp_path, form):
    populate(box)
    before = picture(box)
    box.cli('export', USER, str(tmp_path / 'one'), '--format', form)
    one = files(tmp_path / 'one')
    start_fresh(box)
    done = box.run('import', USER, str(tmp_path / 'one'))
    assert done.returncode == 0 and done.stderr == '', done
    after = picture(box)
    assert after.keys() == before.keys()
    for key, value in before.items():
        assert after[key] == value, key
    box.cli('export', USER, str(tmp_path / 'two'), '--format', form)
    assert files(tmp_path / 'two') == one
    # What is there already stays as it is.
    done = box.run('import', USER, str(tmp_path / 'one'))
    assert 'imported: 0 messages' in done.stdout and done.stderr == '', done
    assert picture(box) == after


def test_how_a_maildir_says_it(box, tmp_path):
    """The files that others read are as they have them."""
    populate(box)
    out = tmp_path / 'out'
    box.cli('export', USER, str(out))
    assert (out / 'subscriptions').read_text().split() == [
        'Archive', 'Empty', 'Entw&APw-rfe.2026&AC4-01', 'Gone&AC4-by.long', 'INBOX', 'Work&AC4-sbd']
    names = sorted(p.name for p in (out / 'cur').iterdir())
    for shape in (r'1700000000\.V\d+U1\.mailvisor,Z=\+0100:2,PSa', r'1072965030\.V\d+U3\.mailvisor,E=lf:2,DRab',
                  r'\d+\.V\d+U6\.mailvisor,K=38:2,c'):
        assert any(re.fullmatch(shape, name) for name in names), (shape, names)
    assert len((out / 'dovecot-keywords').read_text().splitlines()) == 26
    own = (out / 'mailvisor-mailbox').read_text().splitlines()
    assert own[0].startswith('# mailvisor-mailbox 1')
    assert own[1:4] == ['metadata /private/comment of INBOX', 'metadata /shared/comment for all',
                        'server-metadata /private/vendor/x/account mine']
    assert own[4] == 'keyword 26 word15' and len(own) == 4 + 16
    assert (out / '.Empty/mailvisor-mailbox').read_text().splitlines()[1:] == [
        'acl lr anyone', 'metadata /private/blank ', 'metadata /private/vendor/x/y Zeile 1%0D%0A50 %25 Schärfe%09%FF%FE end ']
    assert (out / '.Sent items/mailvisor-mailbox').read_text().splitlines()[1:] == ['use \\Sent']
    assert not (out / '.cur/mailvisor-mailbox').exists()


def test_what_cannot_be_had_is_told(box, tmp_path):
    populate(box)
    box.cli('export', USER, str(tmp_path / 'out'))
    note = tmp_path / 'out/.Empty/mailvisor-mailbox'
    wrong = ['acl lr nobody@a.example', 'acl lr x@b.example', 'use \\Nothing', 'metadata /private/% x', 'future x',
             'metadata /private/x %zz', 'server-metadata /private/x y']
    note.write_text(note.read_text() + '\n'.join(wrong) + '\n# a word\n')
    start_fresh(box)
    done = box.run('import', USER, str(tmp_path / 'out'))
    assert done.returncode == 0, done
    assert sorted(re.findall(r"mailvisor: Empty: '(.*?)'", done.stderr)) == sorted(wrong)
    # A use that another mailbox has already stays there.
    done = box.run('import', USER, str(tmp_path / 'out'), '--mailbox', 'Copy')
    assert done.returncode == 0 and "Copy/Sent items: 'use \\Sent'" in done.stderr, done
    # A form that is newer than we are is not guessed at.
    note.write_text('# mailvisor-mailbox 2\nuse \\Trash\n')
    assert 'newer version' in box.cli('import', USER, str(tmp_path / 'out'), status=1)


def test_subscriptions_of_dovecot(box, tmp_path):
    for sub in ('cur', '.Work.2026/cur', '.Other/cur'):
        (tmp_path / 'in' / sub).mkdir(parents=True)
    (tmp_path / 'in/subscriptions').write_text('V\t2\n\nINBOX\nWork\t2026\nElse\t&ZeVnLIqe-\n')
    box.cli('import', USER, str(tmp_path / 'in'))
    c = Client(box)
    assert [line.split(b'"/" ')[1].strip() for line in c.do('LSUB "" *')] == [b'Else/&ZeVnLIqe-', b'INBOX', b'Work/2026']
    assert any(b'Other' in line for line in c.do('LIST "" *')), 'an empty mailbox was left out'
    # Below another mailbox, and as the older form has it.
    (tmp_path / 'in/subscriptions').write_text('INBOX\nWork.2026\n\n.bad.\n')
    done = box.run('import', USER, str(tmp_path / 'in'), '--mailbox', 'Top')
    assert done.returncode == 0 and 'subscriptions:4: no name' in done.stderr, done
    assert [line.split(b'"/" ')[1].strip() for line in c.do('LSUB "" Top*')] == [b'Top', b'Top/Work/2026']
    (tmp_path / 'in/subscriptions').write_text('V\t3\n')
    assert 'not known' in box.cli('import', USER, str(tmp_path / 'in'), status=1)
