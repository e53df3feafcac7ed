# SPDX-License-Identifier: MIT
"""Rights of others, notes on mailboxes, and what the account's room holds: part of stress.py."""
from model import ALL_RIGHTS
import world as w

USUAL = ('lrs', 'lrswi', 'lrswite', 'lrswipkxtea', 'l', 'i', 'r', 'lri', 'lrk', 'lrx')
ENTRIES = ('/shared/comment', '/private/comment', '/shared/vendor/x/a', '/shared/vendor/x/a/b', '/private/vendor/y')


class Sharing:
    # ---- ACL, RFC 4314 ----

    def do_rights(self):
        """Somebody who may changes what others may; the lists are asked for, and whoever may not read any more is sent away."""
        s, place = self.any_session(), self.rng.choice([*self.boxes])
        box, owner = self.boxes[place], place[0]
        friend = w.OTHER if owner == w.USER else w.USER
        who = self.rng.choice((friend, friend, friend, 'anyone', '-' + friend))
        given, how = self.rng.choice(USUAL), self.rng.choice(('', '', '+', '-'))
        if who.startswith('-'):
            given, how = self.rng.choice(('w', 's', 'r', 'te')), self.rng.choice(('+', '-'))
        may = 'a' in self.rights(s.user, place)
        if self.is_allowed(s, s.do(f'SETACL {s.spell(place)} "{who}" {how}{given}', None), may):
            before = box.acl.get(who, frozenset())
            after = {'': frozenset(given), '+': before | set(given), '-': before - set(given)}[how]
            box.acl = {k: v for k, v in {**box.acl, who: after}.items() if v}
            self.leave_behind(lambda s: s.box == place and 'r' not in self.rights(s.user, place))
        self.compare_rights(place)

    def compare_rights(self, place):
        """As the owner is told, and as the other is told of himself."""
        owner, box = self.oracles[place[0]], self.boxes[place]
        owner.do(f'GETACL {owner.spell(place)}')
        words = owner.answers('ACL')[0]
        told = {(who.decode() if isinstance(who, bytes) else who): frozenset(given) & ALL_RIGHTS
                for who, given in zip(words[1::2], words[2::2])}
        if told.pop(place[0], None) != ALL_RIGHTS or told != box.acl:
            owner.wrong(f'GETACL {place} says {words}, it is {box.acl}')
        other = self.oracles[w.OTHER if place[0] == w.USER else w.USER]
        rights = self.rights(other.user, place)
        answer = other.do(f'MYRIGHTS {other.spell(place)}', None)
        if self.is_allowed(other, answer, bool(rights & set('lrikxa'))):
            words = other.answers('MYRIGHTS')[0]
            if frozenset(words[1]) & ALL_RIGHTS != rights:
                other.wrong(f'MYRIGHTS {place} says {words}, it is {sorted(rights)}')

    # ---- METADATA, RFC 5464 ----

    def do_notes(self):
        s, place = self.any_session(), self.rng.choice(list(self.boxes))
        box, rights = self.boxes[place], self.rights(s.user, place)
        may = 'l' in rights and bool(rights & set('rswip'))
        if self.rng.random() < 0.6:
            entries = self.rng.sample(ENTRIES, self.rng.randint(1, 3))
            values = [self.rng.choice((None, b'', b'a "note"\\', f'note {self.steps}'.encode())) for _ in entries]
            text = ' '.join(f'{e} {self.written(v)}' for e, v in zip(entries, values))
            may_write = may and ('w' in rights or not any(e.startswith('/shared') for e in entries))
            if self.is_allowed(s, s.do(f'SETMETADATA {s.spell(place)} ({text})', None), may_write):
                box.notes |= {(self.whose(s, e), e): v for e, v in zip(entries, values)}
                box.notes = {k: v for k, v in box.notes.items() if v is not None}
                box.is_noted = True
        answer = s.do(f'GETMETADATA (DEPTH infinity) {s.spell(place)} (/shared /private)', None)
        if self.is_allowed(s, answer, may):
            told = {}
            for words in s.answers('METADATA'):
                told |= dict(zip(words[1][::2], words[1][1::2]))
            truth = {e: v for (whose, e), v in box.notes.items() if whose in (None, s.user)}
            if told != truth:
                s.wrong(f'GETMETADATA {place} says {told}, it is {truth}')

    @staticmethod
    def whose(s, entry):
        return None if entry.startswith('/shared') else s.user

    @staticmethod
    def written(value):
        if value is None:
            return 'NIL'
        return '"' + value.decode().replace('\\', '\\\\').replace('"', '\\"') + '"'

    # ---- QUOTA, RFC 9208 ----

    def used(self, user):
        """Of all mailboxes that he owns, by whomever it was put there."""
        rows = [m for place, box in self.boxes.items() if place[0] == user for m in box.messages.values()]
        return len(rows), sum(m.size for m in rows)

    def do_quota(self):
        s = self.any_session()
        s.do(self.rng.choice(('GETQUOTA ""', 'GETQUOTAROOT INBOX', 'GETQUOTAROOT Nowhere')))
        words = s.answers('QUOTA')[0][1]
        told = {words[n]: int(words[n + 1]) for n in range(0, len(words), 3)}
        count, size = self.used(s.user)
        if told != {'STORAGE': (size + 1023) // 1024, 'MESSAGE': count}:
            s.wrong(f'QUOTA says {told}, it is {count} messages of {size} bytes')

    def do_over_quota(self):
        """Room for one more: three do not fit, and none of them comes; nor do copies."""
        s = self.any_session()
        places = self.places(s.user, 'i')
        place = self.rng.choice(places)
        count, _ = self.used(place[0])
        self.server.set_quota(place[0], count + 1)
        rows = [self.new_message() for _ in range(3)]
        s.append(place, [row for row, _ in rows], 'NO [OVERQUOTA]')
        if s.box and not s.has_notify and len(there := [u for u in s.view.uids if u in self.boxes[s.box].messages]) > 1:
            s.do(f'UID COPY {min(there)},{max(there)} {s.spell(place)}', 'NO [OVERQUOTA]')
        answer = s.append(place, [rows[0][0]])
        self.appended(s, answer, place, [rows[0][1]])
        self.server.set_quota(place[0], w.QUOTA_MESSAGES)
