#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Many IMAP sessions at once, in the same mailboxes, and the server killed under them.

Each session changes only messages of its own (the subject says whose), so what it was answered with OK must be true whatever
the others do at that time; what it sees of them must keep the rules of imap.py. LMTP and SMTP deliver all the while. At the end of
a round, when all is quiet, every session must know what is there after one NOOP, and clients of QRESYNC get it from what they
remember; or the server is killed with SIGKILL in the middle: then all that was acknowledged is there once, and a command that was
cut off is done or not done, never half.

    storm.py --server build/gcc/src/mailvisor [--seconds 30 | --minutes N] [--seed N]

Which command meets which is the machine's doing: a seed gives the same commands, not the same storm.
"""
import argparse
import os
import random
import re
import shutil
import sys
import tempfile
import threading
import time

from grammar import Disagreement, Gone, as_set, flag_set, numbers
from model import KEYWORDS, SYSTEM
import world as w

WORKERS = 6
ROUND_SECONDS = 3
OWN_MAX = 25  # messages of one session
BOXES = ('INBOX', 'Shared', 'Other')
USABLE = tuple(f for f in SYSTEM + KEYWORDS if f != '\\deleted')


class Worker(threading.Thread):
    """One session, its own messages, and at most one command that was begun and not answered."""

    def __init__(self, storm, number, rng, own):
        super().__init__(daemon=True)
        self.storm, self.number, self.rng, self.failure = storm, number, rng, None
        self.own = own           # (box, uid) -> flags
        self.doubt = None        # what the command under way may have done: (what, own after it)
        self.memories = []       # (box, UIDVALIDITY, modseq, flags by UID)
        self.commands = 0

    def run(self):
        try:
            self.session = self.storm.server.session(f'w{self.number}')
            if self.number % 3 == 0:
                self.session.compress()
            self.session.do('ENABLE CONDSTORE')
            if self.number % 2:
                self.session.do('ENABLE QRESYNC')
                self.session.has_qresync = True
            self.select()
            while not self.storm.stop.is_set():
                name = self.rng.choices(('append', 'store', 'expunge', 'copy', 'move', 'fetch', 'noop', 'idle', 'select'),
                                        (8, 12, 4, 3, 4, 6, 6, 2, 3))[0]
                getattr(self, f'do_{name}')()
                self.session.learn()
                self.commands += 1
        except Gone as e:
            if not self.storm.is_killed:
                self.failure = Disagreement(f'w{self.number}: {e}\n' + '\n'.join(self.session.log))
        except Disagreement as e:
            self.failure = e

    # ---- What is known ----

    def mine(self):
        """UIDs of this session in its mailbox; all are in its view, for it was told what it did itself."""
        return sorted(uid for box, uid in self.own if box == self.session.box)

    def some(self):
        uids = self.mine()
        return sorted(self.rng.sample(uids, min(len(uids), self.rng.randint(1, 4))))

    def run_command(self, after, command, expect='OK'):
        """after: what is own when it is done. Only its answer makes that true."""
        self.doubt = after
        answer = self.session.do(command, expect)
        self.settle(after)
        return answer

    def settle(self, after):
        self.own, self.doubt = after, None

    # ---- Commands ----

    def select(self, box=None):
        s = self.session
        box = box or self.rng.choice(BOXES)
        s.select(box)
        s.learn()
        self.do_fetch('FLAGS MODSEQ', True)
        if s.view.highest_modseq and self.rng.random() < 0.3:
            self.memories.append((box, s.view.uid_validity, s.view.highest_modseq, dict(s.view.flags)))
            del self.memories[:-5]

    def do_select(self):
        self.select()

    def do_noop(self):
        self.session.do('NOOP')
        missing = set(self.mine()) - set(u for u in self.session.view.uids if u)
        self.session.learn()
        if missing - set(self.session.view.uids):
            self.session.wrong(f'own messages {sorted(missing)} are not told after NOOP')

    def do_idle(self):
        s = self.session
        s.idle()
        time.sleep(self.rng.uniform(0, 0.02))
        s.done()

    def do_append(self):
        count = self.rng.choice((1, 1, 1, 3))
        if len(self.own) + count > OWN_MAX:
            return
        box, rows = self.rng.choice(BOXES), []
        for _ in range(count):
            flags = flag_set(self.rng.sample(USABLE, self.rng.randint(0, 3)))
            lines = self.rng.choice((1, 10, 200))
            rows.append((flags, None, f'Subject: w{self.number}.\r\n\r\n'.encode() + b'a line of text\r\n' * lines))
        self.doubt = ('append', box, [flags for flags, _, _ in rows])
        answer = self.session.append(box, rows)
        uids = numbers(answer[answer.index('[APPENDUID '):].split(']')[0].split()[2])
        after = dict(self.own)
        after |= {(box, uid): row[0] for uid, row in zip(uids, rows)}
        self.settle(after)

    def do_store(self):
        s, uids = self.session, self.some()
        if not uids:
            return
        how = self.rng.choice('+-')
        flags = flag_set(self.rng.sample(USABLE, 2))
        after = dict(self.own)
        for uid in uids:
            before = self.own[s.box, uid]
            after[s.box, uid] = before | flags if how == '+' else before - flags
        changed = {uid for uid in uids if after[s.box, uid] != self.own[s.box, uid]}
        old = {uid: s.view.modseqs.get(uid, 0) for uid in uids}
        text = f'{how}FLAGS ({" ".join(sorted(flags))})'
        if self.rng.random() < 0.5 or not set(uids) <= set(s.view.uids):
            self.run_command(after, f'UID STORE {as_set(uids)} {text}')
        else:
            self.run_command(after, f'STORE {as_set(s.view.uids.index(u) + 1 for u in uids)} {text}')
        for uid in uids:
            if uid in s.view.flags and s.view.flags[uid] != after[s.box, uid]:
                s.wrong(f'own UID {uid} was told with {sorted(s.view.flags[uid])}, not {sorted(after[s.box, uid])}')
            if uid in changed and 0 < old[uid] == s.view.modseqs.get(uid):
                s.wrong(f'own UID {uid} changed, and its MODSEQ is still {old[uid]}')

    def do_expunge(self):
        s, uids = self.session, self.some()
        if not uids:
            return
        box = s.box
        marked = dict(self.own)
        for uid in uids:
            marked[box, uid] = self.own[box, uid] | {'\\deleted'}
        self.run_command(marked, f'UID STORE {as_set(uids)} +FLAGS.SILENT (\\Deleted)')
        left = {k: v for k, v in self.own.items() if k[0] != box or k[1] not in uids}
        self.run_command(left, f'UID EXPUNGE {as_set(uids)}')
        still = set(uids) & set(s.view.uids)
        if still:
            s.wrong(f'{sorted(still)} were expunged and are still told')

    def transfer(self, verb):
        s, uids = self.session, self.some()
        box, target = s.box, self.rng.choice([b for b in BOXES if b != s.box])
        if not uids or (verb == 'COPY' and len(self.own) + len(uids) > OWN_MAX):
            return
        self.doubt = (verb, target, [((box, u), self.own[box, u]) for u in uids])
        answer = s.do(f'UID {verb} {as_set(uids)} {target}')
        told = answer if '[COPYUID ' in answer else next((line for line in reversed(s.log) if '[COPYUID ' in line), '')
        words = told.partition('[COPYUID ')[2].partition(']')[0].split()
        if len(words) != 3:
            s.wrong(f'no COPYUID for {uids}: {answer!r}')
        source, made = numbers(words[1]), numbers(words[2])
        if source != uids or len(made) != len(uids):
            s.wrong(f'COPYUID {words}, it was {uids}')
        after = dict(self.own)
        for uid, new in zip(source, made):
            after[target, new] = after[box, uid]
            if verb == 'MOVE':
                del after[box, uid]
        self.settle(after)

    def do_copy(self):
        self.transfer('COPY')

    def do_move(self):
        self.transfer('MOVE')

    def do_fetch(self, items=None, is_all=False):
        s = self.session
        if not s.view.uids:
            return
        items = items or self.rng.choice(('FLAGS', 'FLAGS MODSEQ', 'UID BODY.PEEK[HEADER.FIELDS (SUBJECT)]', 'RFC822.SIZE'))
        first = 1 if is_all else self.rng.randint(1, len(s.view.uids))
        answer = s.do(f'FETCH {first}:* ({items})', None)
        if not answer.startswith(('OK', 'NO [EXPUNGEISSUED]')):
            s.wrong(f'FETCH is answered with {answer!r}')
        for uid in self.mine():
            if uid in s.view.flags and s.view.flags[uid] != self.own[s.box, uid]:
                s.wrong(f'own UID {uid} has {sorted(self.own[s.box, uid])} and was told with {sorted(s.view.flags[uid])}')


class Storm:
    def __init__(self, server, rng):
        self.server, self.rng = server, rng
        self.stop, self.is_killed = threading.Event(), False
        self.own = [{} for _ in range(WORKERS)]
        self.delivered, self.tried = set(), set()
        self.commands = self.kills = self.rounds = 0

    def deliverer(self):
        """Mail from outside, whose subject is its number."""
        while not self.stop.is_set():
            number = len(self.tried)
            self.tried.add(number)
            try:
                self.server.deliver(f'Subject: d{number}.\r\n\r\nx\r\n'.encode(), 'lmtp' if number % 2 else 'smtp')
                self.delivered.add(number)
            except Exception:  # whatever the libraries make of a server that dies
                if not self.is_killed:
                    raise
            time.sleep(0.05)

    def one_round(self, is_kill):
        self.stop.clear()
        self.is_killed = False
        workers = [Worker(self, n, random.Random(self.rng.random()), own) for n, own in enumerate(self.own)]
        threads = [*workers, threading.Thread(target=self.deliverer, daemon=True)]
        for t in threads:
            t.start()
        time.sleep(self.rng.uniform(0.3, 1) * ROUND_SECONDS)
        if is_kill:
            self.is_killed = True
            self.server.kill()
            self.kills += 1
        self.stop.set()
        for t in threads:
            t.join()
        for worker in workers:
            if worker.failure:
                raise worker.failure
            self.commands += worker.commands
        if is_kill:
            self.server.start()
        self.look()
        self.own = [self.compare(worker) for worker in workers]
        self.compare_deliveries()
        if not is_kill:
            for worker in workers:
                self.all_is_told(worker)
                worker.session.close()
        self.rounds += 1

    # ---- After a round ----

    def look(self):
        """All mailboxes, by owner, as a fresh session sees them."""
        oracle = self.oracle = self.server.session('oracle')
        self.boxes, self.by_owner = {}, {}
        for box in BOXES:
            seen = self.boxes[box] = w.Seen(oracle, box)
            if not seen.rows:
                continue
            oracle.do('FETCH 1:* (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])')
            for _, uid, values in oracle.results:
                text = next(v for k, v in values.items() if k.startswith('BODY['))
                owner = re.search(rb'Subject: (\S+)\.', text).group(1).decode()
                self.by_owner.setdefault(owner, {})[box, uid] = seen.rows[uid][0]

    def compare(self, worker):
        """What is there of the session's messages is what it was told, or also what its last command would have done."""
        found = self.by_owner.get(f'w{worker.number}', {})
        own, doubt = worker.own, worker.doubt
        if found == own or (isinstance(doubt, dict) and self.is_between(found, own, doubt)):
            return found
        extra, missing = {k: found[k] for k in found if k not in own}, {k: own[k] for k in own if k not in found}
        other = {k: (found[k], own[k]) for k in found if k in own and found[k] != own[k]}
        if isinstance(doubt, tuple) and not other and self.is_done(doubt, extra, missing):
            return found
        raise Disagreement(f'w{worker.number}: too many {extra}, missing {missing}, other {other}; in doubt: {doubt}\n' +
                           '\n'.join(worker.session.log))

    @staticmethod
    def is_between(found, before, after):
        """Each message as before the command or as after it: of so few, all on one side."""
        return found == after or found == before

    @staticmethod
    def is_done(doubt, extra, missing):
        """An APPEND, COPY or MOVE whose answer did not come: it was done, whole."""
        kind, target, rows = doubt
        if kind == 'append':
            return not missing and [extra[k] for k in sorted(extra, key=lambda k: k[1])] == rows and \
                all(box == target for box, _ in extra)
        made = [extra[k] for k in sorted(extra, key=lambda k: k[1])] == [flags for _, flags in rows] and \
            all(box == target for box, _ in extra)
        return made and missing == (dict(rows) if kind == 'MOVE' else {})

    def compare_deliveries(self):
        numbers_found = [int(owner[1:]) for owner, rows in self.by_owner.items() if owner[0] == 'd' for _ in rows]
        if len(set(numbers_found)) != len(numbers_found):
            raise Disagreement('a mail was delivered twice')
        lost = self.delivered - set(numbers_found)
        if lost or set(numbers_found) - self.tried:
            raise Disagreement(f'acknowledged mails {sorted(lost)} are lost')

    def all_is_told(self, worker):
        """One NOOP, and the view is the mailbox; and a client with an old state gets there with QRESYNC."""
        s = worker.session
        s.do('NOOP')
        s.learn()
        truth = {uid: row[0] for uid, row in self.boxes[s.box].rows.items()}
        if s.view.uids != list(truth):
            s.wrong(f'after the storm the view is {s.view.uids}, the mailbox {list(truth)}')
        for uid, flags in s.view.flags.items():
            if flags != truth[uid]:
                s.wrong(f'after the storm UID {uid} was told with {sorted(flags)}, it has {sorted(truth[uid])}')
        if not s.has_qresync:
            s.do('ENABLE QRESYNC')
            s.has_qresync = True
        for box, uid_validity, modseq, flags in worker.memories:
            answer = s.select(box, f' (QRESYNC ({uid_validity} {modseq}))')
            earlier = set().union(*[row[1] for row in s.results if row[0] == 'EARLIER'])
            state = {uid: f for uid, f in flags.items() if uid not in earlier} | s.view.flags
            truth = {uid: row[0] for uid, row in self.boxes[box].rows.items()}
            if not answer.startswith('OK') or state != truth:
                s.wrong(f'QRESYNC of {box} from {modseq}: {set(state) ^ set(truth)}, '
                        f'{[u for u in state if u in truth and state[u] != truth[u]]}')


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument('--server', required=True)
    options.add_argument('--seconds', type=float, default=30)
    options.add_argument('--minutes', type=float)
    options.add_argument('--seed', type=int, default=int.from_bytes(os.urandom(4), 'big'))
    given = options.parse_args()
    until = time.monotonic() + (given.minutes * 60 if given.minutes else given.seconds)
    print(f'seed {given.seed}', flush=True)
    top = tempfile.mkdtemp(prefix='mailvisor-storm.')
    server = w.Server(os.path.abspath(given.server), top)
    try:
        server.prepare()
        session = server.session('first')
        for box in BOXES[1:]:
            session.do(f'CREATE {box}')
        session.close()
        storm = Storm(server, random.Random(given.seed))
        while time.monotonic() < until or storm.rounds < 4:
            storm.one_round(is_kill=storm.rounds % 2 == 1)
        server.stop()
        shutil.rmtree(top)
    except (Disagreement, Gone) as e:
        print(f'{e}\ndata kept in {top}', file=sys.stderr)
        return 1
    finally:
        if server.process and not server.died():
            server.kill()
    print(f'{storm.commands} commands of {WORKERS} sessions at once in {storm.rounds} rounds, {storm.kills} kills, '
          f'{len(storm.delivered)} deliveries: all agree')
    return 0 if storm.commands > 20 * storm.rounds else 1


if __name__ == '__main__':
    sys.exit(main())
