# SPDX-License-Identifier: MIT
"""Two and more IMAP sessions in one mailbox: who is told what, and when. RFC 9051 5.2, 5.5, 7.5.1; RFC 2177; RFC 7162."""
import random
import re
import smtplib
import socket
import time

import poplib
import pytest

PASSWORD = 'correct horse battery'
USER = 'alice@a.example'
PATIENCE_S = 20


class Session:
    """A client that writes and reads lines; every answer is kept as it came."""

    def __init__(self, server, select='INBOX', user=USER):
        self.sock = socket.create_connection(('127.0.0.1', server.ports['imap']), PATIENCE_S)
        self.file = self.sock.makefile('rb')
        self.tags = 0
        assert self.line().startswith('* OK ')
        self.do(f'LOGIN {user} "{PASSWORD}"')
        if select:
            self.do(f'SELECT {select}')

    def line(self):
        text = self.file.readline().decode()
        assert text.endswith('\r\n'), f'the server closed: {text!r}'
        return text[:-2]

    def say(self, text):
        self.sock.sendall(text.encode() + b'\r\n')

    def start(self, command):
        self.tags += 1
        self.say(f'a{self.tags} {command}')
        return f'a{self.tags}'

    def end(self, tag, expect='OK'):
        """The untagged lines before the tagged one."""
        told = []
        while True:
            line = self.line()
            if line.startswith(tag + ' '):
                self.last = line[len(tag) + 1:]
                assert self.last.startswith(expect), line
                return told
            told.append(line)

    def do(self, command, expect='OK'):
        return self.end(self.start(command), expect)

    def idle(self):
        self.idle_tag = self.start('IDLE')
        line = self.line()
        assert line.startswith('+ '), line

    def done(self):
        self.say('DONE')
        return self.end(self.idle_tag)


@pytest.fixture
def box(server):
    server.cli('domain', 'add', 'a.example')
    server.cli('account', 'add', USER, '--password-stdin', stdin=PASSWORD + '\n')
    server.cli('account', 'add', 'bob@a.example', '--password-stdin', stdin=PASSWORD + '\n')
    return server


def send(server, subject, rcpts=(USER,)):
    with smtplib.SMTP('127.0.0.1', server.ports['smtp'], timeout=PATIENCE_S) as s:
        s.sendmail('bob@c.example', list(rcpts), f'From: bob@c.example\r\nSubject: {subject}\r\n\r\nHello.\r\n')


def test_expunge_never_comes_with_fetch_store_search(box):
    for n in range(4):
        send(box, f'm{n}')
    one, two = Session(box), Session(box)
    one.do('STORE 2 +FLAGS.SILENT (\\Deleted)')
    assert two.do('NOOP') == ['* 2 FETCH (FLAGS (\\Deleted))']
    assert one.do('EXPUNGE') == ['* 2 EXPUNGE']
    # The other one keeps its numbers until a command that allows EXPUNGE.
    assert two.do('FETCH 3 UID') == ['* 3 FETCH (UID 3)']
    assert two.do('STORE 4 +FLAGS (\\Flagged)') == ['* 4 FETCH (FLAGS (\\Flagged))']
    assert two.do('SEARCH ALL') == ['* SEARCH 1 2 3 4']
    assert two.do('SEARCH SUBJECT m') == ['* SEARCH 1 3 4']
    assert two.do('FETCH 1:4 UID', 'NO [EXPUNGEISSUED]') == [f'* {n} FETCH (UID {n})' for n in (1, 3, 4)]
    # What came meanwhile is told at once, for it moves no number.
    send(box, 'm4')
    assert two.do('FETCH 1 UID')[:2] == ['* 1 FETCH (UID 1)', '* 5 EXISTS']
    assert two.do('NOOP')[0] == '* 2 EXPUNGE'
    assert two.do('FETCH 2 UID') == ['* 2 FETCH (UID 3)']
    assert [line for line in one.do('NOOP') if 'FETCH' in line] == ['* 3 FETCH (FLAGS (\\Flagged \\Recent))']


