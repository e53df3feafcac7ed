# SPDX-License-Identifier: MIT
"""What well-known clients say, as their authors wrote it, over a mailbox of hostile messages: every answer is read by the grammar.

The sequences are written from what these programs send; the messages from what breaks parsers: MIME that is cut, nested, wrong.
"""
import socket

import pytest
from imap_grammar import Answer, Wrong, read_whole

PASSWORD = 'correct horse battery'
USER = 'alice@a.example'
PATIENCE_S = 30


def nested(levels):
    """Multiparts inside each other."""
    head = b''.join(b'Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n' % (n, n) for n in range(levels))
    return b'Subject: deep\r\nMIME-Version: 1.0\r\n' + head + b'\r\ninnermost\r\n' + b''.join(
        b'--b%d--\r\n' % n for n in reversed(range(levels)))


def forwarded(levels):
    return b''.join(b'Subject: level %d\r\nContent-Type: message/rfc822\r\n\r\n' % n
                    for n in range(levels)) + b'Subject: last\r\n\r\nx\r\n'


MIME = b'MIME-Version: 1.0\r\n'
MESSAGES = [
    b'Subject: plain\r\nFrom: Zoe <zoe@x.example>\r\nTo: alice@a.example\r\nMessage-ID: <1@x>\r\n'
    b'Date: Mon, 23 Nov 2026 10:00:00 +0100\r\n\r\nHello.\r\n',
    b'\r\nno header\r\n',
    b'no colon here\r\nSubject: x\r\n\r\n',
    b'Subject:',
    b'Subject: 8bit \xfc\xff\r\nFrom: "\xe4" <a\xf6@x>, "quo\\"te\\\\" <b@x>\r\nTo: undisclosed-recipients:;\r\n\r\n\xfc\r\n',
    b'Subject: nul\0in\rthe\nmiddle\r\nFrom: a\0b <c@d>\r\n\r\nb\0dy\r\n',
    b'From: group: a@b, "x" <c@d>;, e@f\r\nReply-To: <>\r\nSender: nobody\r\n'
    b'Cc: (comment (nested)) g@h (tail)\r\nBcc: a@[1.2.3.4]\r\n\r\n',
    b'To: ' + b', '.join(b'"P%d" <p%d@example.com>' % (n, n) for n in range(500)) + b'\r\nSubject: many\r\n\r\nx\r\n',
    b'Subject: ' + b'long ' * 20000 + b'\r\n\r\nx\r\n',
    b'X: y\r\n' * 3000 + b'Subject: last of many\r\n\r\nx\r\n',
    b'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= =?utf-8?b?4pyT?= =?unknown-8bit?q?=FF?= =?utf-8?x?bad?= =?utf-8?b?***?=\r\n\r\nx\r\n',
    MIME + b"Content-Type: text/plain; name*0*=utf-8'en'%C3%A4; name*1*=%zz; name*3=gap; charset*=us-ascii''x\r\n\r\nx\r\n",
    MIME + b'Content-Type: text/plain; charset="a\\"b\\\\c; x=; ="y"; z\r\n'
    b'Content-Disposition: attachment; filename="\xe4.txt"\r\n\r\nx\r\n',
    MIME + b'Content-Type: multipart/mixed\r\n\r\nno boundary\r\n',
    MIME + b'Content-Type: multipart/mixed; boundary=""\r\n\r\n--\r\n\r\nx\r\n----\r\n',
    MIME + b'Content-Type: multipart/alternative; boundary=b\r\n\r\n'
    b'preamble\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: text/html\r\n\r\n<b>two\r\n',
    MIME + b'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b--\r\n',
    MIME + b'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n--b\r\n--b--\r\n',
    MIME + b'Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: inside\r\n\r\nx\r\n--b--\r\n',
    MIME + b'Content-Type: message/rfc822\r\n\r\n',
    MIME + b'Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogeAoKeA==\r\n',
    MIME + b'Content-Type: message/partial; id=x; number=1\r\n\r\nSubject: x\r\n\r\nx\r\n',
    MIME + b'Content-Type: message/external-body; access-type=anon-ftp\r\n\r\nContent-Type: text/plain\r\n\r\n',
    MIME + b'Content-Type: NIL/NIL; NIL=NIL\r\nContent-ID: NIL\r\nContent-Description: NIL\r\nContent-Language: NIL\r\n\r\nx\r\n',
    MIME + b'Content-Type: text\r\nContent-Transfer-Encoding: \r\nContent-Language: en, de ,\r\n'
    b'Content-Location: a\r\n b\r\nContent-MD5: x\r\n\r\nx\r\n',
    MIME + b'Content-Type: /\r\nContent-Disposition: ;;;\r\n\r\nx\r\n',
    MIME + b'Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA====!!\r\nAA\r\n',
    MIME + b'Content-Type: text/plain; charset=utf-7\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=\r\n=G1=3\r\n=',
    b'Date: not a date\r\nMessage-ID: <"quoted"@x> <second@x>\r\nIn-Reply-To: (c) <a@b>\r\n'
    b'References: <a@b><c@d> junk <e\r\n\r\nx\r\n',
    b'Date: Fri, 31 Dec 9999 23:59:60 -9999\r\nSubject: Re: [list] Fwd: re[4]: (fwd) x\r\n\r\nx\r\n',
    nested(10), nested(120), forwarded(10), forwarded(80),
    b'Subject: folded\r\n\t and\r\n\r\n\r\n',
    b'A' * 70000 + b': x\r\n\r\nx\r\n',
]

