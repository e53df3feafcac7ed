# SPDX-License-Identifier: MIT
"""The grammar of IMAP as the stress programs need it: answers, sets, flags, names of mailboxes."""
import base64
import re


class Disagreement(AssertionError):
    """The server and the model do not agree."""


class Gone(Exception):
    """The connection ended."""


ATOM = re.compile(rb'[^ ()\[\]"{~]*(\[[^\]]*\])?[^ ()"{]*')


def tokens(text):
    """The words (str) and strings (bytes) of an answer, parentheses as nested lists."""
    stack, at = [[]], 0
    while at < len(text):
        c = text[at:at + 1]
        if c == b' ':
            at += 1
        elif c == b'(':
            stack.append([])
            at += 1
        elif c == b')':
            done = stack.pop()
            stack[-1].append(done)
            at += 1
        elif c == b'"':
            out = bytearray()
            at += 1
            while text[at:at + 1] != b'"':
                at += text[at:at + 1] == b'\\'
                out += text[at:at + 1]
                at += 1
            stack[-1].append(bytes(out))
            at += 1
        elif c == b'{' or text[at:at + 2] == b'~{':
            end = text.index(b'}\r\n', at)
            count = int(text[at:end].lstrip(b'~{'))
            stack[-1].append(text[end + 3:end + 3 + count])
            at = end + 3 + count
        else:
            hit = ATOM.match(text, at)
            stack[-1].append(hit.group(0).decode())
            at = hit.end()
            if not hit.group(0):
                raise Disagreement(f'not the grammar of an answer at {at}: {text!r}')
    if len(stack) != 1:
        raise Disagreement(f'parentheses do not match: {text!r}')
    return stack[0]


def numbers(text):
    """Of a set: "1:3,7" -> [1, 2, 3, 7]; also "3:1", which is the same as "1:3"."""
    found = []
    for part in str(text).split(','):
        first, _, last = part.partition(':')
        first, last = int(first), int(last or first)
        found += range(min(first, last), max(first, last) + 1)
    return found


def as_set(uids):
    """The shortest spelling of some numbers."""
    parts, uids = [], sorted(set(uids))
    for n in uids:
        if parts and parts[-1][1] == n - 1:
            parts[-1][1] = n
        else:
            parts.append([n, n])
    return ','.join(str(a) if a == b else f'{a}:{b}' for a, b in parts)


def flag_set(items):
    return frozenset(f if f.startswith('$') else f.lower() for f in items) - {'\\recent'}


def pairs(words):
    """A list of names and values as a dictionary."""
    return {str(k).upper(): v for k, v in zip(words[::2], words[1::2])}


# ---- Names of mailboxes ----

def utf7(name):
    """Modified UTF-7, RFC 3501 5.1.3."""
    def shifted(hit):
        coded = base64.b64encode(hit.group(0).encode('utf-16-be')).decode().rstrip('=')
        return '&' + coded.replace('/', ',') + '-'
    return re.sub('[^\x20-\x7e]+', shifted, name.replace('&', '&-'))


def from_utf7(name):
    def plain(hit):
        coded = hit.group(1).replace(',', '/')
        return base64.b64decode(coded + '=' * (-len(coded) % 4)).decode('utf-16-be') if coded else '&'
    return re.sub('&([^-]*)-', plain, name)


def quoted(name, is_utf8):
    """As a command has it."""
    name = name if is_utf8 else utf7(name)
    return name if re.fullmatch(r'[\w/.&,+-]+', name, re.ASCII) else '"' + name.replace('\\', '\\\\').replace('"', '\\"') + '"'


def name_of(word, is_utf8):
    """As an answer has it."""
    text = word.decode() if isinstance(word, bytes) else word
    return text if is_utf8 else from_utf7(text)