def test_uid_search_with_numbers_moves_none(box):
    for n in range(4):
        send(box, f'm{n}')
    one, two = Session(box), Session(box)
    one.do('STORE 2 +FLAGS.SILENT (\\Deleted)')
    one.do('EXPUNGE')
    # RFC 9051 5.5: a client may have sent them one behind the other.
    for command in ('UID SEARCH 3', 'UID SEARCH NOT (OR 3 SEEN)', 'UID SORT (ARRIVAL) UTF-8 3:4', 'UID THREAD REFERENCES UTF-8 3'):
        assert not [line for line in two.do(command) if 'EXPUNGE' in line], command
    assert two.do('UID SEARCH UID 3') == ['* SEARCH 3', '* 2 EXPUNGE']
    assert two.do('UID SEARCH 2') == ['* SEARCH 3']


def test_numbers_stay_right_over_many_changes(box):
    for n in range(10):
        send(box, f'm{n}')
    one, two = Session(box), Session(box)
    one.do('STORE 1,3,5,7,9 +FLAGS.SILENT (\\Deleted)')
    one.do('EXPUNGE')
    numbers = [int(line.split()[1]) for line in two.do('NOOP') if line.endswith('EXPUNGE')]
    model = list(range(1, 11))
    for number in numbers:
        del model[number - 1]
    assert model == [2, 4, 6, 8, 10]
    assert two.do('FETCH 1:* UID') == [f'* {i + 1} FETCH (UID {uid})' for i, uid in enumerate(model)]
    assert one.do('FETCH 1:* UID') == two.do('FETCH 1:* UID')


def test_flags_of_others_are_told_and_own_ones_only_once(box):
    send(box, 'm')
    one, two = Session(box), Session(box)
    assert one.do('STORE 1 +FLAGS (\\Answered)') == ['* 1 FETCH (FLAGS (\\Answered \\Recent))']
    assert one.do('NOOP') == []
    assert one.do('STORE 1 +FLAGS.SILENT (\\Flagged)') == []
    assert one.do('NOOP') == []
    assert two.do('NOOP') == ['* 1 FETCH (FLAGS (\\Answered \\Flagged))']
    two.do('FETCH 1 BODY[TEXT]')
    assert one.do('NOOP') == ['* 1 FETCH (FLAGS (\\Answered \\Flagged \\Seen \\Recent))']


def test_silent_does_not_hide_what_others_did(box):
    """RFC 9051 6.4.6: .SILENT is about the client's own change; what others did to the message before it is told."""
    send(box, 'one')
    send(box, 'two')
    a, b = Session(box), Session(box)
    a.do('UNSELECT')
    a.do('SELECT INBOX')
    b.do('STORE 1 +FLAGS (\\Flagged)')
    told = a.do('STORE 1:2 +FLAGS.SILENT (\\Seen)')
    assert [line for line in told if 'FETCH' in line] == ['* 1 FETCH (FLAGS (\\Flagged \\Seen))']
    assert a.do('STORE 1:2 +FLAGS.SILENT (\\Answered)') == [] and a.do('NOOP') == []
    b.do('STORE 1 FLAGS (\\Seen)')
    assert a.do('STORE 1 +FLAGS.SILENT (\\Seen)') == ['* 1 FETCH (FLAGS (\\Seen))']
    a.do('ENABLE CONDSTORE')
    b.do('STORE 1 +FLAGS (\\Draft)')
    told = a.do('STORE 1:2 -FLAGS.SILENT (\\Seen)')
    assert re.fullmatch(r'\* 1 FETCH \(UID 1 FLAGS \(\\Draft\) MODSEQ \(\d+\)\)', told[0]), told
    assert re.fullmatch(r'\* 2 FETCH \(UID 2 MODSEQ \(\d+\)\)', told[1]) and len(told) == 2, told


def test_new_keyword_is_announced_to_the_other(box):
    send(box, 'm')
    one, two = Session(box), Session(box)
    one.do('STORE 1 +FLAGS (Todo)')
    told = two.do('NOOP')
    assert told[0] == '* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft Todo)'
    assert told[-1] == '* 1 FETCH (FLAGS (Todo))'


FLAGS = '* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft{})'
PERMANENT = '* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft{} \\*)] Flags'


def announced(keywords):
    return [FLAGS.format(keywords), PERMANENT.format(keywords)]


