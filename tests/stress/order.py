# SPDX-License-Identifier: MIT
"""What SORT and THREAD must answer, computed from the model alone: RFC 5256 and RFC 5957, word by word and slowly."""
from mails import base_subject


def sent(m):
    """RFC 5256 2.2: the time of the Date field, else the internal one."""
    return m.mail.date.timestamp() if m.mail.date else m.internal


def is_vague(messages, keys=('DATE',)):
    """Mails that were delivered in one second: only the server knows which came first."""
    times = [m.internal for m in messages if 'ARRIVAL' in keys or ('DATE' in keys and m.mail.date is None)]
    late = {m.internal for m in messages if m.body is None}
    return any(times.count(t) > 1 for t in late)


# ---- SORT ----

VALUES = {
    'ARRIVAL': lambda m: m.internal,
    'DATE': sent,
    'SIZE': lambda m: m.size,
    'SUBJECT': lambda m: base_subject(m.mail.subject)[0],
    'FROM': lambda m: m.mail.sender.upper(),
    'TO': lambda m: m.mail.to.upper(),
    'CC': lambda m: m.mail.cc.upper(),
    'DISPLAYFROM': lambda m: (m.mail.display or f'{m.mail.sender}@x.example').upper(),
    'DISPLAYTO': lambda m: f'{m.mail.to}@x.example'.upper(),
}


def random_order(rng):
    """Pairs of a key and whether it is reversed."""
    return [(key, rng.random() < 0.4) for key in rng.sample(list(VALUES), rng.randint(1, 3))]


def spelled(order):
    return ' '.join(f'REVERSE {key}' if is_reversed else key for key, is_reversed in order)


def sort(messages, order):
    """In the mailbox's order where all keys are equal."""
    rows = list(messages)
    for key, is_reversed in reversed(order):
        rows.sort(key=VALUES[key], reverse=is_reversed)  # both keep the order of equals
    return rows


# ---- THREAD=ORDEREDSUBJECT ----

def by_subject(messages):
    """Trees, each (uid, its children): the first of a subject, and all others right below it."""
    threads = {}
    for m in sorted(messages, key=sent):
        threads.setdefault(base_subject(m.mail.subject)[0], []).append(m)
    return [(rows[0].uid, [(m.uid, []) for m in rows[1:]]) for rows in sorted(threads.values(), key=lambda rows: sent(rows[0]))]


# ---- THREAD=REFERENCES ----

class Node:
    def __init__(self, message=None, at=0):
        self.message, self.at, self.parent, self.children = message, at, None, []

    def is_below(self, other):
        node = self
        while node is not None and node is not other:
            node = node.parent
        return node is other

    def move(self, parent):
        if self.parent is not None:
            self.parent.children.remove(self)
        self.parent = parent
        if parent is not None:
            parent.children.append(self)

    def when(self):
        """Of a dummy: of its first child."""
        if self.message is not None:
            return sent(self.message), self.at
        return min(child.when() for child in self.children)

    def tree(self):
        children = [c.tree() for c in sorted(self.children, key=Node.when)]
        return (self.message.uid if self.message else None), children

    def subject(self):
        first = self.message or min(self.children, key=Node.when).message
        return base_subject(first.mail.subject)


def linked(messages):
    """Step 1: every node there is."""
    nodes, lonely = {}, []
    for at, m in enumerate(messages):
        own = nodes.setdefault(m.mail.message_id, Node())
        if own.message is not None:  # the same Message-ID again: as if it had another
            own = Node()
            lonely.append(own)
        own.message, own.at = m, at
        before = None
        for reference in m.mail.references:
            node = nodes.setdefault(reference, Node())
            if before is not None and node.parent is None and not before.is_below(node):
                node.move(before)
            before = node
        own.move(None)  # also when the right link would be a loop
        if before is not None and not before.is_below(own):
            own.move(before)
    return [*nodes.values(), *lonely]


def pruned(node):
    """Step 3: what stands in a node's place. A dummy gives way to its children; at the root only to one."""
    children = [c for child in node.children for c in pruned(child)]
    if node.message is None and (node.parent is not None or len(children) < 2):
        for child in children:
            child.parent = node.parent
        return children
    node.children = children
    for child in children:
        child.parent = node
    return [node]


def gathered(roots):
    """Step 5: those with one subject together."""
    table = {}
    for node in roots:
        subject, is_reply = node.subject()
        there = table.get(subject)
        if subject and (there is None or (there.message is not None and (
                node.message is None or (there.subject()[1] and not is_reply)))):
            table[subject] = node
    kept = list(roots)
    for node in roots:
        subject, is_reply = node.subject()
        there = table.get(subject)
        if not subject or there is node:
            continue
        if there.message is None and node.message is None:
            for child in list(node.children):
                child.move(there)
        elif there.message is None or (is_reply and not there.subject()[1]):
            node.move(there)
        else:
            dummy = Node()
            kept[kept.index(there)] = dummy
            there.move(dummy)
            node.move(dummy)
            table[subject] = dummy
        kept.remove(node)
    return kept


def by_references(messages):
    roots = [node for node in linked(messages) if node.parent is None]  # before pruning makes roots of others
    roots = gathered(sorted([n for node in roots for n in pruned(node)], key=Node.when))
    return [node.tree() for node in sorted(roots, key=Node.when)]


# ---- What the server said ----

def read_thread(words):
    """One parenthesised thread of an answer as a tree."""
    if not isinstance(words[0], str):
        return None, [read_thread(branch) for branch in words]
    if len(words) == 1:
        return int(words[0]), []
    if isinstance(words[1], str):
        return int(words[0]), [read_thread(words[1:])]
    return int(words[0]), [read_thread(branch) for branch in words[1:]]
