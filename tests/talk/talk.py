#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs .talk transcripts against a session, in three ways: lockstep, bytes, once.

    talk.py --server TALK_SERVER [--mailvisor MAILVISOR] FOLDER|FILE...

A transcript:

    # talk/smtp/order.talk: what it shows
    > serve smtp            the first session: smtp, submission, lmtp or pop3; "+tls" for implicit TLS
    > domain a.example      the world, see talk_setup.h
    > ways lockstep         (optional) only these ways: a client that must wait cannot be one write
    S: 220 *                the server says; "*" stands for any text
    C: EHLO c.example       the client says, with CRLF; "{plain:USER:PASSWORD}" and "{b64:TEXT}" are base64
    C> BDAT 3\\r\\nabc        the same without CRLF; \\r \\n \\0 \\t \\s \\\\ are escapes (in both)
    C*100: NOOP             a hundred times (S*100: too)
    S~ Received: *          a header field: it is unfolded first (a fold is one space)
    T: tls                  the client shakes hands (on the first "T:" the way "once" is left out)
    T: deflate              from here on both sides deflate (RFC 4978)
    T: inflate              from here on the server alone does
    C: end                  the client closes its side
    S: end                  the server closes
    --- pop3                the next session, over the same world; the one before must have ended

lockstep: the client waits for each expected line before it goes on. bytes: the same, every byte on its own.
once: all the client has to say in one write, before reading anything.
With --mailvisor, transcripts whose world the command can make also run through `mailvisor session`.
"""
import argparse
import base64
import concurrent.futures
import fnmatch
import os
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import zlib

PATIENCE_S = 20
RUNS_AT_ONCE = 4
WAYS = ("lockstep", "bytes", "once")
ESCAPES = {"s": " ", "r": "\r", "n": "\n", "t": "\t", "0": "\0", "\\": "\\"}
COMMON_SETUP = ("domain", "account", "alias", "catch-all", "set")


class Wrong(Exception):
    pass


def unescape(text):
    text = re.sub(r"\{plain:([^:}]*):([^}]*)\}",
                  lambda m: base64.b64encode(f"\0{m[1]}\0{m[2]}".encode()).decode(), text)
    text = re.sub(r"\{b64:([^}]*)\}", lambda m: base64.b64encode(unescape(m[1]).encode()).decode(), text)
    return re.sub(r"\\(.)", lambda m: ESCAPES.get(m[1], m[1]), text)


class Step:
    def __init__(self, kind, text, number):
        self.kind, self.text, self.number = kind, text, number


class Talk:
    """One transcript: its world, and for each session the steps."""

    def __init__(self, path):
        self.path, self.setup, self.ways = path, [], WAYS
        self.sessions = []
        for number, line in enumerate(path.read_text().splitlines(), 1):
            self.read_line(line, number)
        if not self.sessions:
            raise Wrong(f"{path}: no '> serve' line")

    def read_line(self, line, number):
        if not line.strip() or line.startswith("#"):
            return
        if line.startswith("> serve "):
            self.sessions.append((line[8:].strip(), []))
        elif line.startswith("> ways "):
            self.ways = line[7:].split()
        elif line.startswith("> "):
            self.setup.append(line[2:])
        elif line.startswith("--- "):
            self.sessions.append((line[4:].strip(), []))
        else:
            self.read_step(line, number)

    def read_step(self, line, number):
        found = re.match(r"([CST])(\*(\d+))?([:>~]) ?(.*)$", line)
        if not found:
            raise Wrong(f"{self.path}:{number}: neither S: nor C: '{line}'")
        who, count, mark, text = found[1], int(found[3] or 1), found[4], found[5]
        if text == "end":
            who += " end"
        elif mark == "~":
            who += " field"
        elif who == "C":
            text = unescape(text) + ("" if mark == ">" else "\r\n")
            text = text * count
            count = 1
        for _ in range(count):
            self.sessions[-1][1].append(Step(who, text, number))

    def can_be(self, way):
        has_tls = any(s.kind == "T" for _, steps in self.sessions for s in steps)
        return way in self.ways and not (way == "once" and has_tls)

    def is_common(self):
        """May `mailvisor session` make this world?"""
        if len(self.sessions) != 1 or "+" in self.sessions[0][0]:
            return False
        words = [line.split() for line in self.setup]
        return all(w[0] in COMMON_SETUP and not (w[0] == "domain" and len(w) > 2) and w[-1] != "disabled"
                   for w in words)


class Line:
    """The client's end of a session."""

    def __init__(self, sock):
        self.sock, self.bytes, self.is_over = sock, b"", False
        self.deflater, self.inflater = None, None
        sock.settimeout(PATIENCE_S)

    def send(self, data, way):
        if self.deflater:
            data = self.deflater.compress(data) + self.deflater.flush(zlib.Z_SYNC_FLUSH)
        pieces = [data[i:i + 1] for i in range(len(data))] if way == "bytes" else [data]
        try:
            for piece in pieces:
                self.sock.sendall(piece)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
            pass  # the server may have said its last word already

    def receive(self):
        """Some bytes; none at the end."""
        while True:
            more = self.sock.recv(65536)
            if not more or not self.inflater:
                return more
            more = self.inflater.decompress(more)
            if more:  # else it was the end of a flush
                return more

    def read(self):
        """The next line without CRLF, or None at the end."""
        while b"\n" not in self.bytes:
            try:
                more = self.receive()
            except (ConnectionResetError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
                more = b""
            except TimeoutError:
                raise Wrong(f"nothing came for {PATIENCE_S} s; so far '{self.bytes[-200:]!r}'") from None
            if not more:
                if self.bytes:
                    raise Wrong(f"the server closed in the middle of the line {self.bytes!r}")
                return None
            self.bytes += more
        line, self.bytes = self.bytes.split(b"\n", 1)
        if not line.endswith(b"\r"):
            raise Wrong(f"a line without CR: {line!r}")
        return line[:-1].decode("utf-8", "surrogateescape")

    def read_field(self):
        """A line and the folded ones after it."""
        field = self.read()
        while field is not None:
            more = self.read()
            if more is None or not more.startswith((" ", "\t")):
                self.put_back(more)
                break
            field += " " + more.strip()
        return field

    def put_back(self, line):
        if line is not None:
            self.bytes = line.encode("utf-8", "surrogateescape") + b"\r\n" + self.bytes

    def close_side(self):
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the server was quicker

    def start_tls(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if self.bytes:
            raise Wrong(f"the server said more before TLS: {self.bytes!r}")
        try:
            self.sock = context.wrap_socket(self.sock)
        except OSError as error:
            raise Wrong(f"TLS: {error}") from None


    def start_deflate(self, both):
        self.inflater = zlib.decompressobj(-15)
        self.deflater = zlib.compressobj(wbits=-15) if both else None
        self.bytes = self.inflater.decompress(self.bytes)


def matches(pattern, line):
    # Only "*" is special: brackets and question marks stand for themselves.
    return fnmatch.fnmatchcase(line, re.sub(r"([\[?])", r"[\1]", pattern))


def expect(line, step):
    got = line.read_field() if step.kind == "S field" else line.read()
    if step.kind == "S end":
        if got is not None:
            raise Wrong(f"the server should close, but says '{got}'")
    elif got is None:
        raise Wrong(f"expected '{step.text}', but the server closed")
    elif not matches(step.text, got):
        raise Wrong(f"expected '{step.text}'\n         got '{got}'")


def play(line, steps, way):
    if way == "once":
        said = "".join(s.text for s in steps if s.kind == "C").encode("utf-8", "surrogateescape")
        sender = threading.Thread(target=line.send, args=(said, way), daemon=True)
        sender.start()
    for step in steps:
        try:
            if step.kind == "C" and way != "once":
                line.send(step.text.encode("utf-8", "surrogateescape"), way)
            elif step.kind == "C end":
                if way == "once":
                    sender.join(PATIENCE_S)
                line.close_side()
            elif step.kind == "T" and step.text != "tls":
                line.start_deflate(step.text == "deflate")
            elif step.kind == "T":
                line.start_tls()
            elif step.kind.startswith("S"):
                expect(line, step)
        except Wrong as wrong:
            raise Wrong(f"line {step.number}: {wrong}") from None


def talk_command(talk, server, folder):
    """The sessions' ends for us, and what to start."""
    ours, theirs, words = [], [], []
    for kind, _ in talk.sessions:
        mine, other = socket.socketpair()
        ours.append(mine)
        theirs.append(other)
        words.append(f"{kind}:{other.fileno()}")
    setup = pathlib.Path(folder, "setup")
    setup.write_text("".join(line + "\n" for line in talk.setup))
    return ours, theirs, [server, str(setup), folder] + words


def run_talk_server(talk, way, server, folder):
    ours, theirs, command = talk_command(talk, server, folder)
    with open(pathlib.Path(folder, "log"), "wb") as log:
        with subprocess.Popen(command, pass_fds=[t.fileno() for t in theirs], stderr=log,
                              stdin=subprocess.DEVNULL) as process:
            for t in theirs:
                t.close()
            try:
                for (_, steps), mine in zip(talk.sessions, ours):
                    line = Line(mine)
                    play(line, steps, way)
                    line.sock.close()
                finish(process)
            finally:
                for mine in ours:
                    mine.close()
                process.kill()


def run_mailvisor(talk, way, mailvisor, folder):
    setup = pathlib.Path(folder, "setup")
    setup.write_text("".join(line + "\n" for line in ["set host=mail.test", "set limit.message_size=1M"] + talk.setup))
    mine, other = socket.socketpair()
    with open(pathlib.Path(folder, "log"), "wb") as log:
        with subprocess.Popen([mailvisor, "session", talk.sessions[0][0], "--memory", "--setup", str(setup)],
                              stdin=other, stdout=other, stderr=log) as process:
            other.close()
            line = Line(mine)
            try:
                play(line, talk.sessions[0][1], way)
                line.sock.close()
                finish(process)
            finally:
                mine.close()
                process.kill()


def finish(process):
    """The session has ended: so does the server, and without a complaint of a sanitizer."""
    try:
        status = process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        raise Wrong("the server did not end after the last session") from None
    if status != 0:
        raise Wrong(f"the server ended with status {status}")


def run_one(run, talk, way, program):
    with tempfile.TemporaryDirectory(prefix="talk-") as folder:
        try:
            run(talk, way, program, folder)
            return None
        except Wrong as wrong:
            log = pathlib.Path(folder, "log")
            tail = log.read_text(errors="replace")[-9000:] if log.exists() else ""
            return f"{talk.path} ({way}, {run.__name__}): {wrong}\n{tail}"


def find_talks(paths):
    for path in map(pathlib.Path, paths):
        yield from sorted(path.rglob("*.talk")) if path.is_dir() else [path]


def main():
    parser = argparse.ArgumentParser(description="runs .talk transcripts")
    parser.add_argument("--server", required=True)
    parser.add_argument("--mailvisor")
    parser.add_argument("paths", nargs="+")
    args = parser.parse_args()
    runs = []
    for path in find_talks(args.paths):
        talk = Talk(path)
        programs = [(run_talk_server, args.server)]
        if args.mailvisor and talk.is_common():
            programs.append((run_mailvisor, args.mailvisor))
        runs += [(run, talk, way, program) for run, program in programs for way in WAYS if talk.can_be(way)]
    good, failures = 0, []
    # Transcripts about timeouts mostly wait: some at a time.
    with concurrent.futures.ThreadPoolExecutor(max_workers=RUNS_AT_ONCE) as pool:
        for failure in pool.map(lambda run: run_one(*run), runs):
            if failure:
                failures.append(failure)
                print(f"FAIL {failure}", flush=True)
            else:
                good += 1
    print(f"{good} passed, {len(failures)} failed")
    return 1 if failures or good == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