def without_recent(lines):
    """Whose new messages are \\Recent is not what these tests are about."""
    return [line.replace(' \\Recent', '') for line in lines if not line.endswith(' RECENT')]


def test_keyword_of_an_append_or_copy_is_announced(box):
    """RFC 9051 2.3.2, 7.3.5: also when it came with a new message, by oneself or by another session."""
    one, two = Session(box), Session(box)
    one.do('CREATE Other')

    def told(session, command):
        return without_recent(session.do(command))

    def append(session, mailbox, keyword):
        return told(session, f'APPEND {mailbox} ({keyword}) {{3+}}\r\na:b')

    # One's own APPEND into the selected mailbox, and another one's.
    assert append(one, 'INBOX', 'Mine') == ['* 1 EXISTS'] + announced(' Mine')
    assert told(two, 'NOOP') == ['* 1 EXISTS'] + announced(' Mine')
    # What is known already is not told again.
    assert append(one, 'INBOX', 'mine') == ['* 2 EXISTS']
    assert told(two, 'NOOP') == ['* 2 EXISTS']
    # COPY brings keywords along.
    three = Session(box, 'Other')
    append(three, 'Other', 'Brought')
    assert told(three, 'COPY 1 INBOX') == []
    assert told(two, 'NOOP') == ['* 3 EXISTS'] + announced(' Mine Brought')
    assert told(one, 'NOOP') == ['* 3 EXISTS'] + announced(' Mine Brought')
    # A copy into the selected mailbox itself.
    assert append(three, 'INBOX', 'Fourth') == []
    assert told(two, 'COPY 1 INBOX') == ['* 5 EXISTS'] + announced(' Mine Brought Fourth')


def test_keyword_is_announced_before_the_fetch_that_shows_it(box):
    """The other session's STORE is committed, and its new keyword is read, before this session was told of either."""
    for _ in range(2):
        send(box, 'm')
    one, two = Session(box), Session(box)
    one.do('STORE 1 +FLAGS (Todo)')
    told = two.do('FETCH 1 FLAGS')
    assert told[:3] == announced(' Todo') + ['* 1 FETCH (FLAGS (Todo))']
    one.do('STORE 2 +FLAGS (Urgent)')
    # Without FLAGS nothing is shown, and the news of the change brings it.
    told = two.do('FETCH 2 UID')
    assert told == ['* 2 FETCH (UID 2)'] + announced(' Todo Urgent') + ['* 2 FETCH (FLAGS (Urgent))']
    # \Seen that a FETCH sets shows the flags too; here the keyword is one's own, and known.
    one.do('STORE 1 +FLAGS (Third)')
    told = two.do('FETCH 1 BODY[TEXT]')
    assert told[:2] == announced(' Todo Urgent Third')
    assert 'FLAGS (\\Seen Todo Third)' in ''.join(told)


def test_keyword_is_announced_in_idle_and_by_notify(box):
    one, idler, hearer = Session(box), Session(box), Session(box)
    idler.idle()
    hearer.do('NOTIFY SET (SELECTED (MessageNew (FLAGS) MessageExpunge FlagChange))')
    one.do('APPEND INBOX (Fresh) {3+}\r\na:b')
    assert without_recent([idler.line() for _ in range(4)]) == ['* 1 EXISTS'] + announced(' Fresh')
    assert idler.done() == []
    assert without_recent([hearer.line() for _ in range(5)]) == [
        '* 1 EXISTS', *announced(' Fresh'), '* 1 FETCH (FLAGS (Fresh))']


def test_recent_belongs_to_one_session(box):
    send(box, 'm')
    one, two = Session(box), Session(box)
    assert one.do('FETCH 1 FLAGS') == ['* 1 FETCH (FLAGS (\\Recent))']
    assert two.do('FETCH 1 FLAGS') == ['* 1 FETCH (FLAGS ())']


