# SPDX-License-Identifier: MIT
"""TLS to the next hop, relay.tls: a next host with good and bad certificates, and Postfix where it is installed."""
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import time

import pytest

from test_relay_host import FAST, NextHost, relay_numbers, submit

NAME = 'relay.b.example'


class TlsHost(NextHost):
    """Offers STARTTLS with a certificate; what was said inside stands in `inside`."""

    def __init__(self, certificate, **more):
        super().__init__(features=('STARTTLS', '8BITMIME'), **more)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate + '.crt', certificate + '.key')
        self.names = []
        self.context.sni_callback = lambda sock, name, context: self.names.append(name)

    def starttls(self, conversation):
        conversation.say('220 go on')
        conversation.connection = self.context.wrap_socket(conversation.connection, server_side=True)
        conversation.rfile = conversation.connection.makefile('rb')
        conversation.wfile = conversation.connection.makefile('wb', 0)


def openssl(*words):
    subprocess.run(['openssl', *words], check=True, capture_output=True)


@pytest.fixture(scope='module')
def certificates(tmp_path_factory):
    """ca.crt, and certificates by their fault; each is folder/NAME.crt and .key."""
    folder = tmp_path_factory.mktemp('certificates')
    key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

    def self_signed(name, subject, *more):
        openssl('req', '-x509', *key, '-days', '9', '-subj', f'/CN={subject}', '-keyout', f'{folder}/{name}.key',
                '-out', f'{folder}/{name}.crt', *more)

    def signed(name, names, days='9', subject='x'):
        openssl('req', *key, '-subj', f'/CN={subject}', '-keyout', f'{folder}/{name}.key', '-out', f'{folder}/{name}.csr')
        (folder / f'{name}.ext').write_text(f'subjectAltName={names}\n' if names else 'basicConstraints=CA:FALSE\n')
        openssl('x509', '-req', '-in', f'{folder}/{name}.csr', '-CA', f'{folder}/ca.crt', '-CAkey', f'{folder}/ca.key',
                '-CAcreateserial', '-days', days, '-extfile', f'{folder}/{name}.ext', '-out', f'{folder}/{name}.crt')

    self_signed('ca', 'An authority')
    self_signed('self-signed', NAME, '-addext', f'subjectAltName=DNS:{NAME}')
    signed('right', f'DNS:{NAME}')
    signed('address', 'IP:127.0.0.1')
    signed('wildcard', 'DNS:*.b.example')
    signed('partial', 'DNS:re*.b.example')
    signed('deep', 'DNS:*.example')
    signed('wrong', 'DNS:other.b.example', subject=NAME)
    signed('common-name', '', subject=NAME)
    signed('expired', f'DNS:{NAME}', days='-1')
    return folder


def people(server, host, *settings):
    server.start(f'relay.host=127.0.0.1:{host.port}', *FAST, *settings)
    server.cli('domain', 'add', 'a.example')
    server.cli('account', 'add', 'alice@a.example', '--password-stdin', stdin='secret\n')


def verify(certificates, name=NAME):
    return ['relay.tls=verify', f'relay.tls_ca={certificates}/ca.crt', *([f'relay.tls_name={name}'] if name else [])]


@pytest.mark.no_server
@pytest.mark.parametrize('certificate, name', [('right', NAME), ('wildcard', NAME), ('address', '')])
def test_a_host_that_proves_its_name_gets_the_mail(server, certificates, certificate, name):
    with TlsHost(f'{certificates}/{certificate}') as host:
        people(server, host, *verify(certificates, name))
        submit(server, ['bob@far.example'])
        host.wait(lambda h: len(h.mails) == 1)
        assert host.commands[:2] == [host.commands[0], 'STARTTLS'] and host.names == [name or None]
        assert host.commands[2] == host.commands[0], 'EHLO again inside'


@pytest.mark.no_server
@pytest.mark.parametrize('certificate, why', [
    ('wrong', 'hostname mismatch'), ('common-name', 'hostname mismatch'), ('partial', 'hostname mismatch'),
    ('deep', 'hostname mismatch'), ('expired', 'certificate has expired'), ('self-signed', 'self-signed certificate')])
