#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random commands of several IMAP sessions, held against a model of the mailboxes.

One command runs at a time, in one of the sessions, so what must be true after it is known exactly: the answer, the flags, UIDs,
sizes, modification sequences and names of mailboxes as a fresh session sees them, and what each of the other sessions is told, in
IDLE or with its next NOOP. Mail also comes by SMTP and LMTP and goes by POP3; the server is killed with SIGKILL between and in
commands. storm.py is the other half: all sessions at once.

    stress.py --server build/gcc/src/mailvisor [--seconds 45 | --minutes N] [--seed N]

The seed is printed: the same seed does the same. Exit status 1 with the end of the conversation when server and model disagree.
"""
import argparse
import copy
import os
import random
import shutil
import sys
import tempfile
import time

from imap import Disagreement, Gone, as_set, numbers
from model import KEYWORDS, SYSTEM, Box, Message, changed_flags, random_key
import world as w

SESSIONS = 4
MESSAGES_MAX = 60  # of a mailbox: beyond it more goes than comes
BOXES_MAX = 6
KILL_EVERY = 300  # commands
NAMES = ['Work', 'Work/2026', 'Old', 'Sent', 'Archive', 'Archive/a/b', '"with blank"', 'Trash']
PARTS = ('', '.SILENT')


class Stress:
    def __init__(self, server, rng):
        self.server, self.rng = server, rng
        self.steps, self.kills, self.serial = 0, 0, 0
        self.counts = {}
        self.memories = []  # (box, its state at some time): what QRESYNC clients come back with
        self.connect()
        self.boxes = w.first_boxes(self.oracle)

    def connect(self):
        self.oracle = self.server.session('oracle')
        self.sessions = [self.new_session(n) for n in range(SESSIONS)]

    def new_session(self, n):
        """Some are compressed, some are told without asking, and the last knows no numbers."""
        s = self.server.session(f's{n}')
        if self.rng.random() < 0.3:
            s.compress()
        if n == SESSIONS - 1:
            s.do('ENABLE UIDONLY')
            s.is_uid_only = True
        if self.rng.random() < 0.3:
            s.do('NOTIFY SET (SELECTED-DELAYED (MessageNew MessageExpunge FlagChange))')
            s.has_notify = True
        return s

    # ---- What it works with ----

    def flags(self, count=None):
        return frozenset(f if f.startswith(('\\', '$')) else f.lower()
                         for f in self.rng.sample(SYSTEM + KEYWORDS, self.rng.randint(0, 3) if count is None else count))

    def body(self):
        self.serial += 1
        word = f'w{self.rng.randrange(7)}'
        lines = self.rng.choice((0, 1, 5, 40, 40, 400, 3000))
        text = f'Subject: {word}\r\nX-Serial: {self.serial}\r\n\r\n' + ''.join(f'line {n} {self.serial}\r\n' for n in range(lines))
        return word, text.encode()

    def box_name(self):
        return self.rng.choice(list(self.boxes))

    def selected(self, is_writable=False):
        """A session with a mailbox, out of IDLE, that knows its UIDs; None: there is none."""
        usable = [s for s in self.sessions if s.box and not (is_writable and s.is_read_only)]
        if not usable:
            return None, None
        s = self.rng.choice(usable)
        self.wake(s)
        return s, self.boxes[s.box]

    def wake(self, s):
        if s.is_idle:
            s.done()
        s.learn()

    def some(self, s, box):
        """Some UIDs of the view, and the command's set for them: "UID " or "", its text."""
        uids = self.rng.sample(s.view.uids, min(len(s.view.uids), self.rng.choice((1, 1, 2, 5, 20))))
        if s.is_uid_only or self.rng.random() < 0.5:
            return sorted(uids), 'UID ', as_set(uids)
        return sorted(uids), '', as_set(s.view.uids.index(u) + 1 for u in uids)

    # ---- After a command ----

    def fit(self, s, answer, is_some_gone, also=()):
        """OK; or, when a message that it named is gone, NO [EXPUNGEISSUED]."""
        if answer.startswith(('OK', *also)) or (is_some_gone and answer.startswith('NO [EXPUNGEISSUED]')):
            return
        s.wrong(f'{s.command[:200]!r} is answered with {answer!r}')

    def told_rightly(self, s):
        """All flags that were told in the last command are the true ones."""
        box = self.boxes[s.box] if s.box else None
        for row in s.results:
            if box is None or row[0] != 'FETCH' or row[1] not in box.messages or 'FLAGS' not in row[2]:
                continue
            if s.view.flags[row[1]] != box.messages[row[1]].flags:
                s.wrong(f'UID {row[1]} was told with {sorted(s.view.flags[row[1]])}, it has {sorted(box.messages[row[1]].flags)}')

    def view_is_true(self, s):
        """After NOOP nothing is left to tell."""
        box = self.boxes[s.box]
        s.learn()
        if s.view.uids != list(box.messages):
            s.wrong(f'the view is {s.view.uids}, the mailbox {list(box.messages)}')
        for uid, flags in s.view.flags.items():
            if flags != box.messages[uid].flags:
                s.wrong(f'UID {uid} was last told with {sorted(flags)}, it has {sorted(box.messages[uid].flags)}')

    def idlers_hear(self):
        """Sessions in IDLE are told of their own accord, until they know all."""
        for s in self.sessions:
            if not s.is_idle:
                continue
            box = self.boxes[s.box]
            while not s.view.is_vague and (
                    len(s.view.uids) != len(box.messages) or any(u not in box.messages for u in s.view.uids if u) or
                    any(u in box.messages and f != box.messages[u].flags for u, f in s.view.flags.items())):
                s.idle_read()  # patience ends in Gone
            if s.view.is_vague or None in s.view.uids:
                self.wake(s)

    def compare(self, name=None):
        for name in [name] if name else list(self.boxes):
            box = self.boxes[name]
            w.check(self.oracle, name, box)
            if self.rng.random() < 0.2:
                self.memories.append((box, box.snapshot()))
        del self.memories[:-40]

    # ---- Commands ----

    def do_select(self):
        s = self.rng.choice(self.sessions)
        if s.is_idle:
            s.done()
        name = self.box_name()
        box = self.boxes[name]
        memories = [m for b, m in self.memories if b is box]
        if memories and self.rng.random() < 0.5:
            self.select_quick(s, name, box, self.rng.choice(memories))
        else:
            answer = s.select(name, self.rng.choice(('', ' (CONDSTORE)')), self.rng.random() < 0.2)
            if not answer.startswith('OK'):
                s.wrong(f'SELECT is answered with {answer!r}')
        if len(s.view.uids) != len(box.messages):
            s.wrong(f'EXISTS {len(s.view.uids)}, not {len(box.messages)}')
        if s.view.uid_validity != box.uid_validity:
            s.wrong(f'UIDVALIDITY {s.view.uid_validity}, not {box.uid_validity}')
        s.learn()

    def select_quick(self, s, name, box, memory):
        """QRESYNC: what was kept, with what is told now, is what is there."""
        uid_validity, modseq, flags = memory
        if not s.has_qresync:
            s.view = s.box = None
            s.do('UNSELECT', None)
            s.do('ENABLE QRESYNC')
            s.has_qresync = True
        known = f' {as_set(flags)}' if flags and self.rng.random() < 0.5 else ''
        answer = s.select(name, f' (QRESYNC ({uid_validity} {max(modseq, 1)}{known}))')
        if not answer.startswith('OK'):
            s.wrong(f'SELECT (QRESYNC) is answered with {answer!r}')
        state = dict(flags)
        for row in s.results:
            if row[0] == 'EARLIER':
                for uid in row[1]:
                    state.pop(uid, None)
        for uid, told in s.view.flags.items():
            state[uid] = told
        s.learn()
        truth = {u: m.flags for u, m in box.messages.items()}
        if known:  # then only of those was spoken
            state |= {u: truth[u] for u in truth if u not in flags and u not in state}
        if state != truth:
            s.wrong(f'QRESYNC from {modseq}: the client has {state}, it is {truth}')

    def do_noop(self):
        s, _ = self.selected()
        if s is None:
            return
        s.do(self.rng.choice(('NOOP', 'CHECK')))
        self.told_rightly(s)
        self.view_is_true(s)

    def do_idle(self):
        s, _ = self.selected()
        if s is not None:
            s.idle()

    def do_store(self):
        s, box = self.selected(True)
        if s is None or not s.view.uids:
            return
        uids, prefix, text = self.some(s, box)
        how, flags = self.rng.choice('+-') if self.rng.random() < 0.8 else '', self.flags()
        silent, since = self.rng.choice(PARTS), None
        if self.rng.random() < 0.3:
            self.compare(s.box)
            since = self.rng.choice([m.modseq for m in box.messages.values()] or [1])
        condition = f' (UNCHANGEDSINCE {since})' if since is not None else ''
        answer = s.do(f'{prefix}STORE {text}{condition} {how}FLAGS{silent} ({" ".join(sorted(flags))})', None)
        self.fit(s, answer, any(u not in box.messages for u in uids))
        late = {u for u in uids if since is not None and u in box.messages and box.messages[u].modseq > since}
        told = set(numbers(answer.split('[MODIFIED ')[1].split(']')[0])) if '[MODIFIED ' in answer else set()
        told = {u for u in told if prefix and u in box.messages} | \
               {s.view.uids[n - 1] for n in told if not prefix and s.view.uids[n - 1] in box.messages}
        if told != late:
            s.wrong(f'MODIFIED {sorted(told)}, not {sorted(late)}')
        changed = {u for u in uids if u in box.messages and u not in late and box.store(u, how, flags)}
        self.told_rightly(s)
        heard = {row[1] for row in s.results if row[0] == 'FETCH' and 'FLAGS' in row[2]}
        if not silent and not changed <= heard:
            s.wrong(f'UIDs {sorted(changed - heard)} changed and were not told')
        for u in (u for u in uids if u not in heard and u not in late and u in s.view.flags):
            s.view.flags[u] = changed_flags(s.view.flags[u], how, flags)  # it knows what it did itself

    def do_expunge(self):
        s, box = self.selected(True)
        if s is None:
            return
        if self.rng.random() < 0.5 and s.view.uids:
            uids = self.rng.sample(s.view.uids, max(1, len(s.view.uids) // 2))
            s.do(f'UID EXPUNGE {as_set(uids)}')
            box.remove([u for u in box.deleted() if u in uids])
        else:
            s.do('EXPUNGE')
            box.remove(box.deleted())
        self.told_rightly(s)
        self.view_is_true(s)

    def do_close(self):
        """CLOSE removes what is marked, without a word, unless the mailbox is read-only; UNSELECT does not."""
        s, box = self.selected()
        if s is None:
            return
        verb = self.rng.choice(('CLOSE', 'UNSELECT'))
        s.view = None
        s.do(verb)
        s.box = None
        if verb == 'CLOSE' and not s.is_read_only:
            box.remove(box.deleted())

    def transfer(self, s, box, name, verb):
        uids, prefix, text = self.some(s, box)
        answer = s.do(f'{prefix}{verb} {text} {name}', None)
        self.fit(s, answer, any(u not in box.messages for u in uids))
        told = answer if '[COPYUID ' in answer else next(
            (line for line in reversed(s.log) if '[COPYUID ' in line and line.startswith('S: *')), '')
        there = [u for u in uids if u in box.messages]
        if '[COPYUID ' not in told or not there or not answer.startswith('OK'):
            if answer.startswith('OK') and there:
                s.wrong(f'no COPYUID for {there}: {answer!r}')
            return
        _, validity, source, target = told[told.index('[COPYUID '):].split(']')[0].split()
        target_box = self.boxes[name]
        if numbers(source) != there or int(validity) != target_box.uid_validity:
            s.wrong(f'COPYUID {source} with {validity}, not {there} with {target_box.uid_validity}')
        first = target_box.uid_next
        if numbers(target) != list(range(first, first + len(there))):
            s.wrong(f'COPYUID to {target}, the next is {first}')
        for uid in there:
            target_box.add(box.messages[uid].copy(target_box.uid_next))
        if verb == 'MOVE':
            box.remove(there)
        self.told_rightly(s)

    def do_copy(self):
        s, box = self.selected()
        name = self.box_name()
        if s is not None and s.view.uids and len(self.boxes[name].messages) < MESSAGES_MAX:
            self.transfer(s, box, name, 'COPY')

    def do_move(self):
        s, box = self.selected(True)
        names = [n for n in self.boxes if s is not None and n != s.box]
        if names and s.view.uids:
            self.transfer(s, box, self.rng.choice(names), 'MOVE')

    def do_append(self):
        s = self.rng.choice(self.sessions)
        if s.is_idle:
            self.wake(s)
        name = self.box_name()
        box = self.boxes[name]
        if len(box.messages) >= MESSAGES_MAX:
            return
        rows = [(self.flags(), *self.body()) for _ in range(self.rng.choice((1, 1, 1, 3)))]
        answer = s.append(name, [(flags, '17-Jul-1996 02:44:25 -0700', body) for flags, _, body in rows])
        validity, uids = answer[answer.index('[APPENDUID '):].split(']')[0].split()[1:]
        if int(validity) != box.uid_validity or numbers(uids) != list(range(box.uid_next, box.uid_next + len(rows))):
            s.wrong(f'APPENDUID {validity} {uids}, not {box.uid_validity} and {len(rows)} from {box.uid_next}')
        for flags, word, body in rows:
            box.add(Message(box.uid_next, flags, body, word))
        self.told_rightly(s)

    def do_replace(self):
        s, box = self.selected(True)
        if s is None or not s.view.uids:
            return
        uid, name, flags, (word, body) = self.rng.choice(s.view.uids), self.box_name(), self.flags(), self.body()
        prefix, number = ('UID ', uid) if s.is_uid_only or self.rng.random() < 0.5 else ('', s.view.uids.index(uid) + 1)
        target, is_there = self.boxes[name], uid in box.messages
        if name == s.box and not is_there:
            return
        answer = s.append(name, [(flags, None, body)], None, f'{prefix}REPLACE {number} {name}')
        self.fit(s, answer, not is_there, () if is_there else ('NO', 'BAD'))
        if not answer.startswith('OK'):
            return
        told = answer if '[APPENDUID ' in answer else next(line for line in reversed(s.log) if '[APPENDUID ' in line)
        validity, made = told[told.index('[APPENDUID '):].split(']')[0].split()[1:]
        if int(validity) != target.uid_validity or int(made) != target.uid_next:
            s.wrong(f'APPENDUID {validity} {made}, not {target.uid_validity} {target.uid_next}')
        target.add(Message(target.uid_next, flags, body, word))
        box.remove([uid])
        self.told_rightly(s)

    def do_deliver(self):
        box = self.boxes['INBOX']
        if len(box.messages) >= MESSAGES_MAX:
            return
        word, body = self.body()
        self.server.deliver(body, self.rng.choice(('smtp', 'lmtp')))
        message = Message(box.uid_next, (), body, word)
        message.size = message.digest = None  # trace fields stand before it
        box.add(message)
        self.compare('INBOX')

    def do_pop3(self):
        box = self.boxes['INBOX']
        if not box.messages:
            return
        chosen = sorted(self.rng.sample(range(1, len(box.messages) + 1), min(2, len(box.messages))))
        uids = list(box.messages)
        self.server.pop3_delete(chosen)
        box.remove([uids[n - 1] for n in chosen])

    def do_fetch(self):
        s, box = self.selected()
        if s is None or not s.view.uids:
            return
        uids, prefix, text = self.some(s, box)
        items = self.rng.choice(('FLAGS', 'UID FLAGS MODSEQ', 'RFC822.SIZE ENVELOPE', 'BODY.PEEK[]', 'BODY[TEXT]',
                                 'BODYSTRUCTURE UID'))
        answer = s.do(f'{prefix}FETCH {text} ({items})', None)
        there = [u for u in uids if u in box.messages]
        self.fit(s, answer, len(there) < len(uids))
        if items == 'BODY[TEXT]' and not s.is_read_only:
            for uid in there:
                box.store(uid, '+', frozenset(('\\seen',)))
        missing = set(there) - {row[1] for row in s.results if row[0] == 'FETCH'}
        if missing:
            s.wrong(f'nothing was said of UIDs {sorted(missing)}')
        for row in s.results:
            if row[0] == 'FETCH' and 'RFC822.SIZE' in row[2] and row[1] in box.messages:
                size = box.messages[row[1]].size
                if size is not None and int(row[2]['RFC822.SIZE']) != size:
                    s.wrong(f'UID {row[1]} has {size} bytes, not {row[2]["RFC822.SIZE"]}')
        self.told_rightly(s)

    def do_changed_since(self):
        s, box = self.selected()
        if s is None or not s.view.uids:
            return
        s.do('NOOP')
        s.learn()
        self.compare(s.box)
        since = self.rng.choice([m.modseq for m in box.messages.values()] or [1])
        vanished = ' VANISHED' if s.has_qresync and self.rng.random() < 0.5 else ''
        s.do(f'UID FETCH 1:* (FLAGS) (CHANGEDSINCE {since}{vanished})')
        told = {row[1] for row in s.results if row[0] == 'FETCH'}
        truth = {u for u, m in box.messages.items() if m.modseq > since}
        if told != truth:
            s.wrong(f'CHANGEDSINCE {since} tells {sorted(told)}, it is {sorted(truth)}')
        earlier = set().union(*[row[1] for row in s.results if row[0] == 'EARLIER'])
        if vanished and not {u for u, modseq in box.gone.items() if modseq > since} <= earlier or earlier & set(box.messages):
            s.wrong(f'VANISHED (EARLIER) {sorted(earlier)} since {since}, gone are {box.gone}')

    def do_search(self):
        s, box = self.selected()
        if s is not None and s.has_notify:  # else it may be told of more before it searches
            s.do('NOOP')
            s.learn()
        if s is None or not s.view.uids:
            return
        key, prefix = random_key(self.rng, box), 'UID ' if s.is_uid_only else self.rng.choice(('', 'UID '))
        uids = list(s.view.uids)
        s.do(f'{prefix}SEARCH {key.text}')
        found = [int(n) for row in s.results if row[0] == 'SEARCH' for n in row[1] if isinstance(n, str) and n.isdigit()]
        if len(set(found)) != len(found) or (not prefix and any(n > len(uids) for n in found)):
            s.wrong(f'SEARCH {key.text} finds {found} among {len(uids)}')
        found = {n if prefix else uids[n - 1] for n in found}
        truth = {u for u in uids if u in box.messages and key.test(box.messages[u])}
        if found & set(box.messages) != truth:
            s.wrong(f'{prefix}SEARCH {key.text} finds {sorted(found)}, it is {sorted(truth)}')

    def do_status(self):
        name = self.box_name()
        self.compare(name)
        box, s = self.boxes[name], self.rng.choice(self.sessions)
        if s.is_idle:
            self.wake(s)
        s.do(f'STATUS {name} (MESSAGES UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ SIZE DELETED)')
        words = [row[1] for row in s.results if row[0] == 'STATUS'][-1][-1]
        told = {k: int(v) for k, v in zip(words[::2], words[1::2])}
        truth = {'MESSAGES': len(box.messages), 'UIDNEXT': box.uid_next, 'UIDVALIDITY': box.uid_validity,
                 'UNSEEN': sum('\\seen' not in m.flags for m in box.messages.values()), 'HIGHESTMODSEQ': box.highest,
                 'SIZE': sum(m.size for m in box.messages.values()), 'DELETED': len(box.deleted())}
        if told != truth:
            s.wrong(f'STATUS {name} says {told}, it is {truth}')

    # ---- Names ----

    def do_create(self):
        free = [n for n in NAMES if n not in self.boxes]
        if len(self.boxes) >= BOXES_MAX or not free:
            return
        name = self.rng.choice(free)
        self.oracle.do(f'CREATE {name}')
        self.learn_names(created=[name, 'Work', 'Archive', 'Archive/a'])

    def learn_names(self, created=()):
        """After CREATE or RENAME: levels above may have come too; nothing else."""
        self.oracle.do('LIST "" "*"')
        listed = set()
        for kind, words in self.oracle.results:
            name = words[-1].decode() if isinstance(words[-1], bytes) else words[-1]
            if kind == 'LIST' and not {'\\nonexistent', '\\noselect'} & {f.lower() for f in words[0]}:
                listed.add(f'"{name}"' if ' ' in name else name)
        for name in listed - set(self.boxes):
            if name not in created:
                self.oracle.wrong(f'mailbox {name} is there')
            seen = w.Seen(self.oracle, name)
            self.boxes[name] = Box(seen.uid_validity)
            w.check(self.oracle, name, self.boxes[name])
        if set(self.boxes) - listed:
            self.oracle.wrong(f'mailboxes {sorted(set(self.boxes) - listed)} are gone')

    def do_delete(self):
        names = [n for n in self.boxes if n != 'INBOX']
        if not names or self.rng.random() < 0.5:
            return
        name = self.rng.choice(names)
        self.oracle.select('INBOX', read_only=True)
        self.oracle.do(f'DELETE {name}')
        box = self.boxes.pop(name)
        self.memories = [m for m in self.memories if m[0] is not box]
        for n, s in enumerate(self.sessions):
            if s.box == name:
                self.left_behind(n, s)

    def left_behind(self, n, s):
        """A session whose mailbox was deleted is sent away."""
        try:
            while s.is_idle:
                s.idle_read()
            s.do('NOOP', None)
            s.wrong('the mailbox was deleted, and the session goes on')
        except Gone:
            s.close()
            self.sessions[n] = self.new_session(n)

    def do_rename(self):
        """A mailbox with all below it. Sessions that have one selected keep it, whatever its name is now."""
        free = [n for n in NAMES if n not in self.boxes and not any(b.startswith(n + '/') for b in self.boxes)]
        if not free:
            return
        source, target = self.box_name(), self.rng.choice(free)
        if target.startswith(source + '/') or ('"' in target and any(b.startswith(source + '/') for b in self.boxes)):
            return
        self.oracle.do(f'RENAME {source} {target}')
        if source == 'INBOX':
            self.renamed_inbox(target)
        else:
            moved = {n: target + n[len(source):] for n in self.boxes if n == source or n.startswith(source + '/')}
            self.boxes = {moved.get(n, n): box for n, box in self.boxes.items()}
            for s in [*self.sessions, self.oracle]:
                s.box = moved.get(s.box, s.box)
            for name in moved.values():
                w.check(self.oracle, name, self.boxes[name])
        self.learn_names(created=['Work', 'Archive', 'Archive/a'])

    def renamed_inbox(self, target):
        inbox, seen = self.boxes['INBOX'], w.Seen(self.oracle, target)
        box = self.boxes[target] = Box(seen.uid_validity)
        for message in inbox.messages.values():
            box.add(message.copy(box.uid_next))
        inbox.remove(list(inbox.messages))
        self.compare(target)
        self.compare('INBOX')

    # ---- Kills ----

    def do_kill(self):
        self.kills += 1
        before = after = self.boxes
        if self.rng.random() < 0.7:
            before, after = self.cut_off()
        self.server.kill()
        self.server.start()
        self.connect()
        self.boxes = w.check_either(self.oracle, before, after)
        self.memories = []

    def cut_off(self):
        """Begins a command and does not wait for its end: the mailboxes without it and with it."""
        self.compare()
        before, after = copy.deepcopy(self.boxes), self.boxes
        s, name = self.oracle, self.box_name()
        box = after[name]
        s.select(name)
        s.learn()
        kind, uids = self.rng.choice(('append', 'store', 'expunge', 'move')), list(box.messages)
        if kind == 'append' or not uids:
            rows = [(self.flags(), *self.body()) for _ in range(3)]
            s.start_append(name, [(flags, None, body) for flags, _, body in rows])
            for flags, word, body in rows:
                box.add(Message(box.uid_next, flags, body, word))
        elif kind == 'store':
            flags = self.flags(2)
            s.start(f'UID STORE {as_set(uids)} +FLAGS ({" ".join(flags)})')
            for uid in uids:
                box.store(uid, '+', flags)
        elif kind == 'expunge':
            s.start('EXPUNGE')
            box.remove(box.deleted())
        else:
            target = self.rng.choice([n for n in after if n != name] or [name])
            if target != name:
                s.start(f'UID MOVE {as_set(uids)} {target}')
                for uid in uids:
                    after[target].add(box.messages[uid].copy(after[target].uid_next))
                box.remove(uids)
        time.sleep(self.rng.choice((0, 0.0005, 0.002, 0.01)))
        return before, after

    # ---- The loop ----

    def run(self, until):
        weights = {'select': 6, 'noop': 8, 'idle': 4, 'store': 14, 'expunge': 4, 'close': 1, 'copy': 4, 'move': 4, 'append': 8,
                   'replace': 3, 'deliver': 3, 'pop3': 1, 'fetch': 8, 'changed_since': 3, 'search': 6, 'status': 3, 'create': 1,
                   'delete': 1, 'rename': 1}
        while time.monotonic() < until:
            name = self.rng.choices(list(weights), weights.values())[0]
            self.step('kill' if self.steps % KILL_EVERY == KILL_EVERY - 1 else name)
        self.compare()
        for name, box in self.boxes.items():
            w.check_bodies(self.oracle, name, box)

    def step(self, name):
        self.steps += 1
        self.counts[name] = self.counts.get(name, 0) + 1
        getattr(self, f'do_{name}')()
        self.idlers_hear()
        for s in self.sessions:
            if not s.is_idle:
                s.learn()
        if self.rng.random() < 0.15:
            self.compare()


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument('--server', required=True)
    options.add_argument('--seconds', type=float, default=45)
    options.add_argument('--minutes', type=float)
    options.add_argument('--seed', type=int, default=int.from_bytes(os.urandom(4), 'big'))
    given = options.parse_args()
    seconds = given.minutes * 60 if given.minutes else given.seconds
    print(f'seed {given.seed}', flush=True)
    top = tempfile.mkdtemp(prefix='mailvisor-stress.')
    server, stress = w.Server(os.path.abspath(given.server), top), None
    try:
        server.prepare()
        stress = Stress(server, random.Random(given.seed))
        stress.run(time.monotonic() + seconds)
        server.stop()
        shutil.rmtree(top)
    except (Disagreement, Gone) as e:
        print(f'step {stress.steps if stress else 0}: {e}\ndata kept in {top}', file=sys.stderr)
        return 1
    finally:
        if server.process and not server.died():
            server.kill()
    words = ' '.join(f'{name}={count}' for name, count in sorted(stress.counts.items()))
    print(f'{stress.steps} commands and {stress.kills} kills, server and model agree: {words}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