def test_idle_is_pushed(box):
    one, two = Session(box), Session(box)
    one.idle()
    time.sleep(0.1)  # parked by now
    began = time.monotonic()
    send(box, 'new')
    assert one.line() == '* 1 EXISTS'
    assert time.monotonic() - began < PATIENCE_S / 4
    one.line()  # RECENT
    two.do('NOOP')
    two.do('STORE 1 +FLAGS (\\Flagged)')
    assert one.line().startswith('* 1 FETCH (FLAGS (\\Flagged')
    two.do('STORE 1 +FLAGS.SILENT (\\Deleted)')
    assert 'Deleted' in one.line()
    two.do('EXPUNGE')
    assert one.line() == '* 1 EXPUNGE'
    assert one.done() == []
    assert one.do('FETCH 1:* UID') == []


def test_idle_hears_of_every_protocol(box):
    one = Session(box)
    one.idle()
    with smtplib.LMTP('127.0.0.1', box.ports['lmtp']) as s:
        s.sendmail('bob@c.example', [USER], 'Subject: x\r\n\r\n')
    assert one.line() == '* 1 EXISTS'
    one.line()
    two = Session(box, None)
    two.sock.sendall(b'b APPEND INBOX {16+}\r\nSubject: x\r\n\r\n\r\n\r\n')
    assert two.line().startswith('b OK [APPENDUID')
    assert one.line() == '* 2 EXISTS'
    one.line()
    p = poplib.POP3('127.0.0.1', box.ports['pop3'], timeout=PATIENCE_S)
    p.user(USER)
    p.pass_(PASSWORD)
    p.dele(1)
    p.quit()
    assert one.line() == '* 1 EXPUNGE'
    assert one.done() == []


def test_many_idle_sessions_all_hear_it(box):
    sessions = [Session(box) for _ in range(100)]
    for s in sessions:
        s.idle()
    send(box, 'for all')
    for s in sessions:
        assert s.line() == '* 1 EXISTS'


def test_copy_and_move_are_seen_in_both_mailboxes(box):
    for n in range(3):
        send(box, f'm{n}')
    one = Session(box)
    one.do('CREATE Away')
    two, three = Session(box, 'Away'), Session(box)
    three.do('SELECT INBOX')
    one.do('COPY 1 Away')
    assert two.do('NOOP')[0] == '* 1 EXISTS'
    told = one.do('MOVE 2:3 Away')
    assert re.match(r'\* OK \[COPYUID \d+ 2:3 2:3\]', told[0])
    assert sorted(told[1:]) == ['* 2 EXPUNGE', '* 3 EXPUNGE']
    assert two.do('NOOP')[0] == '* 3 EXISTS'
    assert sorted(three.do('NOOP')) == ['* 2 EXPUNGE', '* 3 EXPUNGE']


def test_deleting_a_mailbox_ends_the_sessions_in_it(box):
    one = Session(box)
    one.do('CREATE Away')
    two = Session(box, 'Away')
    one.do('DELETE Away')
    tag = two.start('NOOP')
    assert two.line().startswith('* BYE ')
    assert tag and two.file.readline() == b''


def test_renamed_mailbox_stays_selected(box):
    one = Session(box)
    one.do('CREATE Away')
    two = Session(box, 'Away')
    one.do('RENAME Away Elsewhere')
    one.do('APPEND Elsewhere {6+}\r\na: b\r\n')
    assert two.do('NOOP')[0] == '* 1 EXISTS'


def test_qresync_brings_a_session_up_to_date(box):
    for n in range(5):
        send(box, f'm{n}')
    one = Session(box, None)
    one.do('ENABLE QRESYNC')
    told = '\n'.join(one.do('SELECT INBOX'))
    validity = re.search(r'UIDVALIDITY (\d+)', told).group(1)
    modseq = re.search(r'HIGHESTMODSEQ (\d+)', told).group(1)
    one.do('UNSELECT')
    two = Session(box)
    two.do('STORE 2,4 +FLAGS.SILENT (\\Deleted)')
    two.do('EXPUNGE')
    two.do('STORE 1 +FLAGS.SILENT (\\Seen)')
    told = one.do(f'SELECT INBOX (QRESYNC ({validity} {modseq} 1:5))')
    assert '* VANISHED (EARLIER) 2,4' in told
    fetches = [line for line in told if 'FETCH' in line]
    assert len(fetches) == 1 and fetches[0].startswith('* 1 FETCH (UID 1 FLAGS (\\Seen')


