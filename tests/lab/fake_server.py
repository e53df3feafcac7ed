#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A scripted mail server: SMTP, POP3 and IMAP (with IDLE) on loopback, one mailbox, with faults at known mails.

It prints "SMTP-PORT POP3-PORT IMAP-PORT" and serves until standard input closes. Faults count the mails that it
accepted, from 1: `--drop 7,9` acknowledges and forgets mails 7 and 9; `--duplicate`, `--corrupt`,
`--truncate`, `--refuse` likewise; `--delay 0.01` waits before every 250 to a mail, `--notify 0.02`
shows a mail so much later than it acknowledged it, `--stall 5:0.5` waits half a second at mail 5,
`--late 5:0.5` shows mail 5 so much later, `--hang-up 6` closes the connection instead of answering,
`--silent-after N` answers nothing any more. `--freeze 2:0.4` stands still for the last 0.4 of every 2 seconds.
"""
import argparse
import select
import socketserver
import sys
import threading
import time


def numbers(text):
    return {int(part) for part in text.split(",") if part}


def options():
    parser = argparse.ArgumentParser()
    for name in ("drop", "duplicate", "corrupt", "truncate", "refuse", "hang-up"):
        parser.add_argument("--" + name, type=numbers, default=set())
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--notify", type=float, default=0.0)
    parser.add_argument("--stall", default="")
    parser.add_argument("--late", default="")
    parser.add_argument("--freeze", default="")
    parser.add_argument("--silent-after", type=int, default=0)
    parser.add_argument("--stranger", type=numbers, default=set())
    parser.add_argument("--user", default="alice@b.example")
    parser.add_argument("--password", default="secret")
    return parser.parse_args()


class Mailbox:
    def __init__(self):
        self.lock = threading.Lock()
        self.mails = []  # [visible from, bytes, uid]: uids in the order in which mails can be seen
        self.accepted = 0
        self.uid = 0

    def add(self, visible, text):
        """The caller has the lock."""
        self.mails.append([visible, text, 0])

    def visible(self):
        with self.lock:
            seen = [mail for mail in self.mails if mail[0] <= time.monotonic()]
            for mail in sorted(seen):
                if mail[2] == 0:
                    self.uid += 1
                    mail[2] = self.uid
            return sorted(seen, key=lambda mail: mail[2])

    def remove(self, gone):
        with self.lock:
            self.mails = [mail for mail in self.mails if all(mail is not g for g in gone)]


def damaged(text):
    """The last letter of the body becomes another one."""
    at = len(text) - 3
    return text[:at] + (b"A" if text[at:at + 1] != b"A" else b"B") + text[at + 1:]


class Base(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def command(self):
        line = self.rfile.readline(4096)
        if not line:
            raise ConnectionError
        verb, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
        return verb.upper(), rest

    def handle(self):
        try:
            self.talk()
        except (ConnectionError, BrokenPipeError):
            pass


class Smtp(Base):
    def talk(self):
        if self.server.mute():
            time.sleep(3600)
        self.say("220 fake.example ESMTP")
        while True:
            verb, _ = self.command()
            if verb == "EHLO":
                self.say("250-fake.example")
                self.say("250 8BITMIME")
            elif verb in ("MAIL", "RCPT"):
                self.say("250 fine")
            elif verb == "DATA":
                self.say("354 go on")
                self.data()
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("500 what?")

    def data(self):
        lines = []
        while True:
            line = self.rfile.readline(1 << 20)
            if not line:
                raise ConnectionError
            if line == b".\r\n":
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        self.say(self.server.take(b"".join(lines)))


class Pop3(Base):
    def talk(self):
        if self.server.mute():
            time.sleep(3600)
        self.say("+OK fake")
        user, gone = "", []
        mails = []
        while True:
            verb, rest = self.command()
            if verb == "USER":
                user = rest
                self.say("+OK")
            elif verb == "PASS":
                wanted = (self.server.options.user, self.server.options.password)
                if (user, rest) != wanted:
                    self.say("-ERR [AUTH] no")
                    continue
                mails = self.server.mailbox.visible()
                self.say("+OK")
            elif verb == "STAT":
                self.say("+OK %d %d" % (len(mails), sum(len(m[1]) for m in mails)))
            elif verb == "RETR":
                self.say("+OK")
                for line in mails[int(rest) - 1][1].splitlines(True):
                    self.wfile.write((b"." if line.startswith(b".") else b"") + line)
                self.say(".")
            elif verb == "DELE":
                gone.append(mails[int(rest) - 1])
                self.say("+OK")
            elif verb == "QUIT":
                self.server.mailbox.remove(gone)
                self.say("+OK")
                return
            else:
                self.say("-ERR what?")


class Imap(Base):
    """What a reader that waits for new mail needs, and not one command more."""

    def talk(self):
        if self.server.mute():
            time.sleep(3600)
        self.say("* OK fake")
        self.mails, self.gone = [], []
        while True:
            line = self.rfile.readline(4096)
            if not line:
                raise ConnectionError
            tag, verb, rest = (line.decode().strip() + "  ").split(" ", 2)
            verb = (verb + " " + rest.split(" ")[0]).upper().strip() if verb.upper() == "UID" else verb.upper()
            if verb == "LOGIN":
                wanted = '"%s" "%s"' % (self.server.options.user, self.server.options.password)
                if rest.strip() != wanted:
                    self.say(tag + " NO [AUTHENTICATIONFAILED] no")
                    continue
            elif verb in ("SELECT", "NOOP"):
                self.look(always=True)
            elif verb == "IDLE":
                self.idle()
            elif verb == "UID FETCH":
                self.fetch(int(rest.split(" ")[1].split(":")[0]))
            elif verb == "STORE":
                self.gone = list(self.mails)
            elif verb == "EXPUNGE":
                self.server.mailbox.remove(self.gone)
                for _ in self.gone:
                    self.say("* 1 EXPUNGE")
                self.mails = [mail for mail in self.mails if all(mail is not g for g in self.gone)]
                self.gone = []
            self.say(tag + " OK done")

    def look(self, always=False):
        seen = self.server.mailbox.visible()
        if always or len(seen) != len(self.mails):
            self.say("* %d EXISTS" % len(seen))
        self.mails = seen

    def idle(self):
        self.say("+ idling")
        while not select.select([self.connection], [], [], 0.001)[0]:
            self.look()
        self.rfile.readline(4096)

    def fetch(self, first):
        for number, mail in enumerate(self.mails, 1):
            if mail[2] >= first or number == len(self.mails):
                self.say("* %d FETCH (UID %d BODY[] {%d}" % (number, mail[2], len(mail[1])))
                self.wfile.write(mail[1])
                self.say(")")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, handler, mailbox, opts):
        self.mailbox = mailbox
        self.options = opts
        super().__init__(("127.0.0.1", 0), handler)

    def mute(self):
        limit = self.options.silent_after
        return limit > 0 and self.mailbox.accepted >= limit

    def freeze(self):
        period, _, seconds = self.options.freeze.partition(":")
        if period:
            left = float(period) - time.monotonic() % float(period)
            if left < float(seconds):
                time.sleep(left)

    def take(self, text):
        opts, box = self.options, self.mailbox
        with box.lock:
            box.accepted += 1
            number = box.accepted
        if number in opts.hang_up:
            raise ConnectionError
        if number in opts.refuse:
            return "452 no room now"
        self.freeze()
        at, _, seconds = opts.stall.partition(":")
        time.sleep(opts.delay + (float(seconds) if at and number == int(at) else 0.0))
        text = b"Received: from lab\r\n\tby fake.example; now\r\n" + text
        if number in opts.corrupt:
            text = damaged(text)
        if number in opts.truncate:
            text = text[:len(text) // 2].rsplit(b"\r\n", 1)[0] + b"\r\n"
        late, _, seconds = opts.late.partition(":")
        visible = time.monotonic() + opts.notify + (float(seconds) if late and number == int(late) else 0.0)
        copies = 0 if number in opts.drop else 2 if number in opts.duplicate else 1
        with box.lock:
            for _ in range(copies):
                box.add(visible, text)
            if number in opts.stranger:
                box.add(0.0, b"Subject: hello\r\n\r\nyou do not know me\r\n")
        return "250 taken"


def main():
    opts = options()
    mailbox = Mailbox()
    servers = [Server(Smtp, mailbox, opts), Server(Pop3, mailbox, opts), Server(Imap, mailbox, opts)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(*(server.server_address[1] for server in servers), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
