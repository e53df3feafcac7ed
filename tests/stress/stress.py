#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random commands of several IMAP sessions of two accounts, held against a model of their mailboxes.

One command runs at a time, in one of the sessions, so what must be true after it is known exactly: the answer, the flags, UIDs,
sizes, modification sequences, rights, notes and names of mailboxes as a fresh session sees them, what a search, a sort or a thread
finds, and what each of the other sessions is told, in IDLE or with its next NOOP. Mail also comes by SMTP and LMTP and goes by
POP3; the server is killed with SIGKILL between and in commands. storm.py is the other half: all sessions at once.

    stress.py --server build/gcc/src/mailvisor [--seconds 45 | --minutes N] [--seed N]

changes.py has the commands that change messages, asking.py those that ask for them, names.py those about mailboxes, sharing.py
those about rights, notes and quotas. The seed is printed: the same seed does the same. Exit status 1 with the end of the
conversation when server and model disagree.
"""
import argparse
import copy
import os
import random
import shutil
import sys
import tempfile
import time

from asking import Asking
from changes import Changes
from grammar import Disagreement, Gone, as_set
from mails import Mail
from model import ALL_RIGHTS, KEYWORDS, SYSTEM, Message
from names import Names
from sharing import Sharing
import world as w

OWNERS = (w.USER,) * 4 + (w.OTHER,) * 2  # of the sessions
UID_ONLY = 3                             # this one knows no numbers
KILL_EVERY = 300                         # commands
WEIGHTS = {
    'select': 6, 'noop': 8, 'idle': 4, 'store': 16, 'expunge': 4, 'close': 1, 'copy': 4, 'move': 4, 'append': 8, 'catenate': 2,
    'replace': 3, 'deliver': 3, 'pop3': 1, 'fetch': 7, 'fetch_part': 4, 'changed_since': 3, 'search': 5, 'search_return': 4,
    'sort': 4, 'thread': 4, 'multisearch': 2, 'status': 3, 'create': 2, 'delete': 1, 'rename': 2, 'subscribe': 1, 'list': 2,
    'rights': 3, 'notes': 3, 'quota': 1, 'over_quota': 0.3}


class Stress(Changes, Asking, Names, Sharing):
    def __init__(self, server, rng):
        self.server, self.rng = server, rng
        self.steps, self.kills, self.serial = 0, 0, 0
        self.counts = {}
        self.memories = []  # (box, its state at some time): what QRESYNC clients come back with
        self.subscribed = {w.USER: set(), w.OTHER: set()}
        self.connect()
        self.boxes = {}     # (owner, name) -> Box
        for oracle in self.oracles.values():
            self.boxes |= w.first_boxes(oracle)

    def connect(self):
        self.oracles = {user: self.server.session(f'oracle of {user}', user) for user in (w.USER, w.OTHER)}
        self.sessions = [self.new_session(n) for n in range(len(OWNERS))]

    def new_session(self, n):
        """Some are compressed, some are told without asking, some write names in UTF-8, and one knows no numbers."""
        s = self.server.session(f's{n}', OWNERS[n])
        if self.rng.random() < 0.3:
            s.compress()
        if self.rng.random() < 0.3:
            s.do('ENABLE UTF8=ACCEPT')
            s.is_utf8 = True
        if self.rng.random() < 0.3:
            s.do('ENABLE IMAP4rev2')
            s.is_utf8 = s.has_rev2 = True
        if n == UID_ONLY:
            s.do('ENABLE UIDONLY')
            s.is_uid_only = True
        if self.rng.random() < 0.4:
            s.has_notify, others = True, ''
            if self.rng.random() < 0.7:
                s.status, others = {}, ' (PERSONAL (MessageNew MessageExpunge))'
            s.do(f'NOTIFY SET{" STATUS" if others else ""} (SELECTED-DELAYED (MessageNew MessageExpunge FlagChange)){others}')
        return s

    # ---- NOTIFY, RFC 5465: the mailboxes that are not selected ----

    def counts_of(self, user):
        return {p: (len(box.messages), box.uid_next) for p, box in self.boxes.items() if p[0] == user}

    def not_heard(self, s):
        """Of which mailboxes a session should have been told more than it was. Those that are new: that they are empty."""
        if s.status is None:
            return []
        known = {p: s.status.get(p, (0, 1)) for p in self.counts_of(s.user)}
        return [(p, known[p], true) for p, true in self.counts_of(s.user).items()
                if p != s.box and (known[p][0] != true[0] or known[p][1] not in (None, true[1]))]

    def own_is_known(self, s, before):
        """What a session does itself it knows, when it knew how it was before."""
        for place, now in self.counts_of(s.user).items():
            was, known = before.get(place, (0, 1)), s.status.get(place, (0, 1))
            if now != was and known[0] == was[0] and known[1] in (None, was[1]):
                s.status[place] = now

    # ---- What it works with ----

    def flags(self, count=None):
        return frozenset(f if f.startswith(('\\', '$')) else f.lower()
                         for f in self.rng.sample(SYSTEM + KEYWORDS, self.rng.randint(0, 3) if count is None else count))

    def mail(self):
        self.serial += 1
        return Mail(self.rng, self.serial)

    def new_message(self):
        """(what APPEND needs, what the model does but for the UID)"""
        mail, flags = self.mail(), self.flags()
        date, internal = self.rng.choice((('17-Jul-1996 02:44:25 -0700', 837596665), ('01-Mar-2026 00:00:00 +0545', 1772302500),
                                          (' 1-Mar-2026 10:00:00 +0000', 1772359200)))
        return (flags, date, mail.bytes()), (flags, mail, mail.bytes(), internal)

    def rights(self, user, place):
        return ALL_RIGHTS if place[0] == user else self.boxes[place].rights(user)

    def places(self, user, rights='', but=()):
        """Mailboxes in which somebody has these rights."""
        return [p for p in self.boxes if p not in but and self.rights(user, p) >= set(rights)]

    def any_session(self):
        """One that is out of IDLE."""
        s = self.rng.choice(self.sessions)
        self.wake(s)
        return s

    def selected(self, is_writable=False):
        """A session with a mailbox, out of IDLE, that knows its UIDs, and the mailbox; None: there is none."""
        usable = [s for s in self.sessions if s.box and not (is_writable and s.is_read_only)]
        if not usable:
            return None, None
        s = self.rng.choice(usable)
        self.wake(s)
        return s, self.boxes[s.box]

    def wake(self, s):
        self.actor = s
        if s.is_idle:
            s.done()
        s.learn()

    def settle(self, s):
        """Then the view is the mailbox."""
        s.do('NOOP')
        s.learn()

    def some(self, s):
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

    def is_allowed(self, s, answer, is_allowed):
        """As the rights are; of what may not be looked up nothing is known."""
        if answer.startswith('OK' if is_allowed else ('NO', 'BAD')):
            return is_allowed
        return s.wrong(f'{s.command[:200]!r} is answered with {answer!r}, and it is {"" if is_allowed else "not "}allowed')

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
        if self.not_heard(s):
            s.wrong(f'it was not told of (mailbox, what it knows, what is) {self.not_heard(s)}')
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
            while self.not_heard(s) or (
                    len(s.view.uids) != len(box.messages) or any(u not in box.messages for u in s.view.uids if u) or
                    any(u in box.messages and f != box.messages[u].flags for u, f in s.view.flags.items())):
                try:
                    s.idle_read()
                except Gone as e:
                    s.wrong(f'{e} in IDLE; it was not told of {self.not_heard(s)}, or of what is in {list(box.messages)}')
            if None in s.view.uids:
                self.wake(s)

    def compare(self, place=None):
        for place in [place] if place else list(self.boxes):
            box = self.boxes[place]
            w.check(self.oracles[place[0]], place, box)
            if self.rng.random() < 0.2:
                self.memories.append((box, box.snapshot()))
        del self.memories[:-40]

    # ---- Kills ----

    def do_kill(self):
        self.kills += 1
        before = after = self.boxes
        if self.rng.random() < 0.7:
            before, after = self.cut_off()
        self.server.kill()
        self.server.start()
        self.connect()
        self.boxes = w.check_either(self.oracles, before, after)
        self.memories = []

    def cut_off(self):
        """Begins a command and does not wait for its end: the mailboxes without it and with it."""
        self.compare()
        before, after = copy.deepcopy(self.boxes), self.boxes
        place = self.rng.choice(list(after))
        s, box = self.oracles[place[0]], after[place]
        s.select(place)
        s.learn()
        kind, uids = self.rng.choice(('append', 'store', 'expunge', 'move')), list(box.messages)
        if kind == 'append' or not uids:
            rows = [self.new_message() for _ in range(3)]
            s.start_append(place, [row for row, _ in rows])
            for _, row in rows:
                box.add(Message(box.uid_next, *row))
        elif kind == 'store':
            flags = self.flags(2)
            s.start(f'UID STORE {as_set(uids)} +FLAGS ({" ".join(flags)})')
            for uid in uids:
                box.store(uid, '+', flags)
        elif kind == 'expunge':
            s.start('EXPUNGE')
            box.remove(box.deleted())
        elif targets := self.places(s.user, 'i', [place]):
            target = self.rng.choice(targets)
            rights = self.rights(s.user, target)
            s.start(f'UID MOVE {as_set(uids)} {s.spell(target)}')
            for uid in uids:
                after[target].add(box.messages[uid].copy(after[target].uid_next, rights))
            box.remove(uids)
        time.sleep(self.rng.choice((0, 0.0005, 0.002, 0.01)))
        return before, after

    # ---- The loop ----

    def run(self, until):
        while time.monotonic() < until:
            name = self.rng.choices(list(WEIGHTS), WEIGHTS.values())[0]
            self.step('kill' if self.steps % KILL_EVERY == KILL_EVERY - 1 else name)
        self.compare()
        for place, box in self.boxes.items():
            w.check_bodies(self.oracles[place[0]], place, box)

    def step(self, name):
        self.steps += 1
        self.counts[name] = self.counts.get(name, 0) + 1
        before = {user: self.counts_of(user) for user in self.oracles}
        self.actor = None
        getattr(self, f'do_{name}')()
        if self.actor is not None and self.actor.status is not None:
            self.own_is_known(self.actor, before[self.actor.user])
        self.idlers_hear()
        for s in self.sessions:
            if not s.is_idle:
                s.learn()
        if self.rng.random() < 0.1:
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