def test_vanished_names_only_messages_that_were_there(box):
    """RFC 7162 3.2.10.2: the client counts one less for each UID, so one that went before may not stand between two."""
    for n in range(5):
        send(box, f'm{n}')
    a, b = Session(box, None), Session(box)
    a.do('ENABLE QRESYNC')
    a.do('SELECT INBOX')
    b.do('STORE 3 +FLAGS.SILENT (\\Deleted)')
    b.do('EXPUNGE')
    assert '* VANISHED 3' in a.do('NOOP')
    b.do('STORE 2:3 +FLAGS.SILENT (\\Deleted)')
    b.do('EXPUNGE')
    assert '* VANISHED 2,4' in a.do('NOOP')
    assert a.do('SEARCH ALL') == ['* SEARCH 1 2']


def test_pipelined_commands_run_one_after_the_other(box):
    for n in range(3):
        send(box, f'm{n}')
    one = Session(box)
    one.sock.sendall(b'p1 STORE 1 +FLAGS.SILENT (\\Deleted)\r\np2 EXPUNGE\r\np3 FETCH 1 UID\r\np4 STORE 1 +FLAGS (\\Seen)\r\n'
                     b'p5 UID FETCH 1:* FLAGS\r\n')
    assert one.end('p1') == []
    assert one.end('p2') == ['* 1 EXPUNGE']
    assert one.end('p3') == ['* 1 FETCH (UID 2)']
    assert one.end('p4') == ['* 1 FETCH (FLAGS (\\Seen \\Recent))']
    assert one.end('p5') == ['* 1 FETCH (UID 2 FLAGS (\\Seen \\Recent))', '* 2 FETCH (UID 3 FLAGS (\\Recent))']


@pytest.mark.serve('wait.data=1s', 'wait.stop=2s')
def test_a_client_that_never_reads_is_dropped(box):
    """wait.data is how long a write may wait; nothing is buffered meanwhile."""
    big = 'x' * 70 + '\r\n'
    one = Session(box, None)
    body = f'Subject: big\r\n\r\n{big * 14000}'
    one.sock.sendall(f'b APPEND INBOX {{{len(body)}+}}\r\n{body}\r\n'.encode())
    assert one.line().startswith('b OK')
    one.do('SELECT INBOX')
    for _ in range(60):
        one.start('FETCH 1 BODY.PEEK[]')
    two = Session(box)
    assert two.do('FETCH 1 UID') == ['* 1 FETCH (UID 1)']
    time.sleep(4)
    # What was under way before it was dropped, and then the end: not all 60 MB.
    got = 0
    try:
        while piece := one.sock.recv(1 << 20):
            got += len(piece)
    except ConnectionResetError:
        pass
    assert got < 50 * len(body)


def test_accounts_do_not_see_each_other(box):
    one = Session(box)
    one.do('CREATE Secret')
    bob = Session(box, user='bob@a.example')
    assert bob.do('LIST "" *') == ['* LIST (\\HasNoChildren) "/" INBOX']
    bob.do('SELECT Secret', 'NO [NONEXISTENT]')


def test_uidonly_tells_others_doings_by_uid(box):
    """RFC 9586 with RFC 5465: no number in what is pushed."""
    one, two = Session(box, select=None), Session(box)
    one.do('ENABLE UIDONLY')
    one.do('SELECT INBOX')
    one.do('NOTIFY SET (SELECTED (MessageNew (UID RFC822.SIZE) MessageExpunge FlagChange))')
    send(box, 'one')
    assert one.line() == '* 1 EXISTS'
    assert one.line() == '* 1 RECENT'
    assert re.fullmatch(r'\* 1 UIDFETCH \(UID 1 RFC822.SIZE \d+\)', one.line())
    two.do('NOOP')
    two.do('STORE 1 +FLAGS.SILENT (\\Deleted)')
    assert one.line() == '* 1 UIDFETCH (FLAGS (\\Deleted \\Recent))'
    assert two.do('EXPUNGE') == ['* 1 EXPUNGE']
    assert one.line() == '* VANISHED 1'
    send(box, 'two')
    assert [one.line(), one.line()] == ['* 1 EXISTS', '* 1 RECENT']
    assert one.line().startswith('* 2 UIDFETCH (UID 2 ')


