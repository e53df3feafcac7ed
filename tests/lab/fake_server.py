#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A scripted mail server: SMTP and POP3 on loopback, one mailbox, with faults at known mails.

It prints "SMTP-PORT POP3-PORT" and serves until standard input closes. Faults count the mails that it
accepted, from 1: `--drop 7,9` acknowledges and forgets mails 7 and 9; `--duplicate`, `--corrupt`,
`--truncate`, `--refuse` likewise; `--delay 0.01` waits before every 250 to a mail, `--notify 0.02`
shows a mail so much later than it acknowledged it, `--stall 5:0.5` waits half a second at mail 5,
`--late 5:0.5` shows mail 5 so much later, `--hang-up 6` closes the connection instead of answering,
`--silent-after N` answers nothing any more.
"""
import argparse
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
    parser.add_argument("--silent-after", type=int, default=0)
    parser.add_argument("--stranger", type=numbers, default=set())
    parser.add_argument("--user", default="alice@b.example")
    parser.add_argument("--password", default="secret")
    return parser.parse_args()


class Mailbox:
    def __init__(self):
        self.lock = threading.Lock()
        self.mails = []  # (visible from, bytes)
        self.accepted = 0

    def visible(self):
        with self.lock:
            return [mail for mail in self.mails if mail[0] <= time.monotonic()]

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

    def take(self, text):
        opts, box = self.options, self.mailbox
        with box.lock:
            box.accepted += 1
            number = box.accepted
        if number in opts.hang_up:
            raise ConnectionError
        if number in opts.refuse:
            return "452 no room now"
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
                box.mails.append((visible, text + b""))
            if number in opts.stranger:
                box.mails.append((0.0, b"Subject: hello\r\n\r\nyou do not know me\r\n"))
        return "250 taken"


def main():
    opts = options()
    mailbox = Mailbox()
    servers = [Server(Smtp, mailbox, opts), Server(Pop3, mailbox, opts)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(*(server.server_address[1] for server in servers), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
