# SPDX-License-Identifier: MIT
"""NOTIFY: sessions that hold no thread are told what others do, where they asked for it. RFC 5465."""
import random
import re
import threading

import poplib
import pytest

from test_imap_sessions import PASSWORD, PATIENCE_S, USER, Session, box, send  # noqa: F401 (box is a fixture)

BOTH = 'MessageNew MessageExpunge'
ALL = BOTH + ' FlagChange'


def quiet(session):
    """Nothing is under way: the next thing said is the answer to this."""
    assert session.do('CAPABILITY')[0].startswith('* CAPABILITY')


def test_message_new_and_expunge_elsewhere(box):
    one, two = Session(box, None), Session(box, None)
    two.do('CREATE Lists/A')
    told = one.do(f'NOTIFY SET STATUS (subtree Lists ({BOTH})) (inboxes ({BOTH}))')
    assert [re.sub(r'UIDVALIDITY \d+', 'UIDVALIDITY n', line) for line in told] == [
        f'* STATUS {name} (MESSAGES 0 UIDNEXT 1 UIDVALIDITY n)' for name in ('INBOX', 'Lists', 'Lists/A')]
    two.do('APPEND Lists/A {4+}\r\na: b')
    assert one.line() == '* STATUS Lists/A (MESSAGES 1 UIDNEXT 2)'
    send(box, 'new')
    assert one.line() == '* STATUS INBOX (MESSAGES 1 UIDNEXT 2)'
    two.do('SELECT Lists/A')
    two.do('STORE 1 +FLAGS (\\Deleted)')  # FlagChange is not asked for
    two.do('EXPUNGE')
    assert one.line() == '* STATUS Lists/A (MESSAGES 0 UIDNEXT 2)'
    p = poplib.POP3('127.0.0.1', box.ports['pop3'], timeout=PATIENCE_S)
    p.user(USER)
    p.pass_(PASSWORD)
    p.dele(1)
    p.quit()
    assert one.line() == '* STATUS INBOX (MESSAGES 0 UIDNEXT 2)'
    quiet(one)


def test_flag_change_elsewhere(box):
    for n in range(2):
        send(box, f'm{n}')
    one, two, three = Session(box, None), Session(box), Session(box, None)
    three.do('ENABLE CONDSTORE')
    for s in (one, three):
        s.do(f'NOTIFY SET (personal ({ALL}))')
    two.do('STORE 1 +FLAGS (\\Flagged)')
    assert re.fullmatch(r'\* STATUS INBOX \(UIDVALIDITY \d+ HIGHESTMODSEQ \d+\)', three.line())
    two.do('STORE 1 +FLAGS (\\Seen)')
    assert one.line() == '* STATUS INBOX (UNSEEN 1)'  # without CONDSTORE the first was not worth a word
    assert re.fullmatch(r'\* STATUS INBOX \(UIDVALIDITY \d+ UNSEEN 1 HIGHESTMODSEQ \d+\)', three.line())
    quiet(one)
    quiet(three)


def test_selected_is_told_at_once_with_what_was_asked(box):
    send(box, 'm0')
    one, two = Session(box), Session(box)
    one.do(f'NOTIFY SET (selected (MessageNew (uid body.peek[header.fields (subject)]) MessageExpunge FlagChange))')
    send(box, 'm1')
    assert one.line() == '* 2 EXISTS'
    assert one.line() == '* 2 RECENT'
    assert one.line() == '* 2 FETCH (UID 2 BODY[HEADER.FIELDS (subject)] {15}'
    assert [one.line() for _ in range(3)] == ['Subject: m1', '', ')']
    two.do('NOOP')
    two.do('STORE 2 +FLAGS (\\Flagged)')
    assert one.line() == '* 2 FETCH (UID 2 FLAGS (\\Flagged \\Recent))'
    two.do('STORE 1 +FLAGS.SILENT (\\Deleted)')
    assert one.line() == '* 1 FETCH (UID 1 FLAGS (\\Deleted \\Recent))'
    two.do('EXPUNGE')
    assert one.line() == '* 1 EXPUNGE'
    quiet(one)


def test_selected_delayed_keeps_the_numbers(box):
    for n in range(2):
        send(box, f'm{n}')
    one, two = Session(box), Session(box)
    one.do(f'NOTIFY SET (selected-delayed ({BOTH}))')
    two.do('STORE 1 +FLAGS.SILENT (\\Deleted)')
    two.do('EXPUNGE')
    send(box, 'm2')
    assert one.line() == '* 3 EXISTS'
    one.line()
    assert one.do('FETCH 2 UID') == ['* 2 FETCH (UID 2)']
    assert one.do('NOOP') == ['* 1 EXPUNGE']
    two.do('STORE 1 +FLAGS.SILENT (\\Deleted)')
    one.idle()
    two.do('EXPUNGE')
    assert one.line() == '* 1 EXPUNGE'  # IDLE allows it
    assert one.done() == []