def test_replace_is_one_change_for_others(box):
    """RFC 8508: nobody sees both messages, or none."""
    send(box, 'one')
    one, two = Session(box), Session(box)
    two.idle()
    for n in range(2, 12):
        tag = one.start('REPLACE * INBOX (\\Draft) {4+}\r\na: b')
        told = one.end(tag)
        assert re.match(rf'\* OK \[APPENDUID \d+ {n}\]', told[0]) and told[1:3] == ['* 1 EXPUNGE', '* 1 EXISTS']
        assert [two.line(), two.line()][:2] == ['* 1 EXPUNGE', '* 1 EXISTS']
        assert two.line().endswith(' RECENT')
    assert two.done() == []
    assert two.do('UID SEARCH ALL') == ['* SEARCH 11']


def test_a_search_is_kept_up_to_date_in_idle(box):
    """RFC 5267: what others do is told as it happens, and what one does oneself too."""
    for n in range(4):
        send(box, f'm{n}')
    one, two, other = Session(box), Session(box), Session(box)
    assert one.do('UID SEARCH RETURN (UPDATE ALL) UNDELETED') == ['* ESEARCH (TAG "a3") UID ALL 1:4']
    assert one.do('SORT RETURN (UPDATE) (REVERSE SUBJECT) UTF-8 FLAGGED') == ['* ESEARCH (TAG "a4")']
    one.idle()
    time.sleep(0.1)  # parked by now
    two.do('STORE 2,4 +FLAGS.SILENT (\\Flagged)')
    assert [one.line() for _ in range(3)] == ['* 2 FETCH (FLAGS (\\Flagged \\Recent))', '* 4 FETCH (FLAGS (\\Flagged \\Recent))',
                                              '* ESEARCH (TAG "a4") ADDTO (1 2 1 4)']
    send(box, 'm4')
    assert [one.line() for _ in range(3)] == ['* 5 EXISTS', '* 5 RECENT', '* ESEARCH (TAG "a3") UID ADDTO (0 5)']
    two.do('STORE 2 +FLAGS.SILENT (\\Deleted)')
    assert [one.line() for _ in range(2)] == ['* 2 FETCH (FLAGS (\\Flagged \\Deleted \\Recent))',
                                              '* ESEARCH (TAG "a3") UID REMOVEFROM (0 2)']
    two.do('EXPUNGE')
    assert [one.line() for _ in range(2)] == ['* ESEARCH (TAG "a4") REMOVEFROM (2 2)', '* 2 EXPUNGE']
    assert one.done() == []
    # EXPUNGE may not come with SEARCH, REMOVEFROM may: the number still means that message.
    one.do('UNSELECT')
    one.do('SELECT INBOX')
    one.do('SEARCH RETURN (UPDATE) ALL')
    tag = f'a{one.tags}'
    other.do('NOOP')
    other.do('STORE 1 +FLAGS.SILENT (\\Deleted)')
    other.do('EXPUNGE')
    assert one.do('SEARCH RETURN (COUNT) UID 99') == [f'* ESEARCH (TAG "a{one.tags}") COUNT 0',
                                                     f'* ESEARCH (TAG "{tag}") REMOVEFROM (0 1)']
    assert one.do('FETCH 2 UID') == ['* 2 FETCH (UID 3)']
    assert one.do('NOOP') == ['* 1 EXPUNGE']
    assert one.do(f'CANCELUPDATE "{tag}"') == []
    send(box, 'm5')
    assert not [line for line in one.do('NOOP') if 'ESEARCH' in line]


