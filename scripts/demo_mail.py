#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Part of the demo: sends mails of 1, 3, 5 and 10 KB to both alices and reads them again, with Python's own clients.

    demo_mail.py STATUS-JSON     what `mailvisor status --json` prints
"""
import json
import poplib
import smtplib
import sys
import time

PASSWORD = 'for-the-demo'
SIZES = [1, 3, 5, 10]


def letter(user, kilobytes):
    head = f'From: <bob@elsewhere.example>\r\nTo: <{user}>\r\nSubject: {kilobytes} KB for {user}\r\n\r\n'
    body = ('0123456789 ' * 6 + '\r\n') * (kilobytes * 1024 // 68)
    return head + body


def main():
    status = json.loads(sys.argv[1])
    ports = {one['name']: int(one['address'].rpartition(':')[2]) for one in status['listeners'] if one['address'][0].isdigit()}
    users = ['alice@a.example', 'alice@b.example']
    with smtplib.SMTP('127.0.0.1', ports['smtp']) as smtp:
        for user in users:
            for kilobytes in SIZES:
                begin = time.monotonic()
                smtp.sendmail('bob@elsewhere.example', [user], letter(user, kilobytes))
                print(f'sent {kilobytes:2} KB to {user}: accepted, on disk and in the mailbox after '
                      f'{(time.monotonic() - begin) * 1e3:.1f} ms')
    for user in users:
        pop3 = poplib.POP3('127.0.0.1', ports['pop3'])
        pop3.user(user)
        pop3.pass_(PASSWORD)
        count, octets = pop3.stat()
        lines = [line.decode() for n in range(1, count + 1) for line in pop3.retr(n)[1] if line.startswith(b'Subject: ')]
        pop3.quit()
        print(f'{user} has {count} mails, {octets} octets: {", ".join(line[9:] for line in lines)}')
        if count != len(SIZES) or any(user not in line for line in lines):
            sys.exit(f'demo: {user} has not what was sent')


if __name__ == '__main__':
    main()
