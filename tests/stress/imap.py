# SPDX-License-Identifier: MIT
"""A client's side of IMAP for the stress programs: a connection, and a session's view of its mailbox.

The view is kept from what the server says alone, and holds the server to the rules while it does: a number means the message it
meant before, EXPUNGE never comes in an answer to FETCH, STORE or SEARCH, EXISTS never shrinks, UIDs only grow, MODSEQ of a message
never goes back. Every breach raises Disagreement with the last lines of the conversation.
"""
import collections
import re
import socket
import zlib

from grammar import Disagreement, Gone, flag_set, name_of, numbers, pairs, quoted, tokens

OTHERS = 'Other Users'
PATIENCE_S = 60
LEARN_TRIES = 30  # an answer may end with further news, or need a NOOP; with others at work some follow each other
KEPT = ('SEARCH', 'ESEARCH', 'SORT', 'STATUS', 'LIST', 'LSUB', 'THREAD', 'QUOTA', 'QUOTAROOT', 'METADATA', 'ACL', 'MYRIGHTS')
QUIET = re.compile(r'(FETCH|STORE|SEARCH|SORT)\b', re.I)  # commands in whose answers no number may move (RFC 9051 7.5.1)


class View:
    """What a client knows of its selected mailbox."""

    def __init__(self):
        self.uids = []        # by number; None: not told yet
        self.flags = {}       # uid -> what was told last
        self.modseqs = {}     # uid -> the same
        self.uid_validity = self.highest_modseq = None


class Inflating:
    """The server's side of a connection after COMPRESS DEFLATE."""

    def __init__(self, file):
        self.file, self.inflate, self.text = file, zlib.decompressobj(-15), b''

    def more(self):
        data = self.file.read1(1 << 16)
        self.text += self.inflate.decompress(data)
        return data

    def readline(self):
        while b'\n' not in self.text:
            if not self.more():
                return b''
        line, _, self.text = self.text.partition(b'\n')
        return line + b'\n'

    def read(self, count):
        while len(self.text) < count and self.more():
            pass
        data, self.text = self.text[:count], self.text[count:]
        return data

    def close(self):
        self.file.close()


