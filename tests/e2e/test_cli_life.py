# SPDX-License-Identifier: MIT
"""The command line: domains, accounts, aliases, quotas, and what the server says about itself."""
import contextlib
import imaplib
import json
import os
import poplib
import pty
import select
import smtplib
import socket
import time

import pytest


def http(server, request):
    """One raw request over the control socket: status, body."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(20)
        s.connect(server.data + '/control.sock')
        s.sendall(request)
        answer = b''
        while piece := s.recv(65536):
            answer += piece
    head, _, body = answer.partition(b'\r\n\r\n')
    return int(head.split()[1]), body


def test_life_of_a_domain(server):
    server.cli('domain', 'add', 'A.Example')
    assert [d['name'] for d in server.json('domain', 'list')] == ['a.example']
    assert 'exists already' in server.cli('domain', 'add', 'a.example', status=1)
    server.cli('domain', 'set', 'a.example', '--catch-all', 'all@a.example', '--quota', '1G', '--message-size', '2M',
               '--accounts-max', '3', '--disable')
    shown = server.json('domain', 'show', 'a.example')
    assert (shown['catch_all'], shown['quota'], shown['message_size'], shown['accounts_max'], shown['disabled']) == \
        ('all@a.example', 1 << 30, 2 << 20, 3, True)
    assert '1G' in server.cli('domain', 'list')
    server.cli('domain', 'set', 'a.example', '--enable', '--catch-all', '')
    shown = server.json('domain', 'show', 'a.example')
    assert (shown['catch_all'], shown['quota'], shown['disabled']) == ('', 1 << 30, False)
    server.cli('account', 'add', 'alice@a.example', '--no-password')
    assert 'a.example' in server.cli('domain', 'remove', 'a.example', status=1)
    server.cli('account', 'remove', 'alice@a.example')
    server.cli('domain', 'remove', 'a.example')
    assert server.json('domain', 'list') == []
    assert 'no such domain' in server.cli('domain', 'show', 'a.example', status=1)


def test_postmaster_is_somebody(server):
    """RFC 5321 4.5.1: nobody until there is an account, and then always somebody."""
    assert 'postmaster  NOBODY' in server.cli('status')
    assert 'its first account also gets the mail for postmaster@a.example' in server.cli('domain', 'add', 'a.example')
    assert 'postmaster@' not in server.cli('domain', 'add', 'b.example', '--catch-all', 'x@a.example')
    for name in ('zoe', 'alice'):
        server.cli('account', 'add', f'{name}@a.example', '--no-password')
    assert server.json('domain', 'show', 'a.example')['postmaster'] == 'zoe@a.example'
    assert 'zoe@a.example' in server.cli('domain', 'list') and server.json('status')['postmaster'] == 'zoe@a.example'
    server.cli('domain', 'set', 'a.example', '--postmaster', 'alice@a.example')
    assert 'postmaster  alice@a.example' in server.cli('status')
    server.cli('account', 'remove', 'alice@a.example')
    assert 'postmaster  NOBODY' in server.cli('status')


@pytest.mark.parametrize('words', [('account', 'set', 'alice@a.example', '--disable'), ('domain', 'set', 'a.example', '--disable'),
                                   ('account', 'remove', 'alice@a.example')])
def test_who_is_disabled_is_not_served_on(server, words):
    """Also in sessions that run: perhaps others know the password."""
    server.cli('domain', 'add', 'a.example')
    for name in ('alice', 'bob'):
        server.cli('account', 'add', f'{name}@a.example', '--password-stdin', stdin='secret\n')
    with smtplib.SMTP('127.0.0.1', server.ports['smtp'], timeout=20) as s:
        s.sendmail('x@far.example', ['alice@a.example'], 'Subject: x\r\n\r\n')
    pop = poplib.POP3('127.0.0.1', server.ports['pop3'], timeout=20)
    pop.user('alice@a.example')
    pop.pass_('secret')
    pop.dele(1)
    smtp = smtplib.SMTP('127.0.0.1', server.ports['submission'], timeout=20)
    smtp.login('alice@a.example', 'secret')
    imap = imaplib.IMAP4('127.0.0.1', server.ports['imap'], timeout=20)
    imap.login('alice@a.example', 'secret')
    imap.select()
    server.cli('account', 'set', 'bob@a.example', '--quota', '1G')  # somebody else's change is none of theirs
    assert imap.noop()[0] == 'OK' and smtp.noop()[0] == 250 and pop.noop().startswith(b'+OK')
    server.cli(*words)
    assert smtp.docmd('NOOP')[0] == 421
    with pytest.raises(poplib.error_proto, match='SYS/PERM'):
        pop.quit()
    with pytest.raises(imaplib.IMAP4.abort, match='CONTACTADMIN'):
        imap.noop()
    assert server.json('status')['numbers']['sessions']['revoked'] == 3
    if words[1] == 'set':
        server.cli(*words[:3], '--enable')
        pop = poplib.POP3('127.0.0.1', server.ports['pop3'], timeout=20)
        pop.user('alice@a.example')
        pop.pass_('secret')
        assert pop.stat()[0] == 1  # what was marked was not removed
        pop.quit()


def test_a_name_is_taken_by_the_other_kind(server):
    server.cli('domain', 'add', 'a.example')
    server.cli('account', 'add', 'alice@a.example', '--no-password')
    server.cli('alias', 'add', 'team@a.example', 'alice@a.example')
    assert 'exists already, as an account' in server.cli('alias', 'add', 'alice@a.example', 'x@a.example', status=1)
    assert 'exists already, as an alias' in server.cli('account', 'add', 'team@a.example', '--no-password', status=1)


def test_life_of_an_account(server):
    server.cli('domain', 'add', 'a.example')
    assert "domain 'b.example' does not exist" in server.cli('account', 'add', 'x@b.example', '--no-password', status=1)
    server.cli('account', 'add', 'alice@a.example', '--password-stdin', '--quota', '5M', stdin='one two\n')
    assert 'exists already' in server.cli('account', 'add', 'alice@a.example', '--no-password', status=1)
    shown = server.json('account', 'show', 'ALICE@a.example')
    assert (shown['address'], shown['quota'], shown['may_login'], shown['disabled']) == ('alice@a.example', 5 << 20, True, False)
    assert not any('password' in key or 'argon' in str(value) for key, value in shown.items())
    identity = shown['id']
    server.cli('account', 'set', 'alice@a.example', '--disable', '--quota-messages', '10')
    shown = server.json('account', 'show', 'alice@a.example')
    assert (shown['disabled'], shown['quota_messages'], shown['id']) == (True, 10, identity)
    server.cli('account', 'set', 'alice@a.example', '--enable', '--no-password')
    assert server.json('account', 'show', 'alice@a.example')['may_login'] is False
    server.cli('account', 'remove', 'alice@a.example')
    assert 'no such account' in server.cli('account', 'remove', 'alice@a.example', status=1)


def test_life_of_an_alias(server):
    server.cli('domain', 'add', 'a.example')
    server.cli('alias', 'add', 'team@a.example', 'alice@a.example', 'bob@far.example')
    assert server.json('alias', 'show', 'team@a.example')['targets'] == ['alice@a.example', 'bob@far.example']
    server.cli('alias', 'set', 'team@a.example', 'carol@a.example')
    assert server.json('alias', 'list')[0]['targets'] == ['carol@a.example']
    server.cli('alias', 'set', 'team@a.example', '--disable')
    assert server.json('alias', 'show', 'team@a.example') == \
        {'address': 'team@a.example', 'targets': ['carol@a.example'], 'disabled': True}
    server.cli('alias', 'remove', 'team@a.example')
    assert 'no such alias' in server.cli('alias', 'show', 'team@a.example', status=1)


def test_life_of_a_quota(server):
    server.cli('domain', 'add', 'a.example')
    server.cli('account', 'add', 'alice@a.example', '--no-password')
    server.cli('quota', 'add', 'alice@a.example', '10M', '--messages', '100')
    assert 'already' in server.cli('quota', 'add', 'alice@a.example', '20M', status=1)
    server.cli('quota', 'set', 'alice@a.example', '20M')
    row = server.json('quota', 'show', 'alice@a.example')
    assert (row['quota'], row['quota_messages'], row['used'], row['messages']) == (20 << 20, 100, 0, 0)
    server.cli('quota', 'set', 'a.example', '1G')
    assert server.json('quota', 'list')[0]['quota'] == 1 << 30
    assert server.json('quota', 'list', 'a.example')[0]['name'] == 'alice@a.example'
    server.cli('quota', 'remove', 'alice@a.example')
    row = server.json('quota', 'show', 'alice@a.example')
    assert (row['quota'], row['quota_messages']) == (0, 0)
    assert 'no such account' in server.cli('quota', 'show', 'bob@a.example', status=1)


def test_lists_have_pages(server):
    for domain in ('a.example', 'b.example', 'c.example'):
        server.cli('domain', 'add', domain)
    lines = ''.join(f'u{i:03}@{d}.example secret\n' for d in 'abc' for i in range(40))
    server.cli('account', 'add', '--file', '-', stdin=lines)
    seen, after = [], ''
    while True:
        status, body = http(server, f'GET /v1/accounts?limit=7&after={after} HTTP/1.0\r\n\r\n'.encode())
        assert status == 200
        page = json.loads(body)
        assert len(page['items']) <= 7
        seen += [a['address'] for a in page['items']]
        if 'next' not in page:
            break
        after = page['next']
    assert sorted(seen) == sorted(line.split()[0] for line in lines.splitlines())
    assert len(seen) == len(set(seen)) == 120
    assert len(server.json('account', 'list', 'b.example')) == 40


def test_the_table_is_aligned(server):
    server.cli('domain', 'add', 'a.example')
    server.cli('domain', 'add', 'a-much-larger-name.example')
    lines = server.cli('domain', 'list').splitlines()
    assert lines[0].split()[0] == 'DOMAIN' and len(lines) == 3
    assert len({line.index(word) for line, word in zip(lines, ('STATE', 'on ', 'on '))}) == 1


@pytest.mark.parametrize('words, status, says', [
    (['domain'], 2, 'domain add'),
    (['domain', 'ad', 'x.example'], 2, "cannot 'ad'"),
    (['domain', 'add'], 2, 'usage:'),
    (['domain', 'add', 'x.example', '--quota', 'lots'], 2, 'size'),
    (['domain', 'add', 'x.example', '--nonsense'], 2, 'usage:'),
    (['domain', 'add', 'not a domain'], 1, 'not a domain'),
    (['account', 'add', 'no-at-sign', '--no-password'], 1, 'no-at-sign'),
    (['account', 'add', 'alice@a.example', '--password-stdin'], 1, 'no password'),
    (['account', 'add', '--file', '/nowhere/at/all'], 1, '/nowhere/at/all'),
    (['quota', 'set', 'a.example', 'x'], 2, 'size'),
    (['trace', 'never-seen@a.example'], 1, 'no trace'),
    (['statsu'], 2, "did you mean 'status'"),
])
def test_errors_say_what_and_where(server, words, status, says):
    assert says in server.cli(*words, status=status)


def test_no_server_is_told(server):
    server.stop()
    for words in (['status'], ['domain', 'list']):
        says = server.cli(*words, status=75)
        assert server.data in says and 'running' in says


def test_import_names_the_line(server):
    server.cli('domain', 'add', 'a.example')
    lines = '# people\n\na@a.example pw\nb@a.example pw 10M\nc@nowhere.example pw\nd@a.example pw\n'
    assert 'line 5' in server.cli('account', 'add', '--file', '-', stdin=lines, status=1)
    assert [a['address'] for a in server.json('account', 'list')] == ['a@a.example', 'b@a.example']
    assert ':2: a line is: address' in server.cli('account', 'add', '--file', '-', stdin='x@a.example y\nz@a.example\n',
                                                  status=1)


def test_ten_thousand_accounts(server):
    server.cli('domain', 'add', 'a.example')
    lines = ''.join(f'user{i}@a.example secret-{i} 10M\n' for i in range(10000))
    begin = time.monotonic()
    assert server.cli('account', 'add', '--file', '-', stdin=lines) == 'accounts added: 10000\n'
    print(f'10,000 accounts took {time.monotonic() - begin:.1f} s')
    assert len(server.json('account', 'list', 'a.example')) == 10000


def test_http_problems(server):
    for request, status in [
        (b'GET /v1/nothing HTTP/1.0\r\n\r\n', 404),
        (b'DELETE /v1/status HTTP/1.0\r\n\r\n', 405),
        (b'GET /v1/domains?limit=0 HTTP/1.0\r\n\r\n', 400),
        (b'POST /v1/domains HTTP/1.0\r\nContent-Length: 4\r\n\r\n{"a"', 400),
        (b'POST /v1/domains HTTP/1.0\r\nContent-Length: 2\r\n\r\n[]', 400),
        (b'POST /v1/domains HTTP/1.0\r\nContent-Length: 10\r\n\r\n{"nam":""}', 422),
        (b'POST /v1/domains HTTP/1.0\r\nContent-Length: 10\r\n\r\n{"name":7}', 422),
        (b'POST /v1/domains HTTP/1.0\r\nContent-Length: 300000\r\n\r\n' + b'x' * 300000, 413),
    ]:
        got, body = http(server, request)
        assert got == status, (request[:40], got, body)
        error = json.loads(body)['error']
        assert error['status'] == status and error['what'] and error['where']


def test_metrics_and_status(server):
    status, body = http(server, b'GET /metrics HTTP/1.0\r\n\r\n')
    assert status == 200
    assert b'\nmailvisor_sessions_accepted_total 0\n' in body
    assert b'# TYPE mailvisor_pool_workers gauge\n' in body
    told = server.json('status')
    assert {row['name'] for row in told['listeners']} == {
        'smtp', 'submission', 'submissions', 'lmtp', 'pop3', 'pop3s', 'imap', 'imaps'}
    assert told['pid'] == server.pid and told['data'] == server.data
    assert f"127.0.0.1:{server.ports['smtp']}" in server.cli('status')


def on_terminal(server, words, answers):
    """Runs a command on a terminal of its own, answers its questions; what the terminal showed, and the status."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ['MAILVISOR_DATA'] = server.data
        os.execv(server.program, [server.program, *words])
    shown = b''
    for question, answer in answers:
        while question not in shown:
            assert select.select([terminal], [], [], 20)[0], shown
            shown += os.read(terminal, 1000)
        os.write(terminal, answer + b'\n')
        shown += b'|'
    with contextlib.suppress(OSError):
        while select.select([terminal], [], [], 20)[0] and (piece := os.read(terminal, 1000)):
            shown += piece
    os.close(terminal)
    return shown.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_password_is_asked_for_twice_and_not_shown(server):
    server.cli('domain', 'add', 'a.example')
    add = ['account', 'add', 'alice@a.example']
    shown, status = on_terminal(server, add, [(b'Password for alice', b'se cret'), (b'again:', b'se cret')])
    assert status == 0 and 'added' in shown and 'cret' not in shown
    p = poplib.POP3('127.0.0.1', server.ports['pop3'], timeout=20)
    p.user('alice@a.example')
    p.pass_('se cret')
    p.quit()
    shown, status = on_terminal(server, ['account', 'set', '--password', 'alice@a.example'],
                                [(b'Password for alice', b'one'), (b'again:', b'two')])
    assert status == 1 and 'differ' in shown
    shown, status = on_terminal(server, ['account', 'remove', 'alice@a.example'], [(b'[y/N]', b'n')])
    assert status == 1 and server.json('account', 'show', 'alice@a.example')['may_login']
    shown, status = on_terminal(server, ['account', 'remove', 'alice@a.example'], [(b'[y/N]', b'y')])
    assert status == 0 and server.json('account', 'list') == []
