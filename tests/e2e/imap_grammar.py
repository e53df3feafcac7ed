# SPDX-License-Identifier: MIT
"""What an IMAP server may say, read as strictly as RFC 9051 9 writes it, with the extensions that ours has.

    data = read_whole(file)                   # one answer with its literals
    tag = Answer(data, is_utf8=False).read()  # raises Wrong where it is none

Not here: what the answers mean.
"""
import re

ATOM = re.compile(rb'[!#$&\'+,\-./0-9:;<=>?@A-Z\[^_`a-z|}~]+')
ASTRING = re.compile(rb'[!#$&\'+,\-./0-9:;<=>?@A-Z\[\]^_`a-z|}~]+')
TAG = re.compile(rb'[!#$&\',\-./0-9:;<=>?@A-Z\[\]^_`a-z|}~]+')
FLAG = re.compile(rb'\\?[!#$&\'+,\-./0-9:;<=>?@A-Z\[^_`a-z|}~]+')
SET = re.compile(rb'[1-9][0-9]*(:[1-9][0-9]*)?(,[1-9][0-9]*(:[1-9][0-9]*)?)*')
MONTH = rb'(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)'
DATE = re.compile(rb'"[ 0-3][0-9]-' + MONTH + rb'-[0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} [-+][0-9]{4}"')
TEXT = rb'HEADER\.FIELDS\.NOT|HEADER\.FIELDS|HEADER|TEXT'
SECTION = re.compile(rb'[1-9][0-9]*(?:\.[1-9][0-9]*)*(?:\.(?:' + TEXT + rb'|MIME))?(?=[ \]])|' + TEXT)
NUMBER_MAX = 2**63 - 1


class Wrong(Exception):
    pass