ITEMS = '(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE PREVIEW EMAILID SAVEDATE MODSEQ)'


class Client:
    def __init__(self, server, is_utf8=False):
        self.sock = socket.create_connection(('127.0.0.1', server.ports['imap']), PATIENCE_S)
        self.file = self.sock.makefile('rb')
        self.tags, self.is_utf8 = 0, is_utf8
        assert Answer(read_whole(self.file)).read() == b'*'
        self.do(f'LOGIN {USER} "{PASSWORD}"')

    def end(self, tag, expect):
        told = []
        while True:
            data = read_whole(self.file)
            if Answer(data, self.is_utf8).read() == tag:
                assert data.split(b' ')[1].decode() == expect, data
                return told
            told.append(data)

    def do(self, command, expect='OK'):
        self.tags += 1
        tag = b't%d' % self.tags
        self.sock.sendall(tag + b' ' + (command if isinstance(command, bytes) else command.encode()) + b'\r\n')
        return self.end(tag, expect)

    def idle(self):
        self.sock.sendall(b'idle IDLE\r\n')
        assert Answer(read_whole(self.file)).read() == b'+'
        self.sock.sendall(b'DONE\r\n')
        return self.end(b'idle', 'OK')


@pytest.fixture
def box(server):
    server.cli('domain', 'add', 'a.example')
    server.cli('account', 'add', USER, '--password-stdin', stdin=PASSWORD + '\n')
    client = Client(server)
    for name in ('Sent', 'Drafts', 'Trash', 'Archive/2026', '&ZeVnLIqe-'):
        client.do(f'CREATE {name}')
    for message in MESSAGES:
        client.do(b'APPEND INBOX (\\Seen $Forwarded) ~{%d+}\r\n' % len(message) + message)
    return server


def literal(told, item):
    """Of the one answer to a FETCH of one item: its bytes."""
    answer = Answer(told[0])
    answer.at = told[0].index(item) + len(item) + 1
    return answer.nstring(True)


