#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The checks must be able to fail: each is given a small tree with one breach and has to name it."""
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SPDX = '/* SPDX-License-Identifier: MIT */\n'
LAYERS = 'base:\nnet: base | tls.c=openssl/\nsession: base net\nlab/samples: base\n'
GOOD = {'src/base/a.h': SPDX + '#pragma once\n', 'src/net/b.c': SPDX + '#include "base/a.h"\n'}

CASES = [  # check, files that are added or replaced, what must be printed ('' is: passes)
    ('layers', {}, ''),
    ('layers', {'src/net/b.c': SPDX + '#include "session/c.h"\n'}, 'net may not include session'),
    ('layers', {'src/net/b.c': SPDX + '#include "nowhere/c.h"\n'}, 'is in no folder'),
    ('layers', {'src/net/b.c': SPDX + '#include <openssl/ssl.h>\n'}, 'has its home in net/tls.c'),
    ('layers', {'src/net/tls.c': SPDX + '#include <openssl/ssl.h>\n'}, ''),
    ('layers', {'src/odd/b.c': SPDX}, 'has no row'),
    ('layers', {'lab/samples/b.c': SPDX + '#include "session/c.h"\n'}, 'lab/samples may not include session'),
    ('layers', {'layers.txt': 'base: net\nnet: base\n'}, 'which is not above it'),
    ('style', {}, ''),
    ('style', {'src/net/b.c': '#include "base/a.h"\n'}, 'SPDX'),
    ('style', {'src/base/a.h': SPDX}, '#pragma once'),
    ('style', {'src/net/b.c': SPDX + 'static int a; \n'}, 'white space at the end'),
    ('style', {'src/net/b.c': SPDX + 'static int  a;\n'}, 'clang-format'),
    ('style', {'src/net/b.c': SPDX + 'typedef struct a b;\n'}, 'no typedef'),
    ('style', {'src/net/b.c': SPDX + '/* FIX' + 'ME: */\n'}, 'work for later'),
    ('style', {'src/net/b.c': SPDX + 'int f(void)\n{\n' + '\tg();\n' * 80 + '}\n'}, 'f has 82 lines'),
    ('style', {'src/net/b.c': SPDX + '\n'.join(f'int a{i};' for i in range(520)) + '\n'}, 'is it still one noun'),
]


def fails_as_it_should(check, files, wanted):
    with tempfile.TemporaryDirectory() as top:
        (Path(top) / '.clang-format').write_text((HERE.parents[1] / '.clang-format').read_text())
        for name, text in ({'layers.txt': LAYERS} | GOOD | files).items():
            path = Path(top) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (Path(top) / 'lab').mkdir(exist_ok=True)
        run = subprocess.run([sys.executable, HERE / f'{check}.py', top], capture_output=True, text=True)
    said_yes = run.returncode == 0
    return (said_yes and wanted == '') or (not said_yes and wanted != '' and wanted in run.stdout), run.stdout


def main():
    bad = 0
    for number, case in enumerate(CASES):
        ok, said = fails_as_it_should(*case)
        if not ok:
            bad += 1
            print(f'case {number} ({case[0]}, wants {case[2]!r}) got:\n{said}')
    print(f'checks: {len(CASES)} cases, {bad} wrong')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