def test_who_does_not_prove_it_gets_nothing(server, certificates, certificate, why):
    with TlsHost(f'{certificates}/{certificate}') as host:
        people(server, host, *verify(certificates))
        submit(server, ['bob@far.example'])
        server.wait_for(f"ev=deliver.deferred .*the host's certificate is not good: {why}")
        assert host.mails == [] and not any(c.startswith('MAIL') for c in host.commands)
        assert why in server.cli('trace', 'bob@far.example')


@pytest.mark.no_server
@pytest.mark.parametrize('policy, certificate', [('may', 'self-signed'), ('encrypt', 'expired'), ('encrypt', 'wrong')])
def test_unverified_takes_any_certificate(server, certificates, policy, certificate):
    with TlsHost(f'{certificates}/{certificate}') as host:
        people(server, host, f'relay.tls={policy}')
        submit(server, ['bob@far.example'])
        host.wait(lambda h: len(h.mails) == 1)
        assert host.commands[1] == 'STARTTLS'


@pytest.mark.no_server
@pytest.mark.parametrize('policy, arrives', [('none', True), ('may', True), ('encrypt', False), ('verify', False)])
def test_without_starttls(server, certificates, policy, arrives):
    with NextHost() as host:
        people(server, host, f'relay.tls={policy}', f'relay.tls_ca={certificates}/ca.crt')
        submit(server, ['bob@far.example'])
        if arrives:
            host.wait(lambda h: len(h.mails) == 1)
        else:
            server.wait_for('ev=deliver.deferred .*the host offers no TLS, and relay.tls wants it')
            assert host.mails == []


@pytest.mark.no_server
@pytest.mark.parametrize('policy, arrives', [('may', True), ('encrypt', False)])
def test_a_broken_handshake(server, policy, arrives):
    """220, and then something that is no TLS."""
    def script(command):
        return '220 go on\r\nthis is no handshake' if command == 'STARTTLS' else None
    with NextHost(script, features=('STARTTLS', '8BITMIME')) as host:
        people(server, host, f'relay.tls={policy}')
        submit(server, ['bob@far.example'])
        if arrives:
            host.wait(lambda h: len(h.mails) == 1)
        else:
            server.wait_for('ev=deliver.deferred .*TLS handshake')
            assert host.mails == []


@pytest.mark.no_server
def test_none_does_not_ask(server, certificates):
    with TlsHost(f'{certificates}/right') as host:
        people(server, host, 'relay.tls=none')
        submit(server, ['bob@far.example'])
        host.wait(lambda h: len(h.mails) == 1)
        assert 'STARTTLS' not in host.commands and relay_numbers(server)['relayed'] == 1


@pytest.mark.no_server
@pytest.mark.parametrize('settings, why', [
    (['relay.tls=verify', 'relay.tls_ca=/nowhere.pem'], "set 'relay.tls_ca': '/nowhere.pem': No such file"),
    (['relay.tls=verify', 'relay.tls_ca=/etc/hostname'], "read the authorities '/etc/hostname'"),
    (['relay.tls=sometimes'], "set 'relay.tls': 'sometimes' is not one of: none, may, encrypt, verify"),
    (['relay.tls=may', 'relay.tls_name=b.example'], "set 'relay.tls_name': only relay.tls=verify looks at names"),
    (['relay.tls=verify', 'relay.host=lmtp:unix:x.sock'], "set 'relay.tls': there is no TLS to a Unix socket")])
def test_wrong_settings(server, settings, why):
    server.launch('relay.host=127.0.0.1:25', *settings)
    assert server.process.wait(30) == 1 and why in server.stderr(), server.stderr()


# ---- Postfix ----

def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