@pytest.mark.parametrize('enabled', ['', 'IMAP4rev2', 'UTF8=ACCEPT CONDSTORE'])
def test_hostile_messages(box, enabled):
    client = Client(box)
    if enabled:
        client.do(f'ENABLE {enabled}')
        client.is_utf8 = True
    client.do('SELECT INBOX')
    assert len(client.do(f'FETCH 1:* {ITEMS}')) >= len(MESSAGES)
    for n, message in enumerate(MESSAGES, 1):
        whole = literal(client.do(f'FETCH {n} BODY.PEEK[]'), b'BODY[]')
        assert whole == message, n
        head = literal(client.do(f'FETCH {n} BODY.PEEK[HEADER]'), b'BODY[HEADER]')
        text = literal(client.do(f'FETCH {n} BODY.PEEK[TEXT]'), b'BODY[TEXT]')
        assert head + text == message, n
        client.do(f'FETCH {n} (BODY.PEEK[1] BODY.PEEK[1.MIME] BODY.PEEK[2] BODY.PEEK[1.1.1] BODY.PEEK[1.HEADER] BODY.PEEK[1.TEXT])')
        client.do(f'FETCH {n} (BINARY.SIZE[] BINARY.SIZE[1] BODY.PEEK[HEADER.FIELDS (DATE "FROM" subject x)])')
    for command in ('SORT (SUBJECT REVERSE FROM DISPLAYTO DATE CC SIZE) UTF-8 ALL', 'THREAD REFERENCES UTF-8 ALL',
                    'THREAD ORDEREDSUBJECT UTF-8 ALL', 'SEARCH TEXT x OR FROM a SUBJECT re', 'SEARCH SENTSINCE 1-Jan-1970 BODY "b"',
                    'SEARCH HEADER "message-id" ""', 'UID SEARCH RETURN (MIN MAX COUNT ALL) LARGER 10'):
        client.do(command)


def test_refusals_are_of_the_grammar_too(box):
    client = Client(box)
    for command in ('LIST "" * x', 'CREATE a (x)', 'SELECT INBOX (x)', 'SELECT INBOX (QRESYNC x)', 'FETCH 1 BODY[x]',
                    'SEARCH MODSEQ "x" all 1',
                    'STORE 1 x', 'FETCH 1 (x)', 'SEARCH x', 'SORT x', 'THREAD x', 'NOTIFY x', 'STATUS INBOX (x)', 'GETMETADATA x',
                    'SETACL x', 'ESEARCH IN x', 'IDLE x', 'ID x', 'APPEND x', 'REPLACE x', 'COPY x', 'ENABLE "', 'UID x', 'X'):
        client.do('SELECT INBOX')
        client.do(command, 'BAD')
        if client.tags > 30:  # twenty errors end a session
            client = Client(box)


def test_thunderbird(box):
    client = Client(box)
    client.do('CAPABILITY')
    client.do('ID ("name" "Thunderbird" "version" "128.0")')
    client.do('NAMESPACE')
    client.do('ENABLE CONDSTORE')
    client.do('LIST (SUBSCRIBED) "" "*" RETURN (SPECIAL-USE)')
    client.do('LIST "" "%/%" RETURN (SPECIAL-USE)')
    client.do('select "INBOX" (CONDSTORE)')
    client.do('getquotaroot "INBOX"')
    client.do('UID fetch 1:* (FLAGS)')
    client.do('UID fetch 1:40 (UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Subject Date Message-ID Priority '
              'X-Priority References Newsgroups In-Reply-To Content-Type Reply-To)])')
    client.do('UID fetch 1:5 (UID RFC822.SIZE BODY[])')
    client.do('UID fetch 3 (UID RFC822.SIZE BODY.PEEK[]<0.20480>)')
    client.do('UID FETCH 1 (BODYSTRUCTURE)')
    client.do('UID store 1 +Flags (\\Seen $label1 NonJunk)')
    client.idle()
    client.do('noop')
    client.do('UID fetch 1:* (FLAGS) (CHANGEDSINCE 1)')
    client.do('uid move 2 "Trash"')
    client.do('uid copy 3 "Archive/2026"')
    client.do('expunge')
    client.do('STATUS "Sent" (UIDNEXT MESSAGES UNSEEN RECENT)')
    client.do('close')
    client.do('logout')


