# SPDX-License-Identifier: MIT
"""Starting, stopping, settings and signals of `mailvisor serve`."""
import os
import re
import resource
import shutil
import signal
import smtplib
import socket
import ssl
import stat
import subprocess
import time
from pathlib import Path

import pytest


def greeting(port):
    with socket.create_connection(('127.0.0.1', port), 10) as s:
        return s.recv(4096)


def certificate(port):
    """What the submissions listener shows, as DER."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(('127.0.0.1', port), 10) as s, context.wrap_socket(s) as t:
        return t.getpeercert(binary_form=True)


def test_first_start_makes_all_and_says_so(server):
    server.wait_for('ev=serve.ready')
    told = server.stderr()
    for what in ('made the data directory', 'self-signed certificate', 'made an empty store'):
        assert what in told
    assert stat.S_IMODE(os.stat(server.data).st_mode) == 0o700
    for name in ('secret', 'key.pem', 'lock'):
        assert stat.S_IMODE(os.stat(f'{server.data}/{name}').st_mode) == 0o600
    assert os.stat(f'{server.data}/secret').st_size == 32
    server.restart()
    assert 'made' not in server.stderr()
    assert greeting(server.ports['smtp']).startswith(b'220 ')
    assert greeting(server.ports['pop3']).startswith(b'+OK')


def test_stop_says_goodbye(server):
    with socket.create_connection(('127.0.0.1', server.ports['smtp']), 10) as s:
        assert s.recv(4096).startswith(b'220 ')
        server.process.send_signal(signal.SIGTERM)
        assert s.recv(4096).startswith(b'421 ')
        assert server.process.wait(20) == 0
    assert 'sessions_cut=0' in server.stderr()
    assert not Path(server.data, 'lmtp.sock').exists()


@pytest.mark.no_server
def test_kill_leaves_a_directory_that_starts(server):
    server.start()
    server.process.kill()
    server.process.wait()
    assert Path(server.data, 'control.sock').exists()
    server.start()
    server.cli('domain', 'add', 'a.example')


def test_second_start_names_directory_and_process(server):
    done = subprocess.run(server.words(), capture_output=True, text=True, timeout=30, env=server.environment)
    assert done.returncode == 75
    assert server.data in done.stderr and f'process {server.pid}' in done.stderr
    check = server.run('check', '--data', server.data)
    assert check.returncode == 75 and f'process {server.pid}' in check.stderr
    assert greeting(server.ports['smtp']).startswith(b'220 ')


def test_the_socket_of_a_deep_directory_is_found(server, tmp_path):
    """A socket's address has room for 107 bytes; a path may be longer."""
    deep = tmp_path / ('d' * 120)
    deep.symlink_to(server.data)
    done = subprocess.run([server.program, 'status', '--data', deep], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and done.stderr == '', done.stderr
    missing = subprocess.run([server.program, 'status', '--data', f'{deep}2'], capture_output=True, text=True, timeout=30)
    assert missing.returncode != 0 and 'no server answers' in missing.stderr, missing.stderr


@pytest.mark.no_server
def test_taken_port_is_named(server):
    with socket.create_server(('127.0.0.1', 0)) as taken:
        address = '127.0.0.1:%d' % taken.getsockname()[1]
        server.launch(f'smtp.listen={address}')
        assert server.process.wait(20) != 0
        assert 'smtp' in server.stderr() and address in server.stderr()


@pytest.mark.no_server
def test_ordinary_user_is_told_how(server, nobody):
    server.folder.chmod(0o777)
    words = [server.program, 'serve', '--data', server.data]
    if subprocess.run(['true'], cwd=server.folder).returncode or not os.access(server.program, os.X_OK):
        pytest.skip('cannot run the program as another user')
    program = server.folder / 'program'
    shutil.copy(server.program, program)
    for folder in [server.folder, *server.folder.parents][:-2]:
        folder.chmod(folder.stat().st_mode | 0o011)
    done = subprocess.run([str(program), *words[1:]], capture_output=True, text=True, timeout=30, user=nobody.pw_uid,
                          group=nobody.pw_gid, extra_groups=[], env=server.environment | {'HOME': str(server.folder)})
    if Path('/proc/sys/net/ipv4/ip_unprivileged_port_start').read_text().strip() == '0':
        pytest.skip('this machine gives port 25 to everybody')
    assert done.returncode == 1
    assert '0.0.0.0:25' in done.stderr and '--set smtp.listen=127.0.0.1:2525' in done.stderr


@pytest.mark.no_server
def test_root_is_dropped(server, nobody):
    for folder in [server.folder, *server.folder.parents][:-2]:
        folder.chmod(folder.stat().st_mode | 0o011)
    server.start('user=nobody')
    status = Path(f'/proc/{server.pid}/status').read_text()
    assert re.search(rf'^Uid:\t{nobody.pw_uid}\t{nobody.pw_uid}\t{nobody.pw_uid}\t', status, re.M)
    assert re.search(r'^CapEff:\t0+$', status, re.M)
    assert os.stat(server.data).st_uid == nobody.pw_uid
    server.cli('domain', 'add', 'a.example')


@pytest.mark.no_server
def test_missing_user_is_explained(server):
    if os.geteuid() != 0:
        pytest.skip('only root is asked to become somebody')
    server.launch('user=no-such-user-here')
    assert server.process.wait(20) == 1
    assert "no user 'no-such-user-here'" in server.stderr() and 'user=' in server.stderr()
    assert not Path(server.data).exists()


def test_sandbox_is_told(server):
    told = server.json('status')['sandbox']
    if 'sanitizer' in told:
        pytest.skip('a sanitizer build has none')
    status = Path(f'/proc/{server.pid}/status').read_text()
    assert re.search(r'^NoNewPrivs:\t1$', status, re.M)
    assert ('seccomp' in told) == bool(re.search(r'^Seccomp:\t2$', status, re.M))


def test_reload_takes_a_new_certificate(server):
    before = certificate(server.ports['submissions'])
    for name in ('cert.pem', 'key.pem'):
        Path(server.data, name).unlink()
    other = server.folder / 'other'
    make_certificate(other, 'renewed.example')
    server.reload()  # nothing there: the old one stays
    assert 'ev=serve.certificate_kept' in server.stderr()
    assert certificate(server.ports['submissions']) == before
    Path(f'{other}.pem').rename(f'{server.data}/cert.pem')
    Path(f'{other}.key').rename(f'{server.data}/key.pem')
    server.reload()
    after = certificate(server.ports['submissions'])
    assert after != before and b'renewed.example' in after


@pytest.mark.no_server
def test_few_open_files(server):
    """ulimit -n 64: who comes too late is told, and afterwards all is well."""
    server.start(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
    allowed = int(re.search(r'^Max open files +(\d+)', Path(f'/proc/{server.pid}/limits').read_text(), re.M).group(1))
    if allowed > 64:
        pytest.skip('this root may have as many files as it likes')
    assert 'limit.sessions=20000 wants 20512 open files, and 64 are allowed (ulimit -n): at most 32 sessions' in server.stderr()
    clients = [socket.create_connection(('127.0.0.1', server.ports['smtp']), 20) for _ in range(60)]
    greetings = [c.recv(200).decode()[:9] for c in clients]
    assert greetings == ['220 ' + greetings[0][4:]] * 32 + ['421 4.3.2'] * 28
    for c in clients:
        c.close()
    for _ in range(200):
        with socket.create_connection(('127.0.0.1', server.ports['smtp']), 20) as c:
            if c.recv(200).startswith(b'220'):
                break
        time.sleep(0.05)
    else:
        raise AssertionError('still full')


def make_certificate(path, name):
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '9',
                    '-subj', f'/CN={name}', '-keyout', f'{path}.key', '-out', f'{path}.pem'], check=True, capture_output=True)