def test_updates_of_a_search_after_notify(box):
    """RFC 5465 5: FETCH of flags before ESEARCH, EXISTS before it, what NOTIFY fetches of new messages behind it."""
    send(box, 'm0')
    one, two = Session(box), Session(box)
    one.do('SEARCH RETURN (UPDATE ALL) UNSEEN')
    tag = f'a{one.tags}'
    one.do('NOTIFY SET (SELECTED (MessageNew (UID) MessageExpunge FlagChange))')
    time.sleep(0.1)  # parked by now, without a command
    two.do('STORE 1 +FLAGS.SILENT (\\Seen)')
    assert one.line() == '* 1 FETCH (UID 1 FLAGS (\\Seen \\Recent))'
    assert one.line() == f'* ESEARCH (TAG "{tag}") REMOVEFROM (0 1)'
    send(box, 'm1')
    told = [one.line() for _ in range(4)]
    assert told == ['* 2 EXISTS', '* 2 RECENT', f'* ESEARCH (TAG "{tag}") ADDTO (0 2)', '* 2 FETCH (UID 2)']
    two.do('NOOP')
    two.do('STORE 2 +FLAGS.SILENT (\\Deleted)')
    assert one.line().startswith('* 2 FETCH (UID 2 FLAGS (')
    two.do('EXPUNGE')
    assert [one.line() for _ in range(2)] == [f'* ESEARCH (TAG "{tag}") REMOVEFROM (0 2)', '* 2 EXPUNGE']


class Lists:
    """What a client makes of ADDTO and REMOVEFROM: RFC 5267 4.3.2 to 4.3.4."""

    def __init__(self):
        self.by_tag = {}

    @staticmethod
    def members(text):
        pairs = (part.split(':') for part in text.split(','))
        return [uid for pair in pairs for uid in range(int(pair[0]), int(pair[-1]) + 1)]

    def change(self, now, word, place, uids):
        if word == 'REMOVEFROM':
            assert set(uids) <= set(now) and (place == 0 or now[place - 1:place - 1 + len(uids)] == uids)
            now[:] = [uid for uid in now if uid not in uids]
        elif place == 0:
            now[:] = sorted(now + uids)
        else:
            now[place - 1:place - 1] = uids
        assert len(set(now)) == len(now)

    def take(self, told):
        for line in told:
            found = re.match(r'\* ESEARCH \(TAG "(\w+)"\) UID (.*)', line)
            if found and found[1] in self.by_tag:
                for word, pairs in re.findall(r'(ADDTO|REMOVEFROM) \(([^)]*)\)', found[2]):
                    pairs = pairs.split(' ')
                    for place, text in zip(pairs[::2], pairs[1::2]):
                        self.change(self.by_tag[found[1]], word, int(place), self.members(text))


def test_contexts_follow_a_model(box):
    """Random changes by two sessions: a client that goes by the updates always has what a new search says."""
    rng, lists = random.Random(5267), Lists()
    one, two = Session(box), Session(box)
    searches = ('UID SORT RETURN ({}ALL) (SUBJECT REVERSE ARRIVAL) UTF-8 UNDELETED', 'UID SEARCH RETURN ({}ALL) FLAGGED',
                'UID SEARCH RETURN ({}ALL) OR UID * NOT UID 3:*')

    def do(who, command):
        told = who.do(command)
        if who is one:
            lists.take(told)
        return told

    for search in searches:
        one.do(search.format('UPDATE '))
        lists.by_tag[f'a{one.tags}'] = []
    for _ in range(80):
        who = rng.choice((one, two))
        what = rng.randrange(6)
        do(who, 'NOOP')
        count = len(do(who, 'SEARCH ALL')[0].split()) - 2
        if what == 0 or count < 3:
            body = f'Subject: {rng.choice("abcde")}\r\n\r\n'
            flags = rng.choice(('', ' (\\Flagged)', ' (\\Deleted)'))
            do(who, f'APPEND INBOX{flags} {{{len(body)}+}}\r\n{body}')
        elif what == 1:
            do(who, 'EXPUNGE')
        else:
            first = rng.randint(1, count)
            flag = rng.choice(('Flagged', 'Flagged', 'Deleted', 'Seen'))
            do(who, f'STORE {first}:{min(count, first + rng.randrange(3))} {rng.choice("+-")}FLAGS.SILENT (\\{flag})')
        do(one, 'NOOP')
        for search, tag in zip(searches, lists.by_tag):
            fresh = [line for line in do(one, search.format('')) if f'TAG "a{one.tags}"' in line][0]
            expected = lists.members(fresh.split(' ALL ')[1]) if ' ALL ' in fresh else []
            assert lists.by_tag[tag] == expected
    assert uid_count(one) > 3


def uid_count(session):
    return len(session.do('UID SEARCH ALL')[0].split()) - 2