def test_apple_mail(box):
    client = Client(box)
    client.do('ID ("name" "Mac OS X Mail" "version" "16.0" "os" "Mac OS X" "os-version" "14.0" "vendor" "Apple Inc.")')
    client.do('LIST "" ""')
    client.do('LIST "" "*"')
    client.do('LSUB "" "*"')
    client.do('ENABLE CONDSTORE QRESYNC')
    client.do('SELECT INBOX (QRESYNC (1 1 1:100))')
    client.do('UID FETCH 1:* (FLAGS UID) (CHANGEDSINCE 1 VANISHED)')
    client.do('UID FETCH 1:30 (INTERNALDATE UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (date subject from to cc message-id '
              'in-reply-to references content-type x-priority x-uniform-type-identifier x-universally-unique-identifier '
              'list-id list-unsubscribe bimi-indicator bimi-location authentication-results dkim-signature)] MODSEQ)')
    client.do('UID FETCH 1:36 (BODYSTRUCTURE BODY.PEEK[HEADER])')
    client.do('UID FETCH 16 (BODY.PEEK[1.MIME] BODY.PEEK[1]<0.1024> BODY.PEEK[2.MIME] BODY.PEEK[2])')
    client.do(b'UID SEARCH CHARSET UTF-8 OR SUBJECT {7+}\r\nGr\xc3\xbc\xc3\x9fe BODY {1+}\r\nx NOT DELETED')
    client.do(b'APPEND Drafts (\\Seen \\Draft) " 3-Nov-2026 09:00:00 +0100" {5+}\r\na: b\n')
    client.do('UID STORE 1,3:4 -FLAGS.SILENT ($NotJunk $Junk)')
    client.do('STATUS "&ZeVnLIqe-" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ)')
    client.idle()
    client.do('CLOSE')
    client.do('LOGOUT')


def test_outlook(box):
    client = Client(box)
    client.do('LIST "" "*"')
    client.do('LSUB "" "*"')
    client.do('SELECT "INBOX"')
    client.do('UID FETCH 1:* (UID FLAGS)')
    client.do('UID FETCH 1:9 (BODY.PEEK[HEADER.FIELDS (References X-Ref X-Priority X-MSMail-Priority X-MSOESRec Newsgroups)] '
              'ENVELOPE RFC822.SIZE UID FLAGS INTERNALDATE)')
    client.do('UID FETCH 5 (RFC822.PEEK UID)')
    client.do('UID FETCH 5 (RFC822.HEADER RFC822.SIZE UID FLAGS)')
    client.do('FETCH 1:2 ALL')
    client.do('FETCH 1:2 FULL')
    client.do('CREATE "Sent Items"')
    client.do('SUBSCRIBE "Sent Items"')
    message = b'Subject: sent\r\n\r\nx\r\n'
    client.sock.sendall(b'ap APPEND "Sent Items" (\\Seen) "23-Nov-2026 12:00:00 +0000" {%d}\r\n' % len(message))
    assert Answer(read_whole(client.file)).read() == b'+'
    client.sock.sendall(message + b'\r\n')
    client.end(b'ap', 'OK')
    client.do('STATUS "Sent Items" (UIDVALIDITY UIDNEXT MESSAGES)')
    client.do('UID STORE 4 +FLAGS.SILENT (\\Deleted)')
    client.do('UID SEARCH 1:* SINCE 1-Jan-2020 NOT DELETED')
    client.do('CHECK')
    client.do('EXPUNGE')
    client.do('LOGOUT')