def test_a_key_of_another_certificate(server):
    """Half of a renewal: the old certificate is served on, and check-config says the same before."""
    before = certificate(server.ports['submissions'])
    for name in ('one', 'other'):
        make_certificate(server.folder / name, name)
    (server.folder / 'one.pem').rename(f'{server.data}/cert.pem')
    server.reload()
    assert re.search("ev=serve.certificate_kept why=\"the key '.*/key.pem' is not that of the certificate '.*/cert.pem'\"",
                     server.stderr())
    assert certificate(server.ports['submissions']) == before
    given = [f'--set=tls.cert={server.data}/cert.pem', f'--set=tls.key={server.data}/key.pem']
    assert 'is not that of the certificate' in server.cli('check-config', *given, status=1)
    server.cli('check-config', *given[:1], f'--set=tls.key={server.folder}/one.key')


@pytest.mark.no_server
def test_reload_takes_live_settings(server):
    config = server.folder / 'mailvisor.conf'
    config.write_text('limit.message_size = 1M\n')
    server.start(config=config)

    def told_size():
        with smtplib.SMTP('127.0.0.1', server.ports['smtp'], timeout=10) as s:
            s.ehlo()
            return int(s.esmtp_features['size'])
    assert told_size() == 1 << 20
    config.write_text('limit.message_size = 2M\nworkers = 7\n')
    server.reload()
    assert told_size() == 2 << 20
    assert re.search(r'ev=serve.needs_restart setting=workers wanted=7 now=64$', server.stderr(), re.M)
    config.write_text('limit.message_size = 3M\nnonsense = 7\n')
    server.reload()
    assert told_size() == 2 << 20
    assert 'ev=serve.config_problem' in server.stderr() and 'line=2' in server.stderr()


