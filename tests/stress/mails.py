# SPDX-License-Identifier: MIT
"""Random mails whose every header value is known: what SORT, THREAD, SEARCH, ENVELOPE and BINARY must make of them."""
import base64
import datetime
import re

PEOPLE = ('zoe', 'Bob', 'anna', 'carl')
ZONES = (-420, 0, 60, 345)  # minutes
FIRST_DAY = datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)


class Mail:
    """subject, sender, to, cc, message_id, references (a list), date (UTC, None: there is none), word (of the subject)."""

    def __init__(self, rng, serial):
        self.word = f'w{rng.randrange(7)}'
        self.subject = rng.choice(('', '', '', 'Re: ', 're: Re: ', 'Fwd: ', '[list] ', 'RE: [list] ', '[fwd: ')) + self.word
        self.subject += ']' if self.subject.startswith('[fwd') else rng.choice(('', '', '', ' (fwd)'))
        self.sender, self.to, self.cc = (rng.choice(PEOPLE) for _ in range(3))
        self.display = rng.choice(('', 'Dr. No', 'alpha'))
        self.message_id = f'<{serial}@x.example>'
        near = [f'<{n}@x.example>' for n in range(max(serial - 12, 0), serial + 3)]  # some to itself, some to what comes later
        self.references = [rng.choice(near) for _ in range(rng.choice((0, 0, 1, 1, 2, 3)))]
        self.date = self.zone = None
        if rng.random() < 0.9:
            self.zone = datetime.timezone(datetime.timedelta(minutes=rng.choice(ZONES)))
            self.date = (FIRST_DAY + datetime.timedelta(minutes=rng.randrange(40) * 360)).astimezone(self.zone)
        self.is_reply_to = rng.random() < 0.3  # the last reference alone, as In-Reply-To
        lines = rng.choice((0, 1, 5, 40, 40, 400, 3000))
        self.text = ''.join(f'line {n} {serial}\r\n' for n in range(lines)).encode()
        self.is_coded = rng.random() < 0.3
        if self.is_reply_to:
            self.references = self.references[-1:]

    def __deepcopy__(self, memo):
        return self  # it never changes

    def header(self):
        sender = f'"{self.display}" <{self.sender}@x.example>' if self.display else f'{self.sender}@x.example'
        lines = [f'Subject: {self.subject}', f'From: {sender}', f'To: {self.to}@x.example', f'Cc: {self.cc}@x.example',
                 f'Message-ID: {self.message_id}']
        if self.references:
            lines.append(f'{"In-Reply-To" if self.is_reply_to else "References"}: {" ".join(self.references)}')
        if self.date:
            lines.append(f'Date: {self.date.strftime("%a, %d %b %Y %H:%M:%S %z")}')
        if self.is_coded:
            lines += ['MIME-Version: 1.0', 'Content-Type: application/octet-stream', 'Content-Transfer-Encoding: base64']
        return ('\r\n'.join(lines) + '\r\n\r\n').encode()

    def coded(self):
        return base64.encodebytes(self.text).replace(b'\n', b'\r\n') if self.is_coded else self.text

    def bytes(self):
        return self.header() + self.coded()


# ---- RFC 5256 2.1 ----

LEADER = re.compile(r'\s+|(\[[^][]*\]\s*)*(re|fwd?)\s*(\[[^][]*\]\s*)?:', re.I)
BLOB = re.compile(r'\[[^][]*\]\s*')
TRAILER = re.compile(r'(\(fwd\)|\s)$', re.I)
WRAPPED = re.compile(r'\[fwd:(.*)\]$', re.I)


def base_subject(subject):
    """The base subject, in upper case, and whether it was a reply or forward."""
    text, is_reply = subject, False
    while True:
        while hit := TRAILER.search(text):
            is_reply = is_reply or not hit.group(0).isspace()
            text = text[:hit.start()]
        while True:
            if hit := LEADER.match(text):
                is_reply = is_reply or not hit.group(0).isspace()
            elif not ((hit := BLOB.match(text)) and hit.end() < len(text)):
                break
            text = text[hit.end():]
        hit = WRAPPED.match(text)
        if not hit:
            return text.upper(), is_reply
        text, is_reply = hit.group(1), True