def test_k9_roundcube_and_mutt(box):
    client = Client(box)
    client.do('SELECT "INBOX"')
    client.do('UID SEARCH 1:* NOT DELETED')
    client.do('UID FETCH 1,2,3,4,5 (UID FLAGS BODY.PEEK[]<0.32768>)')
    client.do('UID FETCH 12 (UID BODYSTRUCTURE)')
    client.do('UID FETCH 16 (UID BODY.PEEK[2]<0.32768>)')
    # Roundcube
    client.do('ID ("name" "Roundcube" "version" "1.6" "php" "8.2" "os" "Linux" "command" "/")')
    client.do('LIST (SUBSCRIBED) "" * RETURN (STATUS (MESSAGES UNSEEN) SPECIAL-USE)')
    client.do('LIST (SUBSCRIBED RECURSIVEMATCH) "" "%" RETURN (MYRIGHTS METADATA ("/private/comment" "/shared/comment"))')
    client.do('UID SORT RETURN (COUNT MIN MAX) (REVERSE DATE) US-ASCII ALL UNDELETED')
    client.do('UID SORT (SUBJECT) UTF-8 ALL')
    client.do('UID THREAD REFS US-ASCII ALL', 'BAD')
    client.do('UID THREAD REFERENCES US-ASCII ALL')
    client.do('SEARCH RETURN (ALL) UNSEEN')
    client.do('UID SEARCH RETURN () UID 1:* UNSEEN')
    client.do('GETMETADATA "INBOX" (/private/vendor/kolab/x /shared/vendor/kolab/folder-type)')
    client.do('GETMETADATA (DEPTH infinity MAXSIZE 100) "" (/private /shared)')
    client.do('MYRIGHTS "INBOX"')
    client.do('GETACL "INBOX"')
    client.do('LISTRIGHTS "INBOX" anyone')
    client.do('GETQUOTAROOT "INBOX"')
    client.do('UID FETCH 1:20 (UID RFC822.SIZE FLAGS INTERNALDATE BODYSTRUCTURE BODY.PEEK[HEADER.FIELDS (DATE FROM TO SUBJECT '
              'CONTENT-TYPE CC REPLY-TO LIST-POST DISPOSITION-NOTIFICATION-TO X-PRIORITY)])')
    # mutt
    client.do('STATUS "Trash" (UIDNEXT UIDVALIDITY UNSEEN RECENT MESSAGES)')
    client.do('FETCH 1:20 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (DATE FROM SENDER SUBJECT TO CC MESSAGE-ID '
              'REFERENCES CONTENT-TYPE CONTENT-DESCRIPTION IN-REPLY-TO REPLY-TO LINES LIST-POST X-LABEL)])')
    client.do('UID STORE 1:3,5 -FLAGS.SILENT (\\Answered)')
    client.do('UID COPY 1:3 "Archive/2026"')
    client.do('LOGOUT')


def test_the_grammar_says_no():
    """It is worth something only when it refuses what is wrong."""
    for bad in (b'* 1 FETCH (FLAGS (\\Seen) FLAGS ())\r\n', b'* 1 FETCH (UID 0)\r\n', b'* 1 FETCH ()\r\n',
        b'* LIST () "/" \xe4\r\n',
                b'* 1 FETCH (ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL))\r\n', b'* SEARCH 1 2 \r\n', b'* 1 EXISTS \r\n',
                b'* 1 FETCH (BODY ("text" "plain" NIL NIL NIL "7bit" 3))\r\n'
                b'', b'* 1 FETCH (INTERNALDATE "1-Nov-2026 00:00:00 +0000")\r\n',
                b'* 1 FETCH (BODY[] {4}\r\nabc)\r\n', b't OK\r\n', b'* STATUS x (MESSAGES)\r\n', b'* 1 FETCH (BODY[1.] "")\r\n',
                b'* 1 FETCH (BODY (("text" "plain" NIL NIL NIL "7bit" 3 1) "mixed" NIL))\r\n', b'* BOGUS\r\n',
                    b'* ESEARCH (TAG "a") ALL\r\n'):
        with pytest.raises(Wrong):
            Answer(bad).read()