@pytest.mark.no_server
def test_log_file_is_opened_again(server):
    server.start('log.file=mail.log')
    log = Path(server.data, 'mail.log')
    server.cli('domain', 'add', 'a.example')
    log.rename(log.with_suffix('.1'))
    server.process.send_signal(signal.SIGHUP)
    for _ in range(500):
        if log.exists() and 'serve.reloaded' in log.read_text():
            break
        subprocess.run(['sleep', '0.02'])
    assert 'serve.reloaded' in log.read_text()
    assert 'ev=serve.ready' in log.with_suffix('.1').read_text()


@pytest.mark.no_server
def test_pid_file(server):
    pid_file = server.folder / 'pid'
    server.start(f'pid_file={pid_file}')
    assert int(pid_file.read_text()) == server.pid
    server.stop()
    assert pid_file.read_text() == ''


@pytest.mark.no_server
def test_systemd_is_told(server):
    path = str(server.folder / 'notify')
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(path)
        systemd.settimeout(20)
        server.start(env={'NOTIFY_SOCKET': path})
        assert systemd.recv(100) == b'READY=1'
        server.reload()
        assert systemd.recv(100).startswith(b'RELOADING=1\nMONOTONIC_USEC=')
        assert systemd.recv(100) == b'READY=1'
        server.stop()
        assert systemd.recv(100) == b'STOPPING=1'


@pytest.mark.no_server
def test_socket_activation(server):
    with socket.create_server(('127.0.0.1', 0)) as smtp, socket.create_server(('127.0.0.1', 0)) as pop3:
        first, second = os.dup(smtp.fileno()), os.dup(pop3.fileno())
        # What systemd does between fork and exec, by a shell: the sockets are 3 and 4, LISTEN_PID is the process itself.
        words = server.words()
        script = f'exec 3<&{first} 4<&{second} {first}<&- {second}<&-; export LISTEN_PID=$$ LISTEN_FDS=2 ' \
                 'LISTEN_FDNAMES=smtp:pop3; exec "$@"'
        server.words = lambda *a, **k: ['/bin/bash', '-c', script, 'bash', *words]
        server.start(pass_fds=(first, second))
        os.close(first), os.close(second)
        assert greeting(smtp.getsockname()[1]).startswith(b'220 ')
        assert greeting(pop3.getsockname()[1]).startswith(b'+OK')
        names = [row['name'] for row in server.json('status')['listeners']]
        assert names.count('smtp') == 1 and names.count('pop3') == 1


@pytest.mark.no_server
def test_setup_file_is_taken_twice(server):
    setup = server.folder / 'setup'
    setup.write_text('domain a.example\naccount alice@a.example secret quota=1M\nalias x@a.example alice@a.example\n'
                     'set limit.message_size=1M\n')
    words = server.words
    server.words = lambda *a, **k: [*words(*a, **k), '--setup', str(setup)]
    server.start()
    server.restart()
    assert server.json('account', 'show', 'alice@a.example')['quota'] == 1 << 20
    server.reload()
    with smtplib.SMTP('127.0.0.1', server.ports['smtp'], timeout=10) as s:
        s.ehlo()
        assert s.esmtp_features['size'] == str(1 << 20)
    setup.write_text('domain b.example\nnonsense here\n')
    server.stop()
    server.launch()
    assert server.process.wait(20) == 1 and 'line 2' in server.stderr()