def test_nothing_is_told_of_what_was_not_asked(box):
    one, two = Session(box), Session(box)
    one.do('NOTIFY NONE')
    send(box, 'm0')
    two.do('CREATE New')
    assert one.do('NOOP') == []
    one.do(f'NOTIFY SET (selected ({BOTH}))')
    assert one.do('NOOP') == []  # what came before SET was told with it
    two.do('CREATE Newer')
    send(box, 'm1')
    assert one.line() == '* 2 EXISTS'
    one.line()
    quiet(one)


def test_set_tells_what_has_piled_up(box):
    one = Session(box)
    send(box, 'm0')
    assert one.do(f'NOTIFY SET (selected ({BOTH}))') == ['* 1 EXISTS', '* 1 RECENT']


def test_mailbox_names(box):
    one, two = Session(box, None), Session(box, None)
    one.do('NOTIFY SET (personal (MailboxName))')
    two.do('CREATE Work')
    assert one.line() == '* LIST (\\HasNoChildren) "/" Work'
    two.do('CREATE Work/2026')
    assert {one.line(), one.line()} == {'* LIST (\\HasNoChildren) "/" Work/2026', '* LIST (\\HasChildren) "/" Work'}
    two.do('RENAME Work Old')
    assert one.line() == '* LIST (\\HasChildren) "/" Old ("OLDNAME" (Work))'  # and no word of Old/2026
    two.do('DELETE Old')
    assert one.line() == '* LIST (\\NonExistent \\HasChildren) "/" Old'
    two.do('DELETE Old/2026')
    assert one.line() == '* LIST (\\NonExistent \\HasNoChildren) "/" Old/2026'
    assert one.line() == '* LIST (\\NonExistent \\HasNoChildren) "/" Old'
    two.do('SUBSCRIBE INBOX')  # not asked for
    two.do('CREATE Last')
    assert one.line() == '* LIST (\\HasNoChildren) "/" Last'
    one.do('CREATE Mine')  # one's own
    quiet(one)
    assert two.do('LIST "" Mine') == ['* LIST (\\HasNoChildren) "/" Mine']


def test_subscriptions(box):
    one, two = Session(box, None), Session(box, None)
    two.do('CREATE Work')
    one.do(f'NOTIFY SET (mailboxes (Work Nowhere) (SubscriptionChange)) (subscribed ({BOTH}))')
    two.do('SUBSCRIBE Work')
    assert one.line() == '* LIST (\\HasNoChildren \\Subscribed) "/" Work'
    two.do('APPEND Work {4+}\r\na: b')  # RFC 5465 6.4: it belongs to the subscribed ones now
    assert one.line() == '* STATUS Work (MESSAGES 1 UIDNEXT 2)'
    two.do('SUBSCRIBE Nowhere')
    assert one.line() == '* LIST (\\NonExistent \\HasNoChildren \\Subscribed) "/" Nowhere'
    two.do('UNSUBSCRIBE Nowhere')
    assert one.line() == '* LIST (\\NonExistent \\HasNoChildren) "/" Nowhere'
    two.do('UNSUBSCRIBE Work')
    assert one.line() == '* LIST (\\HasNoChildren) "/" Work'
    two.do('APPEND Work {4+}\r\na: b')
    quiet(one)


def test_the_mailbox_that_was_left_is_watched_again(box):
    one, two = Session(box), Session(box, None)
    two.do('CREATE Work')
    one.do(f'NOTIFY SET (personal ({BOTH})) (selected NONE)')
    send(box, 'm0')  # the selected mailbox: nothing is asked of it
    two.do('APPEND Work {4+}\r\na: b')
    assert one.line() == '* STATUS Work (MESSAGES 1 UIDNEXT 2)'
    told = one.do('SELECT Work')
    assert '* 1 EXISTS' in told
    assert told[-1] == '* STATUS INBOX (MESSAGES 1 UIDNEXT 2)'


def test_events_in_idle_are_those_of_notify(box):
    one, two = Session(box), Session(box, None)
    two.do('CREATE Work')
    one.do(f'NOTIFY SET (mailboxes Work ({BOTH}))')
    one.idle()
    send(box, 'm0')
    two.do('APPEND Work {4+}\r\na: b')
    assert one.line() == '* STATUS Work (MESSAGES 1 UIDNEXT 2)'
    assert one.done() == []


def test_many_sessions_watch_many_mailboxes(box):
    watchers = [Session(box, None) for _ in range(30)]
    two = Session(box, None)
    for n in range(40):
        two.do(f'CREATE M{n}')
    for w in watchers:
        w.do(f'NOTIFY SET (personal ({BOTH}))')
    for n in range(40):  # more than one look may have in mind
        two.start(f'APPEND M{n} {{4+}}\r\na: b')
    for w in watchers:
        seen = set()
        while len(seen) < 40:
            seen.add(re.fullmatch(r'\* STATUS (M\d+) \(MESSAGES 1 UIDNEXT 2\)', w.line()).group(1))
        quiet(w)


