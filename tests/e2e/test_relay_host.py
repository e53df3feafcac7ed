# SPDX-License-Identifier: MIT
"""Mail to other domains: through the spool to a scripted next host, tried again, and bounced."""
import email
import poplib
import re
import socket
import socketserver
import threading
import time

import pytest
import smtplib

FAST = ('relay.retry_first=1s', 'relay.retry_most=1s', 'login.plain=yes')


class NextHost(socketserver.ThreadingTCPServer):
    """Answers what `script(command)` returns, else a plain yes; keeps what it was told."""
    allow_reuse_address, daemon_threads = True, True

    def __init__(self, script=lambda command: None, features=('SIZE 1000000', '8BITMIME', 'DSN'), lmtp=False):
        self.script, self.features, self.lmtp = script, features, lmtp
        self.commands, self.mails, self.lock = [], [], threading.Lock()
        super().__init__(('127.0.0.1', 0), Conversation)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, kwargs={'poll_interval': 0.05}, daemon=True).start()

    def __exit__(self, *why):
        self.shutdown()
        super().__exit__(*why)

    def wait(self, claim, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with self.lock:
                if claim(self):
                    return
            time.sleep(0.02)
        raise AssertionError(f'never came: {self.commands} {self.mails}')


class Conversation(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b'\r\n')

    def body(self, command):
        if command.startswith('BDAT'):
            return self.rfile.read(int(command.split()[1]))
        self.say('354 go on')
        lines = []
        while (line := self.rfile.readline()) not in (b'.\r\n', b''):
            lines.append(line[1:] if line.startswith(b'.') else line)
        return b''.join(lines)

    def handle(self):
        host, taken = self.server, []
        self.say(host.script('(greeting)') or '220 next.example')
        while line := self.rfile.readline().decode(errors='replace').rstrip('\r\n'):
            with host.lock:
                host.commands.append(line)
            verb = line.split()[0].upper()
            answer = host.script(line)
            if verb == 'QUIT':
                return self.say('221 bye')
            if answer:
                self.say(answer)
            elif verb == 'STARTTLS' and hasattr(host, 'starttls'):
                host.starttls(self)
            elif verb in ('EHLO', 'LHLO'):
                words = ['next.example', *host.features]
                for i, word in enumerate(words):
                    self.say(f"250{' ' if i + 1 == len(words) else '-'}{word}")
            elif verb in ('DATA', 'BDAT'):
                body = self.body(line)
                with host.lock:
                    host.mails.append((list(taken), body))
                for rcpt in taken if host.lmtp else ['all']:
                    self.say(host.script(f'(end {rcpt})') or '250 2.0.0 taken')
                taken = []
            else:
                if verb == 'RCPT':
                    taken.append(re.search('<(.*)>', line).group(1))
                self.say('250 2.1.0 fine')


def people(server, host, *settings):
    prefix = 'lmtp:' if host.lmtp else ''
    server.start(f'relay.host={prefix}127.0.0.1:{host.port}', *FAST, *settings)
    server.cli('domain', 'add', 'a.example')
    server.cli('account', 'add', 'alice@a.example', '--password-stdin', stdin='secret\n')


def submit(server, rcpts, text='Subject: out\r\n\r\n.body\r\n', mail_options=(), rcpt_options=()):
    with smtplib.SMTP('127.0.0.1', server.ports['submission'], timeout=20) as s:
        s.ehlo()
        s.login('alice@a.example', 'secret')
        refused = s.sendmail('alice@a.example', rcpts, 'From: <alice@a.example>\r\n' + text, mail_options, rcpt_options)
        assert refused == {}


def inbox(server):
    p = poplib.POP3('127.0.0.1', server.ports['pop3'], timeout=20)
    p.user('alice@a.example')
    p.pass_('secret')
    mails = [email.message_from_bytes(b'\r\n'.join(p.retr(i + 1)[1]) + b'\r\n') for i in range(p.stat()[0])]
    p.quit()
    return mails


def wait_for_mail(server, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if mails := inbox(server):
            return mails
        time.sleep(0.05)
    raise AssertionError(f'no mail came:\n{server.stderr()}')


def relay_numbers(server):
    return server.json('status')['numbers']['relay']


@pytest.mark.no_server
def test_relayed_once_with_dsn_parameters(server):
    with NextHost() as host:
        people(server, host)
        submit(server, ['bob@far.example'], mail_options=['RET=HDRS', 'ENVID=abc+2B1'],
               rcpt_options=['NOTIFY=FAILURE,DELAY', 'ORCPT=rfc822;Bob@far.example'])
        host.wait(lambda h: h.mails)
        server.wait_for(r'ev=mail.stage .*stage=relayed')
        (rcpts, body), = host.mails
        assert rcpts == ['bob@far.example'] and body.endswith(b'\r\n\r\n.body\r\n')
        assert b'Return-Path' not in body and b'Received: from' in body
        mail = next(c for c in host.commands if c.startswith('MAIL'))
        assert re.fullmatch(r'MAIL FROM:<alice@a.example> SIZE=\d+ RET=HDRS ENVID=abc\+2B1', mail)
        assert int(re.search(r'SIZE=(\d+)', mail).group(1)) == len(body)
        assert 'RCPT TO:<bob@far.example> NOTIFY=FAILURE,DELAY ORCPT=rfc822;Bob@far.example' in host.commands
        numbers = relay_numbers(server)
        assert (numbers['relayed'], numbers['waiting'], numbers['bounced']) == (1, 0, 0)
        traced = server.cli('trace', 'bob@far.example')
        assert 'relayed to the next host' in traced and 'bob@far.example: 250 2.0.0 taken' in traced
        assert inbox(server) == []


@pytest.mark.no_server
def test_tried_again_after_4xx(server):
    tries = []

    def script(command):
        if command.startswith('RCPT'):
            tries.append(command)
            return '451 4.7.1 come back' if len(tries) < 3 else None
    with NextHost(script) as host:
        people(server, host)
        submit(server, ['bob@far.example'])
        host.wait(lambda h: h.mails)
        server.wait_for(r'ev=mail.stage .*stage=relayed')
        assert len(host.mails) == 1 and len(tries) == 3
        assert server.stderr().count('ev=deliver.deferred') == 2
        assert '451 4.7.1 come back' in server.cli('trace', 'bob@far.example')


@pytest.mark.no_server
def test_waits_over_a_restart_while_nobody_answers(server):
    with NextHost() as host:
        people(server, host)
        server.stop()
        with socket.create_server(('127.0.0.1', 0)) as closed:
            port = closed.getsockname()[1]
        server.start(f'relay.host=127.0.0.1:{port}', *FAST)
        submit(server, ['bob@far.example'])
        server.wait_for('ev=deliver.deferred')
        assert relay_numbers(server)['waiting'] + relay_numbers(server)['taken'] == 1
        server.restart(f'relay.host=127.0.0.1:{host.port}', *FAST)
        host.wait(lambda h: h.mails)
        server.wait_for(r'ev=mail.stage .*stage=relayed')
        assert len(host.mails) == 1


@pytest.mark.no_server
def test_5xx_comes_back_as_a_report(server):
    with NextHost(lambda c: '550 5.1.1 no bob here' if c.startswith('RCPT TO:<bob') else None) as host:
        people(server, host)
        submit(server, ['bob@far.example', 'carol@far.example'], mail_options=['ENVID=my-id'])
        (report,) = wait_for_mail(server)
        assert host.mails[0][0] == ['carol@far.example'] or host.mails[0][0] == ['bob@far.example', 'carol@far.example']
        assert report['Return-Path'] == '<>' and report['To'] == '<alice@a.example>'
        assert report['Auto-Submitted'] == 'auto-replied' and report['Date'] and report['Message-ID']
        assert (report.get_content_type(), report.get_param('report-type')) == ('multipart/report', 'delivery-status')
        text, status, header = report.get_payload()
        assert 'bob@far.example' in text.get_payload() and 'carol' not in text.get_payload()
        assert [part.get_content_type() for part in (text, status, header)] == \
            ['text/plain', 'message/delivery-status', 'text/rfc822-headers']
        per_mail, per_rcpt = status.get_payload()
        assert per_mail['Reporting-MTA'].startswith('dns; ') and per_mail['Original-Envelope-Id'] == 'my-id'
        assert (per_rcpt['Final-Recipient'], per_rcpt['Action'], per_rcpt['Status']) == \
            ('rfc822; bob@far.example', 'failed', '5.1.1')
        assert per_rcpt['Diagnostic-Code'] == 'smtp; 550 5.1.1 no bob here'
        assert 'Subject: out' in header.get_payload() and '.body' not in header.get_payload()
        numbers = relay_numbers(server)
        assert (numbers['relayed'], numbers['bounced'], numbers['waiting']) == (1, 1, 0)


@pytest.mark.no_server
def test_gives_up_in_the_end(server):
    with NextHost(lambda c: '451 4.2.0 never now' if c.startswith('MAIL') else None) as host:
        people(server, host, 'relay.give_up=2s')
        submit(server, ['bob@far.example'], mail_options=['RET=FULL'])
        (report,) = wait_for_mail(server)
        status, mail = report.get_payload()[1:]
        assert status.get_payload()[1]['Status'] == '5.4.7'
        assert mail.get_content_type() == 'message/rfc822' and '.body' in mail.as_string()


@pytest.mark.no_server
def test_no_report_when_none_is_wanted(server):
    with NextHost(lambda c: '550 5.1.1 no' if c.startswith('RCPT') else None) as host:
        people(server, host)
        submit(server, ['bob@far.example'], rcpt_options=['NOTIFY=NEVER'])
        server.wait_for(r'ev=mail.stage .*stage=bounced')
        for _ in range(50):
            if relay_numbers(server)['taken'] == 0:
                break
            time.sleep(0.05)
        assert inbox(server) == [] and relay_numbers(server)['waiting'] == 0


@pytest.mark.no_server
def test_success_report_where_the_next_host_sends_none(server):
    with NextHost(features=('8BITMIME',)) as host:
        people(server, host)
        submit(server, ['bob@far.example'], rcpt_options=['NOTIFY=SUCCESS'])
        (report,) = wait_for_mail(server)
        rcpt = report.get_payload()[1].get_payload()[1]
        assert (rcpt['Action'], rcpt['Status']) == ('relayed', '2.0.0')


@pytest.mark.no_server
@pytest.mark.parametrize('features, comes_back', [(('8BITMIME',), False), ((), True)])
def test_eight_bits_are_never_mangled(server, features, comes_back):
    with NextHost(features=features) as host:
        people(server, host)
        submit(server, ['bob@far.example'])
        host.wait(lambda h: len(h.mails) == 1)  # seven bits pass every host
        with smtplib.SMTP('127.0.0.1', server.ports['submission'], timeout=20) as s:
            s.ehlo()
            s.login('alice@a.example', 'secret')
            s.sendmail('alice@a.example', ['bob@far.example'],
                       'From: <alice@a.example>\r\n\r\ngr\u00fc\u00dfe\r\n'.encode(), ['BODY=8BITMIME'])
        if comes_back:
            (report,) = wait_for_mail(server)
            assert report.get_payload()[1].get_payload()[1]['Status'] == '5.6.3'
            assert len(host.mails) == 1
        else:
            host.wait(lambda h: len(h.mails) == 2)
            assert any('BODY=8BITMIME' in c for c in host.commands)
            assert host.mails[1][1].endswith('gr\u00fc\u00dfe\r\n'.encode())


@pytest.mark.no_server
def test_lmtp_answers_for_each_recipient(server):
    with NextHost(lambda c: '552 5.2.2 full' if c == '(end bob@far.example)' else None, lmtp=True) as host:
        people(server, host)
        submit(server, ['bob@far.example', 'carol@far.example'])
        (report,) = wait_for_mail(server)
        assert report.get_payload()[1].get_payload()[1]['Status'] == '5.2.2'
        assert host.commands[0].startswith('LHLO ')
        assert relay_numbers(server)['relayed'] == 1 and len(host.mails) == 1


@pytest.mark.no_server
def test_too_big_for_the_next_host(server):
    with NextHost(features=('SIZE 1000',)) as host:
        people(server, host)
        submit(server, ['bob@far.example'], text='Subject: out\r\n\r\n' + 'x' * 70 + '\r\n' * 2000)
        (report,) = wait_for_mail(server)
        assert report.get_payload()[1].get_payload()[1]['Status'] == '5.3.4' and host.mails == []


@pytest.mark.no_server
def test_a_stop_does_not_wait_for_a_silent_host(server):
    stall = threading.Event()
    with NextHost(lambda c: stall.wait(60) and None if c.startswith('MAIL') else None) as host:
        people(server, host)
        submit(server, ['bob@far.example'])
        host.wait(lambda h: any(c.startswith('MAIL') for c in h.commands))
        begin = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begin < 20
        stall.set()


def test_without_relay_host_such_mail_is_refused(server):
    server.cli('domain', 'add', 'a.example')
    server.cli('account', 'add', 'alice@a.example', '--password-stdin', stdin='secret\n')
    with smtplib.SMTP('127.0.0.1', server.ports['submission'], timeout=20) as s:
        s.ehlo()
        s.login('alice@a.example', 'secret')
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            s.sendmail('alice@a.example', ['bob@far.example'], 'Subject: x\r\n\r\n')
