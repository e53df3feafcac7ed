# SPDX-License-Identifier: MIT
"""What the mailboxes of all accounts must look like: the stress program changes it with every command that was answered with OK."""
import copy
import hashlib

SYSTEM = ('\\seen', '\\answered', '\\flagged', '\\deleted', '\\draft')
KEYWORDS = ('$One', '$Two', 'Three', 'four')
ALL_RIGHTS = frozenset('lrswipkxtea')
CHANGING = frozenset('swite')  # who has none of them selects read-only


def changed_flags(before, how, flags):
    return frozenset({'+': before | flags, '-': before - flags, '': flags}[how])


def allowed(rights, flags):
    """Of some flags, those that may be changed with these rights; RFC 4314 4."""
    return frozenset(f for f in flags if {'\\seen': 's', '\\deleted': 't'}.get(f, 'w') in rights)


class Message:
    """internal (time) and size are None while only the server knows them; body is None when it added fields to it."""

    def __init__(self, uid, flags, mail, body=None, internal=None):
        self.uid, self.flags, self.mail, self.body, self.internal = uid, frozenset(flags), mail, body, internal
        self.size = None if body is None else len(body)
        self.modseq = 0         # 0: changed since it was last asked for
        self.modseq_before = 0  # it must be greater than this

    def copy(self, uid, rights=ALL_RIGHTS):
        m = copy.copy(self)
        m.uid, m.flags = uid, allowed(rights, self.flags)
        return m

    def digest(self):
        return None if self.body is None else hashlib.sha256(self.body).hexdigest()


class Box:
    def __init__(self, uid_validity, acl=None):
        self.uid_validity, self.uid_next = uid_validity, 1
        self.acl = dict(acl or {})  # identifier -> rights
        self.notes = {}         # METADATA: (whose, None for all; entry) -> value
        self.messages = {}      # uid -> Message, in order
        self.highest = 0        # HIGHESTMODSEQ when it was last asked for
        self.is_changed = True  # since then
        self.is_noted = False   # METADATA moved HIGHESTMODSEQ (RFC 7162 3.2), without a sync: a kill may take that back
        self.gone = {}          # uid -> the highest modseq known before it went

    def rights(self, user):
        """Of somebody who does not own it."""
        given = self.acl.get('anyone', frozenset()) | self.acl.get(user, frozenset())
        return given - self.acl.get('-' + user, frozenset())

    def add(self, message):
        assert message.uid >= self.uid_next
        message.modseq, message.modseq_before = 0, self.highest
        self.messages[message.uid] = message
        self.uid_next = message.uid + 1
        self.is_changed = True

    def touch(self, message):
        message.modseq, message.modseq_before = 0, max(self.highest, message.modseq)
        self.is_changed = True

    def remove(self, uids):
        for uid in uids:
            self.gone[uid] = self.highest
            del self.messages[uid]
            self.is_changed = True

    def store(self, uid, how, flags, rights=ALL_RIGHTS):
        """True when it changed."""
        m = self.messages[uid]
        after = changed_flags(m.flags, how, flags)
        after = allowed(rights, after) | (m.flags - allowed(rights, m.flags))
        if after == m.flags:
            return False
        m.flags = after
        self.touch(m)
        return True

    def deleted(self):
        return [u for u, m in self.messages.items() if '\\deleted' in m.flags]

    def snapshot(self):
        """What a client could have kept when it left: for QRESYNC."""
        return self.uid_validity, self.highest, {u: m.flags for u, m in self.messages.items()}


class Key:
    """A search key: its text, and which messages it means."""

    def __init__(self, text, test):
        self.text, self.test = text, test


def random_key(rng, box, depth=2):
    uids = list(box.messages) or [1]
    kind = rng.randrange(12 if depth else 9)
    if kind == 0:
        flag = rng.choice(SYSTEM)
        return Key(flag[1:].upper(), lambda m: flag in m.flags)
    if kind == 1:
        flag = rng.choice(SYSTEM)
        return Key('UN' + flag[1:].upper(), lambda m: flag not in m.flags)
    if kind == 2:
        word = rng.choice(KEYWORDS)
        return Key(f'KEYWORD {word}', lambda m: (word if word[0] == '$' else word.lower()) in m.flags)
    if kind == 3:
        word = f'w{rng.randrange(7)}'
        return Key(f'SUBJECT {word}', lambda m: m.mail.word == word)
    if kind == 4:
        size = rng.choice([m.size for m in box.messages.values()] or [1])
        return Key(f'LARGER {size}', lambda m: m.size > size)
    if kind == 5:
        size = rng.choice([m.size for m in box.messages.values()] or [1])
        return Key(f'SMALLER {size}', lambda m: m.size < size)
    if kind == 6:
        first, last = sorted((rng.choice(uids), rng.choice(uids)))
        return Key(f'UID {last}:{first}', lambda m: first <= m.uid <= last)
    if kind == 7:
        name = rng.choice(('zoe', 'BOB', 'Anna'))
        return Key(f'FROM {name}', lambda m: m.mail.sender.lower() == name.lower())
    if kind == 8:
        return Key('ALL', lambda m: True)
    a = random_key(rng, box, depth - 1)
    if kind == 9:
        return Key(f'NOT {a.text}', lambda m: not a.test(m))
    b = random_key(rng, box, depth - 1)
    if kind == 10:
        return Key(f'OR {a.text} {b.text}', lambda m: a.test(m) or b.test(m))
    return Key(f'({a.text} {b.text})', lambda m: a.test(m) and b.test(m))
