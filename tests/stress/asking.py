# SPDX-License-Identifier: MIT
"""Commands that ask: what is answered must be what the model has. Part of stress.py."""
from grammar import as_set, numbers, pairs
from model import random_key
import order


class Asking:
    # ---- Mailboxes ----

    def do_select(self):
        s = self.rng.choice(self.sessions)
        if s.is_idle:
            s.done()
        crowded = [o.box for o in self.sessions if o.box and o is not s]
        place = self.rng.choice(crowded if crowded and self.rng.random() < 0.5 else list(self.boxes))
        box, rights = self.boxes[place], self.rights(s.user, place)
        memories = [m for b, m in self.memories if b is box]
        if 'r' in rights and memories and self.rng.random() < 0.5:
            self.select_quick(s, place, box, self.rng.choice(memories))
        else:
            answer = s.select(place, self.rng.choice(('', ' (CONDSTORE)')), self.rng.random() < 0.2)
            if not self.is_allowed(s, answer, 'r' in rights):
                return
        if s.command.startswith('SELECT') and s.is_read_only != (not rights & set('swite')):
            s.wrong(f'read-only or not with rights {sorted(rights)}')
        if len(s.view.uids) != len(box.messages):
            s.wrong(f'EXISTS {len(s.view.uids)}, not {len(box.messages)}')
        if s.view.uid_validity != box.uid_validity:
            s.wrong(f'UIDVALIDITY {s.view.uid_validity}, not {box.uid_validity}')
        s.learn()

    def select_quick(self, s, place, box, memory):
        """QRESYNC: what was kept, with what is told now, is what is there."""
        uid_validity, modseq, flags = memory
        if not s.has_qresync:
            if s.view is not None:
                s.leave()
            s.do('ENABLE QRESYNC')
            s.has_qresync = True
        known = f' {as_set(flags)}' if flags and self.rng.random() < 0.5 else ''
        answer = s.select(place, f' (QRESYNC ({uid_validity} {max(modseq, 1)}{known}))')
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
        s.do(self.rng.choice(('NOOP', 'CHECK')) if not s.has_rev2 else 'NOOP')
        self.told_rightly(s)
        self.view_is_true(s)

    def do_idle(self):
        s, _ = self.selected()
        if s is not None:
            s.idle()

    def do_status(self):
        s, place = self.any_session(), self.rng.choice(list(self.boxes))
        self.compare(place)
        box = self.boxes[place]
        answer = s.do(f'STATUS {s.spell(place)} (MESSAGES UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ SIZE DELETED)', None)
        if not self.is_allowed(s, answer, 'r' in self.rights(s.user, place)):
            return
        told = {k: int(v) for k, v in pairs(s.answers('STATUS')[-1][-1]).items()}
        truth = {'MESSAGES': len(box.messages), 'UIDNEXT': box.uid_next, 'UIDVALIDITY': box.uid_validity,
                 'UNSEEN': sum('\\seen' not in m.flags for m in box.messages.values()), 'HIGHESTMODSEQ': box.highest,
                 'SIZE': sum(m.size for m in box.messages.values()), 'DELETED': len(box.deleted())}
        if told != truth:
            s.wrong(f'STATUS {place} says {told}, it is {truth}')

    # ---- Messages ----

    def do_fetch(self):
        s, box = self.selected()
        if s is None or not s.view.uids:
            return
        uids, prefix, text = self.some(s)
        items = self.rng.choice(('FLAGS', 'UID FLAGS MODSEQ', 'RFC822.SIZE ENVELOPE', 'BODY.PEEK[]', 'BODY[TEXT]',
                                 'BODYSTRUCTURE UID'))
        answer = s.do(f'{prefix}FETCH {text} ({items})', None)
        there = [u for u in uids if u in box.messages]
        self.fit(s, answer, len(there) < len(uids))
        if items == 'BODY[TEXT]' and not s.is_read_only and 's' in self.rights(s.user, s.box):
            for uid in there:
                box.store(uid, '+', frozenset(('\\seen',)))
        missing = set(there) - {row[1] for row in s.results if row[0] == 'FETCH'}
        if missing:
            s.wrong(f'nothing was said of UIDs {sorted(missing)}')
        for row in s.results:
            if row[0] == 'FETCH' and row[1] in box.messages:
                self.fetched_rightly(s, box.messages[row[1]], row[2])
        self.told_rightly(s)

    @staticmethod
    def fetched_rightly(s, m, values):
        truth = {'BODY[TEXT]': m.mail.coded()}
        if m.size is not None and 'RFC822.SIZE' in values:
            truth['RFC822.SIZE'] = str(m.size)
        if m.body is not None:
            truth['BODY[]'] = m.body
        for item, value in truth.items():
            if item in values and values[item] != value:
                s.wrong(f'{item} of UID {m.uid} is {values[item][:200]!r}, not {value[:200]!r}')
        if 'ENVELOPE' in values:
            date, subject, _, _, _, _, _, _, _, message_id = values['ENVELOPE']
            expected = m.mail.date.strftime('%a, %d %b %Y %H:%M:%S %z').encode() if m.mail.date else date
            if (date, subject, message_id) != (expected, m.mail.subject.encode(), m.mail.message_id.encode()):
                s.wrong(f'ENVELOPE of UID {m.uid}: {values["ENVELOPE"]}')

    def do_fetch_part(self):
        """One message, in pieces."""
        s, box = self.selected()
        if s is None or not (uids := [u for u in s.view.uids if u in box.messages and box.messages[u].body]):
            return
        uid = self.rng.choice(uids)
        m = box.messages[uid]
        first, count = self.rng.randrange(len(m.body) + 10), self.rng.choice((1, 7, 100, 100000))
        part = min(first, 30)
        fields = [line for line in m.mail.header().split(b'\r\n') if line.startswith((b'Subject:', b'Cc:'))]
        s.do(f'UID FETCH {uid} (BODY.PEEK[]<{first}.{count}> BINARY.SIZE[1] BINARY.PEEK[1] BINARY.PEEK[1]<{part}.{count}> '
             'BODY.PEEK[HEADER.FIELDS (Cc Subject)] BODY.PEEK[1])')
        values = next(row[2] for row in s.results if row[0] == 'FETCH' and row[1] == uid and 'BINARY[1]' in row[2])
        truth = {f'BODY[]<{first}>': m.body[first:first + count], 'BINARY.SIZE[1]': str(len(m.mail.text)), 'BINARY[1]': m.mail.text,
                 f'BINARY[1]<{part}>': m.mail.text[part:part + count], 'BODY[1]': m.mail.coded(),
                 'BODY[HEADER.FIELDS (CC SUBJECT)]': b'\r\n'.join((*fields, b'', b''))}
        for item, value in truth.items():
            if values.get(item) != value:
                s.wrong(f'{item} of UID {uid} is {str(values.get(item))[:200]}, not {value[:200]!r}')
        self.told_rightly(s)

    def do_changed_since(self):
        s, box = self.selected()
        if s is None or not s.view.uids:
            return
        self.settle(s)
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

    # ---- Searches ----

    def asked(self, settles):
        """A session with messages, its mailbox, a key, "UID " or not."""
        s, box = self.selected()
        if s is not None and (settles or s.has_notify or self.rng.random() < 0.5):  # NOTIFY: else more may be told before it
            self.settle(s)
        if s is None or not s.view.uids:
            return None, None, None, None
        return s, box, random_key(self.rng, box), 'UID ' if s.is_uid_only else self.rng.choice(('', 'UID '))

    @staticmethod
    def found(s, kind, prefix, uids):
        """What a SEARCH or SORT found, as UIDs in its order; as ESEARCH of IMAP4rev2, too."""
        found = []
        for row in s.results:
            if row[0] == 'ESEARCH':
                found = numbers(pairs(row[1][1 + ('UID' in row[1]):]).get('ALL', 0) or 0)
                found = [n for n in found if n]
            elif row[0] == kind:
                found = [int(n) for n in row[1] if isinstance(n, str) and n.isdigit()]
        if len(set(found)) != len(found) or (not prefix and any(n > len(uids) for n in found)):
            s.wrong(f'{s.command} finds {found} among {len(uids)}')
        return found if prefix else [uids[n - 1] for n in found]

    def do_search(self):
        s, box, key, prefix = self.asked(False)
        if s is None:
            return
        uids = list(s.view.uids)
        s.do(f'{prefix}SEARCH {key.text}')
        found = set(self.found(s, 'SEARCH', prefix, uids))
        truth = {u for u in uids if u in box.messages and key.test(box.messages[u])}
        if found & set(box.messages) != truth:
            s.wrong(f'{prefix}SEARCH {key.text} finds {sorted(found)}, it is {sorted(truth)}')

    def do_search_return(self):
        """ESEARCH with PARTIAL, and what SAVE kept; SORT the same. RFC 4731, 9394, 5182, 5267."""
        s, box, key, prefix = self.asked(True)
        if s is None:
            return
        rows, verb = [m for m in box.messages.values() if key.test(m)], f'SEARCH RETURN ({{}}) {key.text}'
        if is_sort := self.rng.random() < 0.4:
            how = order.random_order(self.rng)
            if order.is_vague(rows, [k for k, _ in how]):
                return
            rows, verb = order.sort(rows, how), f'SORT RETURN ({{}}) ({order.spelled(how)}) UTF-8 {key.text}'
        rows = [m.uid if prefix else s.view.uids.index(m.uid) + 1 for m in rows]
        options = self.rng.sample(('MIN', 'MAX', 'COUNT', 'ALL'), self.rng.randint(1, 4))
        first = self.rng.choice((1, 1, 2, 5, 70))
        last = first + self.rng.choice((0, 2, 100))
        sign = self.rng.choice(('', '-'))
        truth = {'COUNT': str(len(rows))}
        if rows:
            truth |= {'MIN': str(rows[0]), 'MAX': str(rows[-1]), 'ALL': rows}
        truth = {k: v for k, v in truth.items() if k in options}
        if 'ALL' not in options:
            part = rows[first - 1:last] if not sign else rows[::-1][first - 1:last][::-1]
            options.append(f'PARTIAL {sign}{first}:{sign}{last}')
            truth['PARTIAL'] = part
        s.do(f'{prefix}{verb.format(" ".join(options))}')
        words = s.answers('ESEARCH')[0]
        told = pairs(words[1 + ('UID' in words):])
        if 'ALL' in told:
            told['ALL'] = numbers(told['ALL'])
        if 'PARTIAL' in told:
            told['PARTIAL'] = [] if told['PARTIAL'][1].upper() == 'NIL' else numbers(told['PARTIAL'][1])
        if not is_sort:
            truth = {k: sorted(v) if isinstance(v, list) else v for k, v in truth.items()}
        if told != truth or words[0] != ['TAG', f'a{s.tag_number}'.encode()]:
            s.wrong(f'{s.command} is answered with {words}, it is {truth}')
        self.saved(s, box, key)

    def saved(self, s, box, key):
        s.do(f'UID SEARCH RETURN (SAVE) {key.text}')
        s.do('UID FETCH $ (FLAGS)')
        told, truth = {row[1] for row in s.results if row[0] == 'FETCH'}, {u for u, m in box.messages.items() if key.test(m)}
        if told != truth:
            s.wrong(f'$ after {key.text} is {sorted(told)}, not {sorted(truth)}')

    def do_sort(self):
        s, box, key, prefix = self.asked(False)
        if s is None:
            return
        uids, how = list(s.view.uids), order.random_order(self.rng)
        s.do(f'{prefix}SORT ({order.spelled(how)}) UTF-8 {key.text}')
        found = [u for u in self.found(s, 'SORT', prefix, uids) if u in box.messages]
        rows = [box.messages[u] for u in uids if u in box.messages and key.test(box.messages[u])]
        truth = [m.uid for m in order.sort(rows, how)]
        values = {m.uid: [order.VALUES[k](m) for k, _ in how] for m in rows}
        is_same = found == truth
        keys = [k for k, _ in how]
        if order.is_vague(rows, keys):
            sure = min(keys.index(k) for k in ('ARRIVAL', 'DATE') if k in keys) + 1  # what comes behind it, only the server knows
            is_same = sorted(found) == sorted(truth) and [values[u][:sure] for u in found] == [values[u][:sure] for u in truth]
        if not is_same:
            s.wrong(f'{s.command} finds {found}, it is {[(u, values[u]) for u in truth]}')

    def do_thread(self):
        s, box, key, prefix = self.asked(True)
        if s is None:
            return
        name = self.rng.choice(('ORDEREDSUBJECT', 'REFERENCES'))
        s.do(f'{prefix}THREAD {name} UTF-8 {key.text}')
        told = [order.read_thread(words) for row in s.answers('THREAD') for words in row]
        rows = [m for m in box.messages.values() if key.test(m)]
        if order.is_vague(rows):
            return
        truth = order.by_subject(rows) if name == 'ORDEREDSUBJECT' else order.by_references(rows)
        if not prefix:
            truth = [self.numbered(s, tree) for tree in truth]
        if told != truth:
            about = '\n'.join(f'{s.view.uids.index(m.uid) + 1} {m.uid} {m.mail.message_id} {m.mail.references} {m.mail.subject} '
                              f'{order.sent(m)}' for m in rows)
            s.wrong(f'{s.command} is {told}, not {truth}\n{about}\n')

    def numbered(self, s, tree):
        uid, children = tree
        return s.view.uids.index(uid) + 1 if uid else None, [self.numbered(s, child) for child in children]

    def do_multisearch(self):
        """ESEARCH in all of one's own mailboxes, or in those below a name. RFC 7377."""
        s = self.any_session()
        if s.box:
            self.settle(s)
        key = random_key(self.rng, self.rng.choice(list(self.boxes.values())))
        tops = [p for p in self.boxes if p[0] == s.user]
        top = self.rng.choice([None, *tops])
        s.do(f'ESEARCH IN ({"personal" if top is None else "subtree " + s.spell(top)}) RETURN (ALL COUNT) {key.text}')
        told, truth = {}, {}
        for words in s.answers('ESEARCH'):
            about, found = pairs(words[0]), pairs(words[2:])
            told[s.place(about['MAILBOX'])] = int(about['UIDVALIDITY']), sorted(numbers(found['ALL'])), int(found['COUNT'])
        for place in tops:
            rows = sorted(u for u, m in self.boxes[place].messages.items() if key.test(m))
            if rows and (top is None or place == top or place[1].startswith(top[1] + '/')):
                truth[place] = self.boxes[place].uid_validity, rows, len(rows)
        if told != truth:
            s.wrong(f'{s.command} finds {told}, it is {truth}')
