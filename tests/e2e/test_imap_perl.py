# SPDX-License-Identifier: MIT
"""Perl's Mail::IMAPClient, the library of imapsync: see imapclient.pl."""
from pathlib import Path
import subprocess

PASSWORD = 'correct horse battery'
USER = 'alice@a.example'
PATIENCE_S = 60


def test_mail_imapclient(server):
    server.cli('domain', 'add', 'a.example')
    server.cli('account', 'add', USER, '--password-stdin', stdin=PASSWORD + '\n')
    script = Path(__file__).with_name('imapclient.pl')
    done = subprocess.run(['perl', script, str(server.ports['imap']), USER, PASSWORD], capture_output=True, text=True,
                          timeout=PATIENCE_S)
    assert (done.returncode, done.stdout) == (0, 'all is well\n'), done.stdout + done.stderr
