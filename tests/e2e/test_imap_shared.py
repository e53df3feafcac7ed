# SPDX-License-Identifier: MIT
"""Mailboxes of others: who is told what when rights, names and messages change. RFC 4314, RFC 5465."""
import imaplib

import pytest

from test_imap_sessions import PASSWORD, Session, box, send  # noqa: F401 (box is a fixture)

ALICE, BOB = 'alice@a.example', 'bob@a.example'
INBOX = '"Other Users/alice@a.example/INBOX"'
WORK = '"Other Users/alice@a.example/Work"'
BOTH = 'MessageNew MessageExpunge'


@pytest.fixture
def alice(box):
    session = Session(box, None, ALICE)
    session.do('CREATE Work')
    return session


def test_both_see_what_the_other_does(box, alice):
    alice.do('SETACL Work bob lrswite')
    alice.do('APPEND Work {4+}\r\na: b')
    bob = Session(box, WORK, BOB)
    alice.do('SELECT Work')
    bob.do('STORE 1 +FLAGS (\\Seen)')
    assert alice.do('NOOP') == ['* 1 FETCH (FLAGS (\\Seen))']
    bob.idle()
    alice.do('APPEND Work {4+}\r\na: b')
    assert bob.line() == '* 2 EXISTS'
    bob.line()
    alice.do('STORE 1 +FLAGS.SILENT (\\Deleted)')
    assert 'Deleted' in bob.line()
    alice.do('EXPUNGE')
    assert bob.line() == '* 1 EXPUNGE'
    assert bob.done() == []
    bob.do('STORE 1 +FLAGS.SILENT (\\Deleted)')
    bob.do('CLOSE')
    assert '* 1 EXPUNGE' in alice.do('NOOP')


def test_rights_count_at_once(box, alice):
    alice.do('SETACL Work bob lrswite')
    alice.do('APPEND Work {4+}\r\na: b')
    bob = Session(box, WORK, BOB)
    alice.do('SETACL Work bob lrs')
    told = bob.do('STORE 1 +FLAGS (\\Flagged)', 'NO [NOPERM]')
    assert '* OK [PERMANENTFLAGS (\\Seen)] Flags' in told
    bob.do('EXPUNGE', 'NO [NOPERM]')
    assert bob.do('STORE 1 +FLAGS (\\Seen)')[-1].startswith('* 1 FETCH')
    alice.do('DELETEACL Work bob')
    tag = bob.start('FETCH 1 FLAGS')
    assert bob.line().startswith('* BYE ')
    assert tag and bob.file.readline() == b''


def test_who_idles_is_sent_away_when_he_may_not_read(box, alice):
    alice.do('SETACL Work anyone lr')
    bob = Session(box, WORK, BOB)
    bob.idle()
    alice.do('SETACL Work -bob r')
    assert bob.line().startswith('* BYE ')


def test_deleting_ends_the_sessions_of_others(box, alice):
    alice.do('SETACL Work bob lrx')
    bob = Session(box, WORK, BOB)
    alice.do('SELECT Work')
    assert bob.do(f'DELETE {WORK}') == ['* OK [CLOSED] The selected mailbox is deleted']
    alice.start('NOOP')
    assert alice.line().startswith('* BYE ')


def test_the_owner_pays(box, alice):
    box.cli('quota', 'set', ALICE, '2K')
    alice.do('SETACL Work bob lri')
    bob = Session(box, None, BOB)
    bob.do(f'APPEND {WORK} {{1000+}}\r\n' + 'x' * 1000)
    bob.do(f'APPEND {WORK} {{1500}}', 'NO [OVERQUOTA]')
    bob.do('APPEND INBOX {1500+}\r\n' + 'x' * 1500)
    bob.do('SELECT INBOX')
    bob.do(f'COPY 1 {WORK}', 'NO [OVERQUOTA]')


