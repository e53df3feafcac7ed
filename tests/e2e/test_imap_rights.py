# SPDX-License-Identifier: MIT
"""Each right alone, and with `l`, against each command: RFC 4314 4, and 6 on what may not even be known."""
from test_imap_sessions import Session, box  # noqa: F401 (box is a fixture)

ALICE, BOB = 'alice@a.example', 'bob@a.example'
RIGHTS = 'lrswipkxtea'
SETS = ['', *RIGHTS, *('l' + right for right in RIGHTS[1:]), RIGHTS]
PLACE = '"Other Users/alice@a.example/{}"'
MESSAGE = '{4+}\r\na: b'

# What stands in the answer when the mailbox may not be known: TRYCREATE for what puts messages there.
ABSENT, CREATE = 'NO [NONEXISTENT]', 'NO [TRYCREATE]'
COMMANDS = [
    ('STATUS {} (MESSAGES)', 'r', ABSENT),
    ('EXAMINE {}', 'r', ABSENT),
    ('SELECT {}', 'r', ABSENT),
    ('APPEND {} ' + MESSAGE, 'i', CREATE),
    ('MYRIGHTS {}', 'lrikxa', ABSENT),
    ('GETACL {}', 'a', ABSENT),
    ('LISTRIGHTS {} anyone', 'a', ABSENT),
    ('SETACL {} carol l', 'a', ABSENT),
    ('DELETEACL {} carol', 'a', ABSENT),
]


def name_of(rights):
    return 'P/' + (rights or 'none')


def share(session, name, rights):
    session.do(f'CREATE {name}')
    session.do(f'SETACL {name} bob "{rights}"')


def fixture(box):
    box.cli('account', 'add', 'carol@a.example', '--password-stdin', stdin='correct horse battery\n')
    alice, bob = Session(box, None, ALICE), Session(box, None, BOB)
    share(alice, 'P', 'lk')
    for rights in SETS:
        share(alice, name_of(rights), rights)
    bob.do(f'APPEND INBOX {MESSAGE}')
    return alice, bob


def expected(rights, needed, absent):
    if set(rights) & set(needed):
        return 'OK'
    return 'NO [NOPERM]' if 'l' in rights else absent


def outcome(session, command, *, wanted):
    """Everything that was said; the tagged line must begin as wanted."""
    tag = session.start(command)
    told = []
    while not (line := session.line()).startswith(tag + ' '):
        told.append(line)
    assert line[len(tag) + 1:].startswith(wanted), f'{command}: {line}, not {wanted}'
    return told


def test_commands_about_mailboxes(box):
    alice, bob = fixture(box)
    for rights in SETS:
        place = PLACE.format(name_of(rights))
        for command, needed, absent in COMMANDS:
            outcome(bob, command.replace('{}', place), wanted=expected(rights, needed, absent))
        bob.do('SELECT INBOX')
        outcome(bob, f'COPY 1 {place}', wanted=expected(rights, 'i', CREATE))
        bob.do('UNSELECT')
        # RFC 5464 3: l, and something to do with messages; what is shared is written with w
        may = 'l' in rights and set(rights) & set('rswip')
        wanted = 'OK' if may else 'NO [NOPERM]' if 'l' in rights else ABSENT
        outcome(bob, f'GETMETADATA {place} /shared/comment', wanted=wanted)
        outcome(bob, f'SETMETADATA {place} (/private/comment "x")', wanted=wanted)
        wanted = 'NO [NOPERM]' if may and 'w' not in rights else wanted
        outcome(bob, f'SETMETADATA {place} (/shared/comment "x")', wanted=wanted)
        # k is asked of the mailbox above, and its absence never tells whether there is one
        outcome(bob, f'CREATE {place[:-1]}/new"', wanted='OK' if 'k' in rights else 'NO [NOPERM]')
    shown = {line.split('"/" ')[1] for line in bob.do('LIST "" "Other Users/alice@a.example/P/%"')}
    assert shown == {PLACE.format(name_of(rights)) for rights in SETS if 'l' in rights}


def test_deleting_and_renaming(box):
    alice, bob = fixture(box)
    for rights in SETS:
        place = PLACE.format(name_of(rights))
        wanted = expected(rights, 'x', ABSENT)
        outcome(bob, f'RENAME {place} {PLACE.format("P/moved")}', wanted=wanted)
        if wanted == 'OK':
            outcome(bob, f'RENAME {PLACE.format("P/moved")} {PLACE.format("Q/moved")}', wanted='NO [NOPERM]')
            outcome(bob, f'RENAME {PLACE.format("P/moved")} {place}', wanted='OK')
        outcome(bob, f'DELETE {place}', wanted=wanted)


def test_messages_in_the_selected_mailbox(box):
    alice, bob = fixture(box)
    for more in ['', *'swite', 'te', 'swite']:
        rights, name = 'lr' + more, 'S' + more
        share(alice, name, rights)
        for _ in range(2):
            alice.do(f'APPEND {name} {MESSAGE}')
        told = bob.do(f'SELECT {PLACE.format(name)}')
        may_write = bool(set(more) & set('swite'))
        assert bob.last.startswith('OK [READ-WRITE]' if may_write else 'OK [READ-ONLY]')
        flags = [*(['\\Answered', '\\Flagged'] if 'w' in more else []), *(['\\Deleted'] if 't' in more else []),
                 *(['\\Seen'] if 's' in more else []), *(['\\Draft', '\\*'] if 'w' in more else [])]
        assert f'* OK [PERMANENTFLAGS ({" ".join(flags)})] Flags' in told
        refused = 'NO [NOPERM]' if may_write else 'NO [READ-ONLY]'
        for flag, needed in (('\\Seen', 's'), ('\\Flagged', 'w'), ('Word', 'w'), ('\\Deleted', 't')):
            outcome(bob, f'STORE 1 +FLAGS ({flag})', wanted='OK' if needed in more else refused)
        bob.do('FETCH 2 BODY[]')
        assert ('\\Seen' in bob.do('FETCH 2 FLAGS')[-1]) == ('s' in more)
        outcome(bob, 'EXPUNGE', wanted='OK' if 'e' in more else refused)
        may_move = {'t', 'e'} <= set(more)
        outcome(bob, 'MOVE 1 INBOX', wanted='OK' if may_move else refused)
        replaced = 'OK' if may_move and 'i' in more else refused
        if not may_move or 'i' in more:
            alice.do(f'APPEND {name} {MESSAGE}')
            bob.do('NOOP')
            outcome(bob, f'REPLACE 1 {PLACE.format(name)} {MESSAGE}', wanted=replaced)
        alice.do(f'SELECT {name}')
        if more != 'te':  # who could move everything away has left nothing
            alice.do('STORE 1:* +FLAGS.SILENT (\\Deleted)')
        alice.do('UNSELECT')
        bob.do('CLOSE')  # RFC 4314 4: without e nothing goes, and it is no failure
        left = int(alice.do(f'STATUS {name} (MESSAGES)')[0].split()[-1].rstrip(')'))
        assert (left == 0) == ('e' in more), (more, left)