@pytest.mark.no_server
@pytest.mark.parametrize('text, says', [
    ('nonsense = 1\n', ":1: set 'nonsense': no such setting"),
    ('\n\nlimit.mesage_size = 1M\n', ":3: set 'limit.mesage_size': no such setting; did you mean 'limit.message_size'?"),
    ('[limit]\nmessage_size = lots\n', ":2: set 'limit.message_size': 'lots' is not a size such as"),
    ('wait.command = 1ms\n', ":1: set 'wait.command': '1ms' is out of range: 1s to 1h"),
    ('wait.command = 5\n', "not a time with its unit"),
    ('login.plain = maybe\n', ":1: set 'login.plain': 'maybe' is not yes or no"),
    ('log.level = loud\n', ":1: set 'log.level': 'loud' is not one of: error, warn, info, debug"),
    ('workers = 1\nworkers = 2\n', ":2: set 'workers': it was set before, on line 1"),
    ('smtp.listen = 25\n', "set 'smtp.listen': '25' is no address"),
    ('relay.host = relay.example\n', "set 'relay.host': 'relay.example' is no next hop"),
    ('workers\n', ":1: neither 'key = value' nor '[section]'"),
    ('host = ' + 'x' * 300 + '\n', ':1: the line is longer than 198 bytes'),
])
def test_check_config_says_where(server, text, says):
    config = server.folder / 'mailvisor.conf'
    config.write_text(text)
    done = server.run('check-config', str(config))
    assert done.returncode == 1 and f'{config}' in done.stderr and says in done.stderr, done.stderr
    done = server.run('serve', '--data', server.data, '--config', str(config))
    assert done.returncode == 1 and says in done.stderr
    assert not Path(server.data).exists()


@pytest.mark.no_server
def test_config_prints_a_file_that_it_reads(server):
    printed = server.run('config', '--set', 'workers=7', '--set', 'smtp.listen=127.0.0.1:2525 [::1]:2525')
    assert printed.returncode == 0
    assert '\nworkers = 7\n' in printed.stdout and '\n#limit.message_size = 50M\n' in printed.stdout
    config = server.folder / 'mailvisor.conf'
    config.write_text(printed.stdout)
    again = server.run('config', '--config', str(config))
    assert again.stdout.partition('\n')[2] == printed.stdout.partition('\n')[2]
    config.write_text(re.sub(r'^#([a-z])', r'\1', printed.stdout, flags=re.M))  # every default, written down
    assert server.run('check-config', str(config)).stdout == f'{config}: good\n'


@pytest.mark.no_server
def test_usage(server):
    for words in (['serve', '--nonsense'], ['serve', 'extra'], ['check', 'extra'], ['session'], ['session', 'ftp', '--memory'],
                  [], ['config', 'extra']):
        assert server.run(*words).returncode == 2, words
    for words in (['help'], ['--help'], ['serve', '--help'], ['session', '--help'], ['check', '--help'], ['config', '--help'],
                  ['check-config', '--help'], ['domain', '--help'], ['domain', 'add', '--help'], ['status', '--help']):
        done = server.run(*words)
        assert done.returncode == 0 and 'usage' in done.stdout or 'mailvisor domain add' in done.stdout, words
    assert re.fullmatch(r'mailvisor \d+\.\d+\.\d+\n', server.run('version').stdout)


def test_check_of_a_sound_store(server):
    server.cli('domain', 'add', 'a.example')
    server.cli('account', 'add', 'alice@a.example', '--no-password')
    with smtplib.SMTP('127.0.0.1', server.ports['smtp'], timeout=10) as s:
        s.sendmail('bob@b.example', ['alice@a.example'], 'Subject: one\r\n\r\nbody\r\n' + 'x' * 70 + '\r\n')
    server.stop()
    done = server.run('check', '--data', server.data)
    assert done.returncode == 0 and '0 findings' in done.stdout and ' 1 messages' in done.stdout, done.stdout + done.stderr


