# SPDX-License-Identifier: MIT
"""Commands about names of mailboxes: part of stress.py."""
from grammar import Gone
from model import Box
import world as w

BOXES_MAX = 8  # of all accounts
NAMES = ['Work', 'Work/2026', 'Old', 'Sent', 'Archive', 'Archive/a/b', 'with blank', 'Trash', 'Entwürfe', '日本/語', 'R&D',
         'INBOX/Inner']


class Names:
    def above(self, place):
        """Levels above a name, the nearest first."""
        owner, name = place
        while '/' in name:
            name = name.rpartition('/')[0]
            yield owner, name

    def nearest(self, place):
        """The nearest mailbox above."""
        return next((p for p in self.above(place) if p in self.boxes), None)

    def inherited(self, place):
        above = self.nearest(place)
        return self.boxes[above].acl if above else {}

    def is_below(self, place, top):
        return place[0] == top[0] and place[1].startswith(top[1] + '/')

    def free(self, owner):
        return [(owner, n) for n in NAMES if (owner, n) not in self.boxes]

    # ---- LIST ----

    def listed(self, s):
        """The mailboxes that LIST shows, without names that are none."""
        s.do('LIST "" "*"')
        return {s.place(words[-1]) for words in s.answers('LIST')
                if not {'\\nonexistent', '\\noselect'} & {f.lower() for f in words[0]}}

    def do_list(self):
        """Own ones, and those of others that may be looked up; and what is subscribed, be it there or not."""
        s = self.any_session()
        told, truth = self.listed(s), set(self.places(s.user, 'l'))
        noselect = {p for p in truth if 'r' not in self.rights(s.user, p)}  # RFC 4314 6: shown, and not to be selected
        if told | noselect != truth | noselect or not told <= truth:
            s.wrong(f'LIST shows {sorted(told)}, there are {sorted(truth)}')
        if s.has_rev2 or self.rng.random() < 0.5:
            s.do('LIST (SUBSCRIBED) "" "*"')
        else:
            s.do('LSUB "" "*"')
        told = {s.place(words[-1]) for words in [*s.answers('LIST'), *s.answers('LSUB')]}
        if told != self.subscribed[s.user]:
            s.wrong(f'subscribed are {sorted(told)}, not {sorted(self.subscribed[s.user])}')

    def do_subscribe(self):
        s = self.any_session()
        place = self.rng.choice([*self.boxes, (s.user, 'Nowhere')])
        is_on = place not in self.subscribed[s.user] or self.rng.random() < 0.3
        s.do(f'{"" if is_on else "UN"}SUBSCRIBE {s.spell(place)}')
        (self.subscribed[s.user].add if is_on else self.subscribed[s.user].discard)(place)

    def learn_names(self, owner, created, acl):
        """After CREATE or RENAME: levels above may have come too; nothing else."""
        oracle = self.oracles[owner]
        listed = {p for p in self.listed(oracle) if p[0] == owner}
        known = {p for p in self.boxes if p[0] == owner}
        for place in sorted(listed - known):
            if place not in created:
                oracle.wrong(f'mailbox {place} is there')
            self.boxes[place] = Box(w.Seen(oracle, place).uid_validity, acl)
            w.check(oracle, place, self.boxes[place])
        if known - listed:
            oracle.wrong(f'mailboxes {sorted(known - listed)} are gone')

    # ---- CREATE, DELETE, RENAME ----

    def all_hear(self):
        """Before a name means something else: what NOTIFY told of it is read."""
        for s in self.sessions:
            if s.status is not None:
                self.wake(s)
                self.settle(s)
        self.actor = None

    def do_create(self):
        owner = self.rng.choice((w.USER, w.USER, w.OTHER))
        s, free = self.any_session(), self.free(owner)
        if len(self.boxes) >= BOXES_MAX or not free:
            return
        place = self.rng.choice(free)
        above, acl = self.nearest(place), self.inherited(place)
        may = s.user == owner or (above is not None and 'k' in self.rights(s.user, above))
        if self.is_allowed(s, s.do(f'CREATE {s.spell(place)}', None), may):
            self.learn_names(owner, [place, *self.above(place)], acl)
            if place not in self.boxes:
                s.wrong(f'{place} was created and is not there')

    def do_delete(self):
        places = [p for p in self.boxes if p[1] != 'INBOX']
        if not places or self.rng.random() < 0.5:
            return
        place = self.rng.choice(places)
        s = self.rng.choice([*self.oracles.values()])
        self.all_hear()
        s.select((s.user, 'INBOX'), read_only=True)
        if not self.is_allowed(s, s.do(f'DELETE {s.spell(place)}', None), 'x' in self.rights(s.user, place)):
            return
        for oracle in self.oracles.values():
            if oracle.box == place:
                oracle.select((oracle.user, 'INBOX'), read_only=True)
        box = self.boxes.pop(place)
        for s in self.sessions:
            (s.status or {}).pop(place, None)
        self.memories = [m for m in self.memories if m[0] is not box]
        self.leave_behind(lambda s: s.box == place)

    def leave_behind(self, is_meant):
        """Sessions whose mailbox was deleted, or may not be read any more, are sent away."""
        for n, s in enumerate(self.sessions):
            if s.box is None or not is_meant(s):
                continue
            try:
                while s.is_idle:
                    s.idle_read()
                s.do('NOOP', None)
                s.wrong('the mailbox is not there any more, and the session goes on')
            except Gone:
                s.close()
                self.sessions[n] = self.new_session(n)

    def do_rename(self):
        """A mailbox with all below it, and its rights. Sessions that have one selected keep it, whatever its name is now."""
        source = self.rng.choice(list(self.boxes))
        owner, name = source
        target = self.rng.choice((self.rng.random() < 0.8 and self.free(owner)) or [p for p in self.boxes if p[0] == owner])
        oracle = self.oracles[owner]
        moved = {source: target}
        if name != 'INBOX':
            moved |= {p: (owner, target[1] + p[1][len(name):]) for p in self.boxes if self.is_below(p, source)}
        may = target not in self.boxes and (name == 'INBOX' or not self.is_below(target, source)) and \
            not any(p in self.boxes and p not in moved for p in moved.values())
        acl = self.inherited(target)
        self.all_hear()
        if not self.is_allowed(oracle, oracle.do(f'RENAME {oracle.spell(source)} {oracle.spell(target)}', None), may):
            return
        if name == 'INBOX':
            self.renamed_inbox(owner, target, acl)
        else:
            self.boxes = {moved.get(p, p): box for p, box in self.boxes.items()}
            for s in [*self.sessions, *self.oracles.values()]:
                s.box = moved.get(s.box, s.box)
                s.status = s.status and {moved.get(p, p): known for p, known in s.status.items()}
            for place in moved.values():
                w.check(oracle, place, self.boxes[place])
        self.learn_names(owner, list(self.above(target)), acl)

    def renamed_inbox(self, owner, target, acl):
        inbox, seen = self.boxes[owner, 'INBOX'], w.Seen(self.oracles[owner], target)
        box = self.boxes[target] = Box(seen.uid_validity, acl)
        for message in inbox.messages.values():
            box.add(message.copy(box.uid_next))
        inbox.remove(list(inbox.messages))
        self.compare(target)
        self.compare((owner, 'INBOX'))
