# SPDX-License-Identifier: MIT
"""The fixture of all whole-program tests: a real `mailvisor serve` on free ports of 127.0.0.1, with its data in a temporary folder.

    def test_something(server):
        server.cli('domain', 'add', 'a.example')          # fails the test when the command fails
        server.ports['smtp']; server.data; server.pid; server.stderr()

    @pytest.mark.serve('limit.message_size=1M', 'relay.host=127.0.0.1:2599')    # --set options of this test's server
    @pytest.mark.no_server                                                      # `server` is not started: server.start(...)

The program is $MAILVISOR, else the newest build/*/src/mailvisor.
"""
import contextlib
import json
import os
import pwd
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ('smtp', 'submission', 'submissions', 'lmtp', 'pop3', 'pop3s', 'imap', 'imaps')
START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 30


def pytest_configure(config):
    config.addinivalue_line('markers', "serve(*settings): --set options for this test's server")
    config.addinivalue_line('markers', 'no_server: the test starts the server itself')


def find_program():
    given = os.environ.get('MAILVISOR')
    if given:
        return str(Path(given).resolve())
    built = sorted(ROOT.glob('build/*/src/mailvisor'), key=lambda p: p.stat().st_mtime)
    if not built:
        pytest.exit('there is no mailvisor to test: build it, or name it in $MAILVISOR', 2)
    return str(built[-1])


class Server:
    """One data directory, and the server that runs on it."""

    def __init__(self, folder, settings=()):
        self.program = find_program()
        self.folder = Path(folder)
        self.data = str(self.folder / 'data')
        self.stderr_path = self.folder / 'stderr'
        self.settings = list(settings)
        self.ports, self.process = {}, None
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(('MAILVISOR', 'NOTIFY', 'LISTEN'))}
        # The user's own settings file must not change what is tested.
        self.environment['XDG_CONFIG_HOME'] = str(self.folder)

    @property
    def pid(self):
        return self.process.pid

    def words(self, *settings, config=None):
        free = [f'{name}.listen=127.0.0.1:0' for name in SERVICES]
        words = [self.program, 'serve', '--data', self.data]
        if config:
            words += ['--config', str(config)]
        for pair in [*free, 'lmtp.listen=unix:lmtp.sock 127.0.0.1:0', 'user=', *self.settings, *settings]:
            words += ['--set', pair]
        return words

    def launch(self, *settings, config=None, **more):
        """Starts the process without waiting until it is ready."""
        self.stderr_from = self.stderr_path.stat().st_size if self.stderr_path.exists() else 0
        environment = self.environment | more.pop('env', {})
        with open(self.stderr_path, 'ab') as out:
            self.process = subprocess.Popen(self.words(*settings, config=config), stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=out, env=environment, **more)
        return self

    def start(self, *settings, **more):
        self.launch(*settings, **more)
        self.wait_for(r'^ready: (.*)$')
        words = re.search(r'^ready: (.*)$', self.stderr(), re.M).group(1).split()
        self.addresses = list(zip(words[::2], words[1::2]))
        self.ports = {name: int(address.rpartition(':')[2]) for name, address in reversed(self.addresses)
                      if not address.startswith('unix:')}
        return self

    def stderr(self):
        """What the running (or last) process wrote: its words and its log."""
        with open(self.stderr_path, 'rb') as f:
            f.seek(self.stderr_from)
            return f.read().decode(errors='replace')

    def wait_for(self, pattern, seconds=START_SECONDS_MAX):
        """Until the pattern is in stderr; the match."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            hit = re.search(pattern, self.stderr(), re.M)
            if hit:
                return hit
            if self.process.poll() is not None:
                hit = re.search(pattern, self.stderr(), re.M)
                if hit:
                    return hit
                raise AssertionError(f'the server ended with {self.process.returncode}:\n{self.stderr()}')
            time.sleep(0.01)
        raise AssertionError(f'no {pattern!r} within {seconds} s:\n{self.stderr()}')

    def stop(self, how=signal.SIGTERM):
        """The exit status; 0 after SIGTERM."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f'the server does not stop:\n{self.stderr()}') from None

    def restart(self, *settings, **more):
        assert self.stop() == 0
        return self.start(*settings, **more)

    def run(self, *words, stdin='', env=None):
        """Any sub-command on this server's data directory; nothing is checked."""
        return subprocess.run([self.program, *words], input=stdin, text=True, capture_output=True, timeout=120,
                              env=self.environment | {'MAILVISOR_DATA': self.data} | (env or {}))

    def cli(self, *words, stdin='', status=0):
        """The output of a sub-command that must end with this status."""
        done = self.run(*words, stdin=stdin)
        assert done.returncode == status, f'{words}: status {done.returncode}\n{done.stdout}{done.stderr}'
        return done.stdout if status == 0 else done.stderr

    def json(self, *words, stdin=''):
        return json.loads(self.cli(*words, '--json', stdin=stdin))

    def reload(self):
        """SIGHUP, and until it was obeyed."""
        before = self.stderr().count('ev=serve.reloaded')
        self.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + START_SECONDS_MAX
        while self.stderr().count('ev=serve.reloaded') == before:
            assert time.monotonic() < end, self.stderr()
            time.sleep(0.01)


@pytest.fixture
def server(request, tmp_path):
    mark = request.node.get_closest_marker('serve')
    s = Server(tmp_path, mark.args if mark else ())
    if request.node.get_closest_marker('no_server') is None:
        s.start()
    yield s
    status = s.stop() if s.process is not None and s.process.returncode is None else 0
    report = s.stderr() if s.process is not None else ''
    assert 'AddressSanitizer' not in report and 'ThreadSanitizer' not in report and 'runtime error:' not in report, report
    assert 'broken:' not in report, report
    assert status == 0, report


@pytest.fixture
def nobody():
    """An ordinary user to run as; skips when we are not root."""
    if os.geteuid() != 0:
        pytest.skip('only root can become another user')
    with contextlib.suppress(KeyError):
        return pwd.getpwnam('nobody')
    pytest.skip('there is no user nobody')