def test_session_on_stdin(server):
    setup = server.folder / 'setup'
    setup.write_text('domain a.example\naccount alice@a.example secret\n')
    done = server.run('session', 'pop3', '--memory', '--setup', str(setup),
                      stdin='USER alice@a.example\r\nPASS secret\r\nSTAT\r\nQUIT\r\n')
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and len(lines) == 5 and all(line.startswith('+OK') for line in lines), done
    done = server.run('session', 'lmtp', '--memory', stdin='LHLO x\r\nQUIT\r\n')
    assert done.stdout.startswith('220 ') and '\n221 ' in done.stdout


def test_check_finds_damage(server):
    server.cli('domain', 'add', 'a.example')
    server.cli('account', 'add', 'alice@a.example', '--no-password')
    server.cli('account', 'add', 'carol@a.example', '--no-password')
    with smtplib.SMTP('127.0.0.1', server.ports['smtp'], timeout=10) as s:
        for to in (['alice@a.example', 'carol@a.example'], ['alice@a.example'], ['carol@a.example']):
            s.sendmail('bob@b.example', to, 'Subject: one\r\n\r\n' + ('x' * 70 + '\r\n') * 1000)
    server.restart()  # the log of commits becomes tables and blob files
    server.stop()
    damaged = 0
    for file in Path(server.data, 'store').rglob('*'):
        data = file.read_bytes() if file.is_file() else b''
        if file.suffix in ('.blob', '.sst') and (at := data.find(b'x' * 64)) >= 0:
            file.write_bytes(data[:at + 30] + b'y' + data[at + 31:])
            damaged += 1
    if damaged == 0:
        pytest.skip('the bodies are not in files as they came')
    done = server.run('check', '--data', server.data)
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(r'^damaged message body: ', done.stdout, re.M), done.stdout + done.stderr
    assert re.search(r'^[1-9][0-9]* finding', done.stdout, re.M), done.stdout + done.stderr
    repair_then_clean(server)


def repair_then_clean(server):
    """Repair finds the same and mends it; the check after it finds nothing, and the server starts and takes mail."""
    done = server.run('check', '--data', server.data, '--repair')
    assert done.returncode == 1 and not done.stderr and not done.stdout.endswith(' 0 mended\n'), done.stdout + done.stderr
    done = server.run('check', '--data', server.data)
    assert done.returncode == 0 and '0 findings' in done.stdout, done.stdout + done.stderr
    server.start()
    with smtplib.SMTP('127.0.0.1', server.ports['smtp'], timeout=10) as s:
        s.sendmail('bob@b.example', ['alice@a.example'], 'Subject: after\r\n\r\nx\r\n')


@pytest.mark.parametrize('where', (0.0, 0.3, 0.6, 0.999))
def test_damaged_log_is_never_silent(server, where):
    server.cli('domain', 'add', 'a.example')
    server.cli('account', 'add', 'alice@a.example', '--no-password')
    server.restart(start_new_session=True)  # domain and account stand in tables now; the log is new
    with smtplib.SMTP('127.0.0.1', server.ports['smtp'], timeout=10) as s:
        for _ in range(5):
            s.sendmail('bob@b.example', ['alice@a.example'], 'Subject: one\r\n\r\n' + ('x' * 70 + '\r\n') * 1000)
    os.killpg(server.pid, signal.SIGKILL)
    server.process.wait()
    log = max(Path(server.data, 'store').glob('*.log'), key=lambda f: f.stat().st_size)
    data = bytearray(log.read_bytes())
    data[int(len(data) * where)] ^= 1
    log.write_bytes(data)
    refused = server.run(*server.words()[1:])
    assert refused.returncode != 0 and 'check --repair' in refused.stderr and log.name in refused.stderr, refused.stderr
    done = server.run('check', '--data', server.data)
    assert done.returncode == 1 and log.name in done.stdout, done.stdout + done.stderr
    assert re.search(r'^[1-9][0-9]* finding', done.stdout, re.M), done.stdout
    repair_then_clean(server)


@pytest.mark.no_server
def test_man_page_names_every_setting(server):
    page = (Path(__file__).parents[2] / 'docs/man/mailvisor.conf.5').read_text().replace('\\-', '-')
    printed = server.run('config', '--config', '/dev/null').stdout
    settings = re.findall(r'^#([a-z0-9_.]+) = (.*)$', printed, re.M)
    assert len(settings) > 30
    for name, default in settings:
        entry = page.partition(f'.B {name}\n')[2].partition('.TP\n')[0].partition('.S')[0]
        assert f'Default: {default or "empty"}.' in entry, name