def test_too_much_to_tell(box):
    """LIMIT_NOTIFY_MAILBOXES is 5,000: refused at once, or said later (RFC 5465 5.8)."""
    one, two = Session(box, None), Session(box, None)
    levels = '/'.join(['x'] * 31)
    for n in range(155):
        two.do(f'CREATE M{n}/{levels}')
    one.do('NOTIFY SET (personal (MailboxName))')
    for n in range(155, 160):
        two.do(f'CREATE M{n}/{levels}')
    while not (line := one.line()).startswith('* OK '):
        assert line.startswith('* LIST (')
    assert line.startswith('* OK [NOTIFICATIONOVERFLOW] ')
    two.do('CREATE Another')
    quiet(one)
    one.do('NOTIFY SET (personal (MailboxName))', 'NO [NOTIFICATIONOVERFLOW]')
    one.do(f'NOTIFY SET (mailboxes (M1 M2) ({BOTH}))')
    two.do('APPEND M2 {4+}\r\na: b')
    assert one.line() == '* STATUS M2 (MESSAGES 1 UIDNEXT 2)'


def test_metadata(box):
    one, two = Session(box, None), Session(box, None)
    two.do('CREATE Work')
    one.do('NOTIFY SET (personal (MailboxMetadataChange ServerMetadataChange))')
    two.do('SETMETADATA Work (/shared/comment "x")')
    assert one.line() == '* METADATA Work /shared/comment'
    two.do('SETMETADATA Work (/shared/comment NIL /private/comment "y")')
    names = set()
    while names != {'/shared/comment', '/private/comment'}:  # together or one by one
        names |= set(re.fullmatch(r'\* METADATA Work (.*)', one.line()).group(1).split())
    two.do('SETMETADATA "" (/private/comment "z")')
    assert one.line() == '* METADATA "" /private/comment'
    one.do('SETMETADATA Work (/shared/comment "mine")')
    quiet(one)
    two.do('SETACL Work bob lr')
    bob = Session(box, None, 'bob@a.example')
    bob.do('NOTIFY SET (subtree "Other Users" (MailboxMetadataChange))')
    one.do('SETMETADATA Work (/private/comment "alice\'s own" /shared/comment "for all")')
    assert bob.line() == '* METADATA "Other Users/alice@a.example/Work" /shared/comment'
    quiet(bob)


class Picture:
    """What a client knows from LIST and STATUS alone."""

    def __init__(self, lines):
        self.boxes = {}
        for line in lines:
            self.hear(line)

    def hear(self, line):
        found = re.fullmatch(r'\* LIST \((.*?)\) "/" (\S+)( \("OLDNAME" \((\S+)\)\))?', line)
        if found:
            attributes, name, old = found[1].split(), found[2], found[4]
            if old:
                for one in [n for n in self.boxes if n == old or n.startswith(old + '/')]:
                    self.boxes[name + one[len(old):]] = self.boxes.pop(one)
            elif '\\NonExistent' in attributes:
                self.boxes.pop(name, None)
            else:
                self.boxes.setdefault(name, {'MESSAGES': 0, 'UIDNEXT': 1, 'UNSEEN': 0})
            return
        found = re.fullmatch(r'\* STATUS (\S+) \((.*)\)', line)
        assert found, line
        words = found[2].split()
        values = {k: int(v) for k, v in zip(words[::2], words[1::2]) if k in ('MESSAGES', 'UIDNEXT', 'UNSEEN')}
        self.boxes.setdefault(found[1], {}).update(values)


def random_commands(box, seed, count):
    """One session that does anything to a few mailboxes; what is refused is refused."""
    chance, session = random.Random(seed), Session(box, None)
    names = ['A', 'B', 'A/x', 'B/y', 'C', 'C/z']
    for _ in range(count):
        one, two = chance.choice(names), chance.choice(names)
        command = chance.choice([f'CREATE {one}', f'DELETE {one}', f'RENAME {one} {two}', f'SUBSCRIBE {one}',
                                 f'UNSUBSCRIBE {one}', *[f'APPEND {one} {{4+}}\r\na: b'] * 6, f'SELECT {one}',
                                 'STORE 1:* +FLAGS.SILENT (\\Seen)', 'STORE 1 +FLAGS.SILENT (\\Deleted)', 'EXPUNGE',
                                 f'COPY 1:* {two}', f'MOVE 1 {two}'])
        tag = session.start(command)
        while True:
            line = session.file.readline().decode()
            if line.startswith('* BYE') or not line:
                session = Session(box, None)  # others deleted the mailbox under it
                break
            if line.startswith(tag + ' '):
                break


@pytest.mark.parametrize('seed', range(3))
def test_picture_is_right_after_random_commands_of_three(box, seed):
    one = Session(box, None)
    ask = 'LIST "" * RETURN (STATUS (MESSAGES UIDNEXT UNSEEN))'
    one.do('NOTIFY SET (personal (MailboxName MessageNew MessageExpunge FlagChange))')
    picture = Picture(one.do(ask))
    others = [threading.Thread(target=random_commands, args=(box, 10 * seed + n, 60)) for n in range(3)]
    for t in others:
        t.start()
    for t in others:
        t.join()
    for line in one.do('NOOP'):
        picture.hear(line)
    now = Picture(line for line in Session(box, None).do(ask) if '\\NonExistent' not in line)
    assert picture.boxes == now.boxes
