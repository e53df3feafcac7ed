# SPDX-License-Identifier: MIT
"""Sends one mail with smtplib and reads it with poplib, or only one of both, or lists the marks in the mailbox:

    mail_client.py send|post|read|list HOST SMTP_PORT POP3_PORT MARK
"""
import poplib
import smtplib
import sys
from email.message import EmailMessage

ALICE, BOB = ("alice@a.example", "secret-of-alice"), ("bob@b.example", "secret-of-bob")


def send(host, port, mark):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = ALICE[0], BOB[0], mark
    mail["Date"], mail["Message-ID"] = "Mon, 23 Nov 2026 06:00:00 +0000", f"<{mark}@a.example>"
    mail.set_content(f"The mark is {mark}.\n.\n..\nA line that began with two dots stands above.\n")
    with smtplib.SMTP(host, port, timeout=30) as smtp:
        refused = smtp.send_message(mail)
    assert refused == {}, refused


def read(host, port, mark):
    pop = poplib.POP3(host, port, timeout=30)
    assert pop.getwelcome().startswith(b"+OK"), pop.getwelcome()
    pop.user(BOB[0])
    pop.pass_(BOB[1])
    count, size = pop.stat()
    assert count == 1, f"{count} mails of {size} bytes, not 1"
    lines = pop.retr(1)[1]
    assert f"Subject: {mark}".encode() in lines, lines
    assert f"The mark is {mark}.".encode() in lines and lines.count(b"..") == 1 and lines.count(b".") == 1, lines
    pop.quit()


def marks(host, port):
    """What is in the mailbox, in order, each mail whole."""
    pop = poplib.POP3(host, port, timeout=30)
    pop.user(BOB[0])
    pop.pass_(BOB[1])
    found = []
    for number in range(1, pop.stat()[0] + 1):
        lines = pop.retr(number)[1]
        [subject] = [line for line in lines if line.startswith(b"Subject: ")]
        found.append(subject.removeprefix(b"Subject: ").decode())
        assert f"The mark is {found[-1]}.".encode() in lines, lines
    pop.quit()
    return found


def main():
    what, host, smtp_port, pop3_port, mark = sys.argv[1:]
    if what in ("send", "post"):
        send(host, int(smtp_port), mark)
    if what == "list":
        print(" ".join(marks(host, int(pop3_port))))
    if what in ("list", "post"):
        return
    read(host, int(pop3_port), mark)
    print(f"{mark} is in the mailbox")


main()