class Answer:
    """One answer: the text up to its last CRLF, literals included. is_utf8: UTF8=ACCEPT or IMAP4rev2 is enabled."""

    def __init__(self, data, is_utf8=False):
        self.data, self.at, self.is_utf8 = data, 0, is_utf8
        self.items = {}

    # ---- Words ----

    def wrong(self, why):
        raise Wrong(f'{why} at {self.at}: {self.data[max(0, self.at - 60):self.at]!r} >>> {self.data[self.at:self.at + 60]!r}')

    def has(self, word):
        return self.data[self.at:self.at + len(word)].upper() == word.upper()

    def may(self, word):
        if not self.has(word):
            return False
        self.at += len(word)
        return True

    def must(self, word):
        if not self.may(word):
            self.wrong(f'{word!r} is missing')

    def match(self, pattern, what):
        found = pattern.match(self.data, self.at)
        if not found or not found[0]:
            self.wrong(f'no {what}')
        self.at = found.end()
        return found[0]

    def number(self, least=0, most=NUMBER_MAX):
        digits = self.match(re.compile(rb'[0-9]+'), 'number')
        if not least <= int(digits) <= most or (len(digits) > 1 and digits[0:1] == b'0'):
            self.wrong(f'number {digits!r} is out of range')
        return int(digits)

    def quoted(self):
        self.must(b'"')
        out = b''
        while not self.may(b'"'):
            byte = self.data[self.at:self.at + 1]
            if byte == b'\\':
                self.at += 1
                byte = self.data[self.at:self.at + 1]
                if byte not in (b'"', b'\\'):
                    self.wrong('a bad escape')
            elif byte in (b'\r', b'\n', b'\0', b''):
                self.wrong('a control character in a quoted string')
            if byte >= b'\x80' and not self.is_utf8:
                self.wrong('8 bits in a quoted string')
            out += byte
            self.at += 1
        if self.is_utf8:
            out.decode()
        return out

    def literal(self, may_have_nul=False):
        if may_have_nul:
            self.may(b'~')
        self.must(b'{')
        count = self.number()
        self.must(b'}\r\n')
        out = self.data[self.at:self.at + count]
        if len(out) != count:
            self.wrong('a literal is cut')
        self.at += count
        return out

    def string(self):
        return self.quoted() if self.has(b'"') else self.literal()

    def nstring(self, may_be_8=False):
        if self.may(b'NIL'):
            return None
        return self.literal(True) if may_be_8 and self.has(b'~') else self.string()

    def astring(self):
        if self.has(b'"') or self.has(b'{'):
            return self.string()
        return self.match(ASTRING, 'astring')

    def mailbox(self):
        name = self.astring()
        if self.is_utf8:
            name.decode()
        elif any(byte >= 0x80 for byte in name):
            self.wrong('8 bits in the name of a mailbox')
        return name

    def many(self, read, least=0):
        """( read SP read … )"""
        self.must(b'(')
        found = []
        while not self.may(b')'):
            if found:
                self.must(b' ')
            found.append(read())
        if len(found) < least:
            self.wrong('the list is too short')
        return found

    def flag(self):
        return self.match(FLAG, 'flag')

    # ---- Bodies: RFC 9051 9 body, envelope ----

    def address(self):
        self.must(b'(')
        for i in range(4):
            if i:
                self.must(b' ')
            self.nstring()
        self.must(b')')

    def addresses(self):
        if self.may(b'NIL'):
            return
        self.must(b'(')
        self.address()
        while not self.may(b')'):
            self.address()

    def envelope(self):
        self.must(b'(')
        self.nstring()
        self.must(b' ')
        self.nstring()
        for _ in range(6):
            self.must(b' ')
            self.addresses()
        for _ in range(2):
            self.must(b' ')
            self.nstring()
        self.must(b')')

    def parameters(self):
        if not self.may(b'NIL'):
            found = self.many(self.string, 2)
            if len(found) % 2:
                self.wrong('a parameter without a value')

    def disposition(self):
        if self.may(b'NIL'):
            return
        self.must(b'(')
        self.string()
        self.must(b' ')
        self.parameters()
        self.must(b')')

    def language(self):
        if self.has(b'('):
            self.many(self.string, 1)
        else:
            self.nstring()

    def extension(self, first):
        """body-ext-1part, body-ext-mpart: whole, or cut behind any field."""
        for read in (first, self.disposition, self.language, self.nstring):
            if self.has(b')'):
                return
            self.must(b' ')
            read()

    def multipart(self, has_extension):
        while self.has(b'('):
            self.body(has_extension)
        self.must(b' ')
        self.string()
        if has_extension:
            self.extension(self.parameters)

    def single(self, has_extension):
        kind = self.string().upper()
        self.must(b' ')
        subtype = self.string().upper()
        self.must(b' ')
        self.parameters()
        for read in (self.nstring, self.nstring, self.string, self.number):
            self.must(b' ')
            read()
        if kind == b'MESSAGE' and subtype in (b'RFC822', b'GLOBAL'):
            self.must(b' ')
            self.envelope()
            self.must(b' ')
            self.body(has_extension)
        if kind == b'TEXT' or (kind == b'MESSAGE' and subtype in (b'RFC822', b'GLOBAL')):
            self.must(b' ')
            self.number()
        if has_extension:
            self.extension(self.nstring)

    def body(self, has_extension):
        self.must(b'(')
        (self.multipart if self.has(b'(') else self.single)(has_extension)
        self.must(b')')

    # ---- FETCH ----

    def section(self):
        self.must(b'[')
        found = b'' if self.has(b']') else self.match(SECTION, 'section')
        if b'FIELDS' in found:
            self.must(b' ')
            self.many(self.astring, 1)
        self.must(b']')
        if self.may(b'<'):
            self.number()
            self.must(b'>')

    def fetch_item(self):
        name = self.match(re.compile(rb'[A-Z0-9.]+'), 'item').upper()
        if name in self.items and not self.has(b'['):
            self.wrong(f'{name!r} stands twice')
        if name in (b'BODY', b'BINARY', b'BINARY.SIZE') and self.has(b'['):
            self.section()
            self.must(b' ')
            self.number() if name == b'BINARY.SIZE' else self.nstring(name == b'BINARY')
            return
        self.must(b' ')
        reads = {
            b'FLAGS': lambda: self.many(self.flag),
            b'UID': lambda: self.number(1, 2**32 - 1),
            b'RFC822.SIZE': self.number,
            b'INTERNALDATE': lambda: self.match(DATE, 'date-time'),
            b'SAVEDATE': lambda: self.may(b'NIL') or self.match(DATE, 'date-time'),
            b'ENVELOPE': self.envelope,
            b'BODY': lambda: self.body(False),
            b'BODYSTRUCTURE': lambda: self.body(True),
            b'MODSEQ': lambda: self.many(lambda: self.number(1), 1),
            b'EMAILID': lambda: self.many(lambda: self.match(re.compile(rb'[A-Za-z0-9_-]{1,255}'), 'id'), 1),
            b'THREADID': lambda: self.must(b'NIL'),
            b'PREVIEW': self.nstring,
            b'RFC822': self.nstring,
            b'RFC822.HEADER': self.nstring,
            b'RFC822.TEXT': self.nstring,
        }
        if name not in reads:
            self.wrong(f'{name!r} is no item')
        self.items[name] = reads[name]()

    # ---- Untagged data ----

    def text_code(self):
        """resp-text"""
        if self.may(b'['):
            name = self.match(re.compile(rb'[A-Z-]+[0-9]?'), 'code').upper()
            numbers = {b'UIDNEXT': 1, b'UIDVALIDITY': 1, b'UNSEEN': 1, b'HIGHESTMODSEQ': 1}
            if name == b'CAPABILITY':
                while self.may(b' '):
                    self.match(ATOM, 'capability')
            elif name == b'PERMANENTFLAGS':
                self.must(b' ')
                self.many(lambda: self.may(b'\\*') or self.flag())
            elif name in numbers:
                self.must(b' ')
                self.number(1)
            elif name in (b'APPENDUID', b'COPYUID'):
                self.must(b' ')
                self.number(1, 2**32 - 1)
                for _ in range(1 if name == b'APPENDUID' else 2):
                    self.must(b' ')
                    self.match(SET, 'uid-set')
            elif self.may(b' '):
                self.match(re.compile(rb'[^\]\r\n]+'), 'code text')
            self.must(b']')
            self.must(b' ')
        text = self.match(re.compile(rb'[^\r\n\0]+'), 'text')
        if not self.is_utf8 and not text.isascii():
            self.wrong('8 bits in a text')  # RFC 3501 9 text; RFC 9051 allows UTF-8

    def list_answer(self):
        self.many(self.flag)
        self.must(b' ')
        if not self.may(b'NIL'):
            self.quoted()
        self.must(b' ')
        self.mailbox()
        if self.may(b' '):
            self.many(lambda: (self.astring(), self.must(b' '), self.many(self.astring)))

    def status_item(self):
        name = self.match(re.compile(rb'[A-Z-]+'), 'status item')
        self.must(b' ')
        self.many(self.astring, 1) if name == b'MAILBOXID' else self.number()

    def numbers(self):
        while self.may(b' '):
            if self.may(b'(MODSEQ '):
                self.number(1)
                self.must(b')')
                break
            self.number(1, 2**32 - 1)

    def esearch(self):
        if self.may(b' (TAG '):
            self.string()
            while self.may(b' '):
                self.astring()
            self.must(b')')
        self.may(b' UID')
        while self.may(b' '):
            name = self.match(re.compile(rb'[A-Z]+'), 'return item')
            self.must(b' ')
            if name in (b'MIN', b'MAX', b'COUNT', b'MODSEQ'):
                self.number()
            elif name == b'ALL':
                self.match(SET, 'set')
            elif name == b'PARTIAL':
                self.match(re.compile(rb'\(-?[1-9][0-9]*:-?[1-9][0-9]* (NIL|[0-9:,]+)\)'), 'partial')
            else:
                self.match(re.compile(rb'\([0-9:, ]+\)'), 'changes')

    def thread(self):
        """RFC 5256 5: members, and then maybe two and more threads beside each other."""
        self.must(b'(')
        while not self.may(b')'):
            if self.has(b'('):
                self.thread()
            else:
                self.number(1, 2**32 - 1)
                self.may(b' ')

    def metadata(self):
        self.must(b' ')
        self.astring()
        self.must(b' ')
        if self.has(b'('):
            self.many(lambda: (self.astring(), self.must(b' '), self.nstring(True)), 1)
            return
        self.astring()
        while self.may(b' '):
            self.astring()

    def words(self):
        while self.may(b' '):
            self.many(self.nest) if self.has(b'(') else self.nest()

    def nest(self):
        if self.has(b'('):
            self.many(self.nest)
        elif not self.may(b'NIL'):
            self.astring()

    def untagged(self):
        if self.data[self.at:self.at + 1].isdigit():
            self.number()
            self.must(b' ')
            kind = self.match(re.compile(rb'EXISTS|EXPUNGE|RECENT|FETCH|UIDFETCH'), 'kind of message data')
            if kind.endswith(b'FETCH'):
                self.must(b' ')
                self.many(self.fetch_item, 1)
            return
        name = self.match(re.compile(rb'[A-Z]+'), 'name').upper()
        if name in (b'OK', b'NO', b'BAD', b'BYE'):
            self.must(b' ')
            return self.text_code()
        reads = {
            b'LIST': lambda: (self.must(b' '), self.list_answer()),
            b'LSUB': lambda: (self.must(b' '), self.list_answer()),
            b'FLAGS': lambda: (self.must(b' '), self.many(self.flag)),
            b'STATUS': lambda: (self.must(b' '), self.mailbox(), self.must(b' '), self.many(self.status_item)),
            b'SEARCH': self.numbers,
            b'SORT': self.numbers,
            b'ESEARCH': self.esearch,
            b'THREAD': lambda: self.may(b' ') and [self.thread() for _ in iter(lambda: self.has(b'('), False)],
            b'VANISHED': lambda: (self.may(b' (EARLIER)'), self.must(b' '), self.match(SET, 'uids')),
            b'METADATA': self.metadata,
        }
        others = (b'CAPABILITY', b'ENABLED', b'NAMESPACE', b'ID', b'ACL', b'LISTRIGHTS', b'MYRIGHTS', b'QUOTA', b'QUOTAROOT')
        if name not in reads and name not in others:
            self.wrong(f'{name!r} is no answer')
        reads.get(name, self.words)()

    def read(self):
        """The tag, or b'*' or b'+'."""
        if self.may(b'+ '):
            self.at = len(self.data) - 2
            tag = b'+'
        elif self.may(b'* '):
            self.untagged()
            tag = b'*'
        else:
            tag = self.match(TAG, 'tag')
            self.must(b' ')
            self.match(re.compile(rb'OK|NO|BAD'), 'condition')
            self.must(b' ')
            self.text_code()
        self.must(b'\r\n')
        if self.at != len(self.data):
            self.wrong('something follows')
        return tag


def read_whole(file):
    """One answer with its literals, as bytes."""
    data = b''
    while True:
        line = file.readline()
        if not line.endswith(b'\r\n'):
            raise Wrong(f'the server closed: {data!r}{line!r}')
        data += line
        found = re.search(rb'\{([0-9]+)\}\r\n$', line)
        if not found:
            return data
        data += file.read(int(found[1]))
