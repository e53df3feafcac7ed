# SPDX-License-Identifier: MIT
"""Commands that change messages: part of stress.py."""
from urllib.parse import quote

from grammar import as_set, numbers
from imap import OTHERS
from model import Message, allowed, changed_flags
import world as w

MESSAGES_MAX = 60  # of a mailbox: beyond it more goes than comes


class Changes:
    # ---- Flags and removals ----

    def do_store(self):
        s, box = self.selected(True)
        if s is None or not s.view.uids:
            return
        uids, prefix, text = self.some(s)
        how, flags = self.rng.choice('+-') if self.rng.random() < 0.8 else '', self.flags()
        silent, since, rights = self.rng.choice(('', '.SILENT')), None, self.rights(s.user, s.box)
        if self.rng.random() < 0.3:
            self.compare(s.box)
            since = self.rng.choice([m.modseq for m in box.messages.values()] or [1])
        condition = f' (UNCHANGEDSINCE {since})' if since is not None else ''
        answer = s.do(f'{prefix}STORE {text}{condition} {how}FLAGS{silent} ({" ".join(sorted(flags))})', None)
        if not (allowed(rights, flags) if flags else rights & set('swt')):
            self.is_allowed(s, answer, False)
            return
        self.fit(s, answer, any(u not in box.messages for u in uids))
        late = {u for u in uids if since is not None and u in box.messages and box.messages[u].modseq > since}
        self.told_late(s, box, answer, prefix, late)
        changed = {u for u in uids if u in box.messages and u not in late and box.store(u, how, flags, rights)}
        heard = {row[1] for row in s.results if row[0] == 'FETCH' and 'FLAGS' in row[2]}
        if not silent and not changed <= heard:
            s.wrong(f'UIDs {sorted(changed - heard)} changed and were not told')
        # It knows what it did itself, and what it may do. What was told in this answer may be from before, and then it is added
        # to that; if not, it changes nothing.
        for u in (u for u in uids if (silent or u not in heard) and u not in late and u in s.view.flags):
            after = changed_flags(s.view.flags[u], how, flags)
            s.view.flags[u] = allowed(rights, after) | (s.view.flags[u] - allowed(rights, s.view.flags[u]))
        self.told_rightly(s)
        if self.rng.random() < 0.2:
            s.do('NOOP')
            self.view_is_true(s)

    @staticmethod
    def told_late(s, box, answer, prefix, late):
        told = set(numbers(answer.split('[MODIFIED ')[1].split(']')[0])) if '[MODIFIED ' in answer else set()
        told = {u for u in told if prefix and u in box.messages} | \
               {s.view.uids[n - 1] for n in told if not prefix and s.view.uids[n - 1] in box.messages}
        if told != late:
            s.wrong(f'MODIFIED {sorted(told)}, not {sorted(late)}')

    def do_expunge(self):
        s, box = self.selected(True)
        if s is None:
            return
        uids = None
        if self.rng.random() < 0.5 and s.view.uids:
            uids = self.rng.sample(s.view.uids, max(1, len(s.view.uids) // 2))
        answer = s.do(f'UID EXPUNGE {as_set(uids)}' if uids else 'EXPUNGE', None)
        if self.is_allowed(s, answer, 'e' in self.rights(s.user, s.box)):
            box.remove([u for u in box.deleted() if uids is None or u in uids])
            self.told_rightly(s)
            self.view_is_true(s)

    def do_close(self):
        """CLOSE removes what is marked, without a word, unless it may not; UNSELECT does not."""
        s, box = self.selected()
        if s is None:
            return
        verb, may = self.rng.choice(('CLOSE', 'UNSELECT')), 'e' in self.rights(s.user, s.box)
        s.leave(verb)
        if verb == 'CLOSE' and may and not s.is_read_only:
            box.remove(box.deleted())

    # ---- Copies ----

    def transfer(self, s, box, place, verb):
        uids, prefix, text = self.some(s)
        rights = self.rights(s.user, place)
        answer = s.do(f'{prefix}{verb} {text} {s.spell(place)}', None)
        if 'i' not in rights or (verb == 'MOVE' and not self.rights(s.user, s.box) >= set('te')):
            self.is_allowed(s, answer, False)
            return
        self.fit(s, answer, any(u not in box.messages for u in uids))
        told = answer if '[COPYUID ' in answer else next(
            (line for line in s.lines_said() if '[COPYUID ' in line and line.startswith('S: *')), '')
        there = [u for u in uids if u in box.messages]
        if not there or not answer.startswith('OK'):
            return
        target_box = self.boxes[place]
        first = target_box.uid_next
        truth = (target_box.uid_validity, there, list(range(first, first + len(there))))
        _, *words = told[told.index('[COPYUID '):].split(']')[0].split() if '[COPYUID ' in told else ['']
        if 'r' in rights and (not words or (int(words[0]), numbers(words[1]), numbers(words[2])) != truth):
            s.wrong(f'COPYUID {words}, it is {truth}')
        if 'r' not in rights and '[COPYUID ' in answer:
            s.wrong(f'it may not read the mailbox, and is told UIDs of it: {answer!r}')
        for uid in there:
            target_box.add(box.messages[uid].copy(target_box.uid_next, rights))
        if verb == 'MOVE':
            box.remove(there)
        self.told_rightly(s)

    def do_copy(self):
        s, box = self.selected()
        place = self.rng.choice(list(self.boxes))
        if s is not None and s.view.uids and len(self.boxes[place].messages) < MESSAGES_MAX:
            self.transfer(s, box, place, 'COPY')

    def do_move(self):
        s, box = self.selected(True)
        places = [p for p in self.boxes if s is not None and p != s.box]
        if places and s.view.uids:
            self.transfer(s, box, self.rng.choice(places), 'MOVE')

    # ---- New messages ----

    def do_append(self):
        s, place = self.any_session(), self.rng.choice(list(self.boxes))
        if len(self.boxes[place].messages) >= MESSAGES_MAX:
            return
        rows = [self.new_message() for _ in range(self.rng.choice((1, 1, 1, 3)))]
        answer = s.append(place, [row for row, _ in rows], None)
        if self.is_allowed(s, answer, 'i' in self.rights(s.user, place)):
            self.appended(s, answer, place, [row for _, row in rows])

    def appended(self, s, answer, place, rows):
        """rows: Message without the UID."""
        box, rights = self.boxes[place], self.rights(s.user, place)
        if 'r' in rights:
            self.told_uids(s, answer, box, len(rows))
        elif '[APPENDUID' in answer:
            s.wrong(f'it may not read the mailbox, and is told UIDs of it: {answer!r}')
        for flags, *rest in rows:
            box.add(Message(box.uid_next, allowed(rights, flags), *rest))
        self.told_rightly(s)

    @staticmethod
    def told_uids(s, answer, box, count):
        validity, uids = answer[answer.index('[APPENDUID '):].split(']')[0].split()[1:]
        if int(validity) != box.uid_validity or numbers(uids) != list(range(box.uid_next, box.uid_next + count)):
            s.wrong(f'APPENDUID {validity} {uids}, not {box.uid_validity} and {count} from {box.uid_next}')

    def do_catenate(self):
        """A header of its own over the text of a message that is there."""
        s, place = self.any_session(), self.rng.choice(list(self.boxes))
        sources = [(p, m) for p in self.places(s.user, 'r') for m in self.boxes[p].messages.values()]
        if not sources or len(self.boxes[place].messages) >= MESSAGES_MAX or 'i' not in self.rights(s.user, place):
            return
        (owner, name), source = self.rng.choice(sources)
        mail, flags = self.mail(), self.flags()
        mail.is_coded, mail.text = source.mail.is_coded, source.mail.text
        told = name if owner == s.user else f'{OTHERS}/{owner}/{name}'
        url = f'/{quote(told)};UIDVALIDITY={self.boxes[owner, name].uid_validity}/;UID={source.uid}/;SECTION=TEXT'
        header = mail.header()
        s.tag_number += 1
        s.command, s.results, s.told = 'APPEND', [], set()
        s.note(f'APPEND {s.spell(place)} CATENATE (TEXT and {url})')
        s.send(f'a{s.tag_number} APPEND {s.spell(place)} ({" ".join(sorted(flags))}) "17-Jul-1996 02:44:25 -0700" CATENATE '
               f'(TEXT {{{len(header)}+}}\r\n'.encode() + header + f' URL "{url}")\r\n'.encode())
        answer = s.finish()
        if not answer.startswith('OK'):
            s.wrong(f'CATENATE with {url} is answered with {answer!r}')
        self.appended(s, answer, place, [(flags, mail, mail.bytes(), 837596665)])

    def do_replace(self):
        s, box = self.selected(True)
        if s is None or not s.view.uids:
            return
        uid, place, ((flags, date, body), row) = self.rng.choice(s.view.uids), self.rng.choice(list(self.boxes)), self.new_message()
        prefix, number = ('UID ', uid) if s.is_uid_only or self.rng.random() < 0.5 else ('', s.view.uids.index(uid) + 1)
        is_there = uid in box.messages
        if place == s.box and not is_there:
            return
        answer = s.append(place, [(flags, date, body)], None, f'{prefix}REPLACE {number} {s.spell(place)}')
        if 'i' not in self.rights(s.user, place) or not self.rights(s.user, s.box) >= set('te'):
            self.is_allowed(s, answer, False)
            return
        self.fit(s, answer, not is_there, () if is_there else ('NO', 'BAD'))
        if not answer.startswith('OK'):
            return
        told = answer if '[APPENDUID ' in answer else next((line for line in s.lines_said() if '[APPENDUID ' in line), '')
        box.remove([uid])
        self.appended(s, told, place, [row])

    def do_deliver(self):
        user = self.rng.choice((w.USER, w.USER, w.USER, w.OTHER))
        box = self.boxes[user, 'INBOX']
        if len(box.messages) >= MESSAGES_MAX:
            return
        mail = self.mail()
        self.server.deliver(mail.bytes(), self.rng.choice(('smtp', 'lmtp')), user)
        box.add(Message(box.uid_next, (), mail))  # trace fields stand before it
        self.compare((user, 'INBOX'))

    def do_pop3(self):
        box = self.boxes[w.USER, 'INBOX']
        if not box.messages:
            return
        chosen = sorted(self.rng.sample(range(1, len(box.messages) + 1), min(2, len(box.messages))))
        uids = list(box.messages)
        self.server.pop3_delete(chosen)
        box.remove([uids[n - 1] for n in chosen])