@pytest.fixture
def postfix(tmp_path, certificates):
    """A Postfix of its own that takes mail for far.example over TLS only, with the right certificate, and keeps it."""
    if os.geteuid() != 0 or shutil.which('postfix') is None:
        pytest.skip('needs root and an installed Postfix')
    try:
        pwd.getpwnam('postfix')
    except KeyError:
        pytest.skip('there is no user postfix')
    tmp_path.chmod(0o755)
    for parent in list(tmp_path.parents)[:2]:
        parent.chmod(0o755)
    port, config, data, queue, mail = free_port(), tmp_path / 'etc', tmp_path / 'lib', tmp_path / 'queue', tmp_path / 'mail'
    for folder in (config, data, queue, mail):
        folder.mkdir(mode=0o755)
    for folder in (data, mail):
        shutil.chown(folder, 'postfix')
    user = pwd.getpwnam('postfix')
    settings = {
        'compatibility_level': '3.6', 'queue_directory': queue, 'data_directory': data, 'myhostname': NAME,
        'maillog_file': '/dev/stdout', 'mydestination': '',
        'inet_interfaces': '127.0.0.1', 'inet_protocols': 'ipv4', 'alias_maps': '', 'alias_database': '',
        'virtual_mailbox_domains': 'far.example', 'virtual_mailbox_base': mail, 'virtual_mailbox_maps': 'static:all/',
        'virtual_uid_maps': f'static:{user.pw_uid}', 'virtual_gid_maps': f'static:{user.pw_gid}', 'virtual_minimum_uid': '1',
        'smtpd_tls_security_level': 'encrypt', 'smtpd_tls_cert_file': f'{certificates}/right.crt',
        'smtpd_tls_key_file': f'{certificates}/right.key', 'smtpd_relay_restrictions': 'reject_unauth_destination',
        'mynetworks': ''}
    (config / 'main.cf').write_text(''.join(f'{k} = {v}\n' for k, v in settings.items()))
    (config / 'master.cf').write_text(
        f'127.0.0.1:{port} inet n - n - - smtpd\ncleanup unix n - n - 0 cleanup\nqmgr unix n - n 300 1 qmgr\n'
        'rewrite unix - - n - - trivial-rewrite\nbounce unix - - n - 0 bounce\ndefer unix - - n - 0 bounce\n'
        'tlsmgr unix - - n 1000? 1 tlsmgr\nvirtual unix - n n - - virtual\nanvil unix - - n - 1 anvil\n'
        'proxymap unix - - n - - proxymap\nerror unix - - n - - error\nretry unix - - n - - error\n'
        'postlog unix-dgram n - n - 1 postlogd\n')
    log = open(tmp_path / 'postfix.log', 'wb')
    process = subprocess.Popen(['postfix', '-c', str(config), 'start-fg'], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        wait_for_port(port, process, tmp_path / 'postfix.log')
        yield port, mail
    finally:
        subprocess.run(['postfix', '-c', str(config), 'stop'], capture_output=True)
        process.terminate()
        process.wait(30)


def wait_for_port(port, process, log):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            with socket.create_connection(('127.0.0.1', port), 5) as s:
                if s.recv(3) == b'220':
                    return
        except OSError:
            pass
        if process.poll() is not None:
            pytest.skip(f'Postfix does not start here: {log.read_text()[-500:]}')
        time.sleep(0.05)
    pytest.skip(f'Postfix does not answer: {log.read_text()[-500:]}')


@pytest.mark.no_server
def test_postfix_as_next_hop(server, certificates, postfix):
    port, mail = postfix
    server.start(f'relay.host=127.0.0.1:{port}', *FAST, *verify(certificates))
    server.cli('domain', 'add', 'a.example')
    server.cli('account', 'add', 'alice@a.example', '--password-stdin', stdin='secret\n')
    submit(server, ['bob@far.example'])
    end = time.monotonic() + 30
    while not list(mail.glob('all/new/*')):
        assert time.monotonic() < end, server.stderr()
        time.sleep(0.05)
    (file,) = mail.glob('all/new/*')
    assert '\r\n'.join(file.read_text().split('\n')).endswith('\r\n\r\n.body\r\n')


@pytest.mark.no_server
def test_postfix_under_another_name(server, certificates, postfix):
    server.start(f'relay.host=127.0.0.1:{postfix[0]}', *FAST, *verify(certificates, 'mail.other.example'))
    server.cli('domain', 'add', 'a.example')
    server.cli('account', 'add', 'alice@a.example', '--password-stdin', stdin='secret\n')
    submit(server, ['bob@far.example'])
    server.wait_for('ev=deliver.deferred .*hostname mismatch')
    assert not list(postfix[1].glob('all/new/*'))