class Session:
    everyone = collections.deque(maxlen=60)  # the last commands of all sessions

    def __init__(self, port, user, password, name='?'):
        self.name, self.user, self.is_utf8, self.has_rev2 = name, user, False, False
        self.log = collections.deque(maxlen=60)
        self.tag_number, self.view, self.box, self.is_idle = 0, None, None, False
        self.has_qresync = self.is_read_only = self.is_uid_only = self.has_notify = False
        self.status = None    # of NOTIFY: place -> (MESSAGES, UIDNEXT) as told last
        self.deflate = None
        self.results = []     # of SEARCH, STATUS, LIST, VANISHED (EARLIER) of the command that runs
        try:
            self.sock = socket.create_connection(('127.0.0.1', port), PATIENCE_S)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.file = self.sock.makefile('rb', 1 << 16)
            self.read()
            self.do(f'LOGIN {user} "{password}"')
        except OSError as e:
            raise Gone(str(e)) from None

    def wrong(self, what):
        raise Disagreement(f'{self.name} ({self.box}): {what}\nall: ' + '\nall: '.join(self.everyone) + '\n' + '\n'.join(self.log))

    def note(self, command):
        self.log.append(f'C: {command}')
        if not (self.name.startswith('oracle') and command.startswith(('EXAMINE', 'STATUS', 'FETCH', 'LIST'))):
            self.everyone.append(f'{self.name} ({self.box}): {command}')

    # ---- Names ----

    def spell(self, place):
        """A mailbox as this session calls it: of its own the name, of others (owner, name)."""
        owner, name = (self.user, place) if isinstance(place, str) else place
        return quoted(name if owner == self.user else f'{OTHERS}/{owner}/{name}', self.is_utf8)

    def place(self, word):
        """The same back, from an answer."""
        name = name_of(word, self.is_utf8)
        if not name.startswith(OTHERS + '/'):
            return self.user, name
        owner, _, name = name[len(OTHERS) + 1:].partition('/')
        return owner, name

    # ---- Lines ----

    def read(self):
        """One answer, with its literals."""
        text = b''
        try:
            while True:
                line = self.file.readline()
                if not line.endswith(b'\r\n'):
                    raise Gone(f'{self.name}: the server closed')
                text += line
                hit = re.search(rb'\{(\d+)\}\r\n$', line)
                if not hit:
                    break
                text += self.file.read(int(hit.group(1)))
        except OSError as e:
            raise Gone(f'{self.name}: {e}') from None
        self.log.append('S: ' + text[:300].decode(errors='replace').rstrip())
        return text[:-2]

    def compress(self):
        self.do('COMPRESS DEFLATE')
        self.file, self.deflate = Inflating(self.file), zlib.compressobj(6, zlib.DEFLATED, -15)

    def send(self, data):
        if self.deflate:
            data = self.deflate.compress(data) + self.deflate.flush(zlib.Z_SYNC_FLUSH)
        try:
            self.sock.sendall(data)
        except OSError as e:
            raise Gone(f'{self.name}: {e}') from None

    def start(self, command):
        self.tag_number += 1
        self.command, self.results, self.told = command, [], set()
        self.note(command[:300])
        self.send(f'a{self.tag_number} {command}\r\n'.encode())

    def finish(self):
        """Reads to the tagged answer: its text."""
        tag = f'a{self.tag_number} '.encode()
        while True:
            line = self.read()
            if line.startswith(tag):
                return line[len(tag):].decode()
            if line.startswith(b'* '):
                self.take(line[2:])
            elif not line.startswith(b'+'):
                self.wrong(f'neither "*" nor our tag: {line[:200]!r}')

    def lines_said(self):
        """What the server has said to the last command, the last line first."""
        for line in reversed(self.log):
            if line.startswith('C: '):
                return
            yield line

    def do(self, command, expect='OK'):
        self.start(command)
        answer = self.finish()
        if expect and not answer.startswith(expect):
            self.wrong(f'{command[:200]!r} is answered with {answer!r}, not {expect}')
        return answer

    def answers(self, kind):
        """Of the last command, the words of its answers of that kind."""
        return [row[1] for row in self.results if row[0] == kind]

    def append(self, place, messages, expect='OK', verb=None):
        """messages: (flags, date or None, bytes)... The verb of REPLACE has its arguments."""
        self.start_append(place, messages, verb)
        answer = self.finish()
        if expect and not answer.startswith(expect):
            self.wrong(f'APPEND is answered with {answer!r}')
        return answer

    def start_append(self, place, messages, verb=None):
        self.tag_number += 1
        self.command, self.results, self.told = 'APPEND', [], set()
        verb = verb or f'APPEND {self.spell(place)}'
        text = f'a{self.tag_number} {verb}'.encode()
        for flags, date, body in messages:
            date = f' "{date}"' if date else ''
            text += f' ({" ".join(sorted(flags))}){date} {{{len(body)}+}}\r\n'.encode() + body
        self.note(f'{verb}, {len(messages)} messages')
        self.send(text + b'\r\n')

    # ---- Answers ----

    def take(self, text):
        words = tokens(text)
        if len(words) > 1 and isinstance(words[0], str) and words[0].isdigit() and self.view is not None:
            kind, number = str(words[1]).upper(), int(words[0])
            if kind == 'EXISTS':
                self.take_exists(number)
            elif kind == 'EXPUNGE':
                self.take_expunge(number)
            elif kind == 'FETCH':
                if self.is_uid_only:
                    self.wrong('a number though UIDONLY is on')
                self.take_fetch(number, words[2])
            elif kind == 'UIDFETCH':
                self.take_uid_fetch(number, words[2])
            return
        kind = str(words[0]).upper()
        if kind == 'VANISHED':
            self.take_vanished(words[1:])
        elif kind in KEPT:
            self.results.append((kind, words[1:]))
            if kind == 'STATUS' and self.status is not None:
                values = pairs(words[-1])
                self.status[self.place(words[1])] = int(values['MESSAGES']), int(values['UIDNEXT'])
        elif kind == 'BYE':
            raise Gone(f'{self.name}: {text[:200]!r}')
        elif self.view is not None:
            hit = re.search(rb'\[(UIDVALIDITY|HIGHESTMODSEQ|UIDNEXT) (\d+)\]', text)
            if hit and hit.group(1) == b'UIDVALIDITY':
                self.view.uid_validity = int(hit.group(2))
            elif hit and hit.group(1) == b'HIGHESTMODSEQ':
                self.view.highest_modseq = int(hit.group(2))

    def take_exists(self, count):
        have = len(self.view.uids)
        if count < have:
            self.wrong(f'EXISTS {count}, but {have} were there and no EXPUNGE came')
        self.view.uids += [None] * (count - have)

    def may_move(self, what):
        if QUIET.match(self.command):
            self.wrong(f'{what} in the answer to {self.command[:100]!r}')

    def drop(self, number):
        uid = self.view.uids.pop(number - 1)
        self.view.flags.pop(uid, None)
        self.view.modseqs.pop(uid, None)

    def take_expunge(self, number):
        self.may_move('EXPUNGE')
        if self.has_qresync or self.is_uid_only:
            self.wrong('EXPUNGE though QRESYNC or UIDONLY is on')
        if not 1 <= number <= len(self.view.uids):
            self.wrong(f'EXPUNGE {number} of {len(self.view.uids)}')
        self.drop(number)

    def take_vanished(self, words):
        if isinstance(words[0], list):
            self.results.append(('EARLIER', set(numbers(words[1]))))
            return
        self.may_move('VANISHED')
        for uid in numbers(words[0]):
            self.vanish(uid)

    def vanish(self, uid):
        """RFC 7162 3.2.10.2: each UID was a message that was counted. When it was not told, it is one of those between its
        neighbours that were not; under UIDONLY, where places are not known, any of them."""
        uids = self.view.uids
        if uid in uids:
            self.drop(uids.index(uid) + 1)
            return
        begin = max([at + 1 for at, u in enumerate(uids) if u is not None and u < uid], default=0)
        end = min([at for at, u in enumerate(uids) if u is not None and u > uid], default=len(uids))
        if self.is_uid_only:
            begin, end = 0, len(uids)
        if None not in uids[begin:end]:
            self.wrong(f'VANISHED {uid}, which was not there')
        self.drop(uids.index(None, begin) + 1)

    def take_uid_fetch(self, uid, items):
        """UIDONLY: a message that was counted and not told gets its place."""
        uids = self.view.uids
        if not self.is_uid_only:
            self.wrong('UIDFETCH though UIDONLY is off')
        if uid not in uids:
            if None not in uids:
                self.wrong(f'UIDFETCH {uid}, which was not counted')
            uids.remove(None)
            uids.insert(next((at for at, u in enumerate(uids) if u is not None and u > uid), len(uids)), uid)
        self.take_fetch(uids.index(uid) + 1, items)

    def take_fetch(self, number, items):
        if not 1 <= number <= len(self.view.uids):
            self.wrong(f'FETCH {number} of {len(self.view.uids)}')
        values = pairs(items)
        view, uid = self.view, self.view.uids[number - 1]
        if 'UID' in values:
            told = int(values['UID'])
            if uid is not None and uid != told:
                self.wrong(f'message {number} was UID {uid} and is {told} now')
            before = [u for u in view.uids[:number - 1] if u is not None]
            after = [u for u in view.uids[number:] if u is not None]
            if (before and max(before) >= told) or (after and min(after) <= told):
                self.wrong(f'UID {told} at {number} does not stand between its neighbours')
            view.uids[number - 1] = uid = told
        self.told.add(number)
        if uid is None:
            return
        if 'FLAGS' in values:
            view.flags[uid] = flag_set(values['FLAGS'])
        if 'MODSEQ' in values:
            modseq = int(values['MODSEQ'][0])
            if modseq < view.modseqs.get(uid, 0):
                self.wrong(f'MODSEQ of UID {uid} goes back from {view.modseqs[uid]} to {modseq}')
            view.modseqs[uid] = modseq
        values['NUMBER'] = number
        self.results.append(('FETCH', uid, values))

    # ---- Commands ----

    def select(self, place, more='', read_only=False):
        if self.has_notify and self.view is not None:
            self.leave()  # what is told unasked of the mailbox before must not be taken for the next one's
        self.view, self.box = View(), place
        answer = self.do(f'{"EXAMINE" if read_only else "SELECT"} {self.spell(place)}{more}', None)
        self.is_read_only = answer.startswith('OK [READ-ONLY]')
        if not answer.startswith('OK'):
            self.view = self.box = None
        return answer

    def leave(self, verb='UNSELECT'):
        """From now on the selected mailbox is one of the others, of which NOTIFY tells in another way."""
        box, view = self.box, self.view
        (self.status or {}).pop(box, None)
        self.do(verb)
        if self.status is not None:
            self.status.setdefault(box, (len(view.uids), None))  # it was not told UIDNEXT
        self.view = self.box = None

    def learn(self):
        """Asks for every UID that was counted but not told."""
        for _ in range(LEARN_TRIES):
            if self.view is None or None not in self.view.uids:
                return
            if self.is_uid_only:
                self.do('UID FETCH 1:* (FLAGS)')
            else:
                self.do(f'FETCH {self.view.uids.index(None) + 1}:* (UID FLAGS)', None)
            if None in self.view.uids:
                self.do('NOOP')  # gone before they were asked for: now the server may say so
        self.wrong(f'{LEARN_TRIES} times asked, and some UIDs are still not told: {self.view.uids}')

    def idle(self):
        self.start('IDLE')
        while True:
            line = self.read()
            if line.startswith(b'+'):
                break
            self.take(line[2:])
        self.is_idle = True

    def idle_read(self):
        """One answer while IDLE runs."""
        line = self.read()
        self.take(line[2:])

    def done(self):
        self.is_idle = False
        self.send(b'DONE\r\n')
        self.note('DONE')
        answer = self.finish()
        if not answer.startswith('OK'):
            self.wrong(f'DONE is answered with {answer!r}')

    def close(self):
        self.file.close()
        self.sock.close()