def test_notify_tells_of_grants_and_messages(box, alice):
    bob = Session(box, None, BOB)
    bob.do(f'NOTIFY SET (subtree "Other Users" (MailboxName {BOTH}))')
    alice.do('SETACL Work bob lr')
    told = {bob.line() for _ in range(2)}
    assert f'* LIST (\\HasNoChildren) "/" {WORK}' in told
    assert '* LIST (\\NonExistent \\HasChildren) "/" "Other Users/alice@a.example"' in told
    alice.do('APPEND Work {4+}\r\na: b')
    assert bob.line() == f'* STATUS {WORK} (MESSAGES 1 UIDNEXT 2)'
    send(box, 'not for bob', [ALICE])
    alice.do('RENAME Work Old')
    assert bob.line() == f'* LIST (\\HasNoChildren) "/" "Other Users/alice@a.example/Old" ("OLDNAME" ({WORK}))'
    alice.do('SETACL INBOX anyone lr')
    told = {bob.line() for _ in range(3)}
    assert f'* LIST (\\HasNoChildren) "/" {INBOX}' in told
    assert f'* STATUS {INBOX} (MESSAGES 1 UIDNEXT 2)' in told
    alice.do('SETACL INBOX -bob l')
    told = {bob.line() for _ in range(2)}
    assert f'* LIST (\\NonExistent \\HasNoChildren) "/" {INBOX}' in told
    send(box, 'not for bob', [ALICE])
    assert bob.do('CAPABILITY')[0].startswith('* CAPABILITY')


def test_who_may_see_but_not_read(box, alice):
    alice.do('SETACL Work bob l')
    bob = Session(box, None, BOB)
    assert bob.do(f'NOTIFY SET (subtree "Other Users" ({BOTH}))') == [
        f'* LIST (\\NoAccess \\HasNoChildren) "/" {WORK}']
    alice.do('APPEND Work {4+}\r\na: b')
    alice.do('SETACL Work bob lr')
    assert bob.line() == f'* STATUS {WORK} (MESSAGES 1 UIDNEXT 2)'


def test_names_of_two_domains_do_not_meet(box, alice):
    box.cli('domain', 'add', 'b.example')
    for user in ('alice@b.example', 'bob@b.example'):
        box.cli('account', 'add', user, '--password-stdin', stdin=PASSWORD + '\n')
    other = Session(box, None, 'alice@b.example')
    for session in (alice, other):
        session.do('SETACL INBOX bob lr')
    for domain in ('a.example', 'b.example'):
        bob = Session(box, None, f'bob@{domain}')
        assert [line.split('"/" ')[1] for line in bob.do('LIST "Other Users/" "%/%"')] == [
            f'"Other Users/alice@{domain}/INBOX"']
        bob.do(f'SELECT "Other Users/alice@{domain}/inbox"')
    bob.do(f'SELECT {INBOX}', 'NO [NONEXISTENT]')


def test_who_comes_after_is_somebody_else(box, alice):
    alice.do('SETACL Work bob lr')
    box.cli('account', 'remove', BOB)
    box.cli('account', 'add', BOB, '--password-stdin', stdin=PASSWORD + '\n')
    bob = Session(box, None, BOB)
    bob.do(f'SELECT {WORK}', 'NO [NONEXISTENT]')
    assert bob.do('LIST "" "Other Users/*"') == []
    assert alice.do('GETACL Work')[0].endswith('"bob@a.example" lr')  # until alice takes it away
    alice.do('DELETEACL Work bob')  # which is the new bob: he has no entry
    box.restart()


def test_imaplib(box):
    with imaplib.IMAP4('127.0.0.1', box.ports['imap']) as alice:
        alice.login(ALICE, PASSWORD)
        assert alice.setacl('INBOX', 'bob', 'lrs')[0] == 'OK'
        assert alice.getacl('INBOX')[1][0].endswith(b'"bob@a.example" lrs')
        assert alice.myrights('INBOX')[1][0] == b'INBOX lrswipkxteacd'
        assert alice.namespace()[1][0] == b'(("" "/")) (("Other Users/" "/")) NIL'
        assert alice.deleteacl('INBOX', 'bob')[0] == 'OK'
