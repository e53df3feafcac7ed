#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The rules of CONTRIBUTING.md that a program can check, over every C file, script and page of the tree.

Prints every breach as file:line; exit status 1 if there is any.
"""
import re
import shutil
import subprocess
import sys
from pathlib import Path

FILE_LINES_MAX = 500      # a longer file is two nouns
FUNCTION_LINES_MAX = 75   # 19 of 20 functions in admired C are shorter
LINE_COLUMNS_MAX = 132    # clang-format keeps code at 100; comments and tables may be wider
WORDS_OF_LATER = re.compile(r'\b(TODO|FIXME|XXX|HACK)\b')
TYPEDEF_STRUCT = re.compile(r'^\s*typedef\s+(struct|union|enum)\b[^(]*$')


def functions(lines):
    """(name, first line, length) of every function: a body that opens with { in column 0."""
    start, name = None, ''
    for number, line in enumerate(lines, 1):
        if line == '{':
            start = number
            head = lines[number - 2] if number > 1 else ''
            found = re.findall(r'(\w+)\(', ' '.join(lines[max(0, number - 5):number - 1]))
            name = found[-1] if found else head
        elif line == '}' and start is not None:
            yield name, start, number - start + 1
            start = None


def check_c(path, text, lines):
    if not lines or 'SPDX-License-Identifier: MIT' not in lines[0]:
        yield 1, 'the first line is the SPDX line'
    if path.suffix == '.h' and '#pragma once' not in lines:
        yield 1, 'a header begins with #pragma once'
    if len(lines) > FILE_LINES_MAX:
        yield len(lines), f'{len(lines)} lines; {FILE_LINES_MAX} are the most: is it still one noun?'
    for number, line in enumerate(lines, 1):
        if TYPEDEF_STRUCT.match(line):
            yield number, 'no typedef for a struct, union or enum'
        if re.match(r'^\s*goto\s', line):
            yield number, 'no goto: clean-up is ON_EXIT'
    for name, number, length in functions(lines):
        if length > FUNCTION_LINES_MAX:
            yield number, f'{name} has {length} lines; {FUNCTION_LINES_MAX} are the most'


def check_file(path):
    text = path.read_text(errors='replace')
    lines = text.splitlines()
    if text and not text.endswith('\n'):
        yield len(lines), 'no newline at the end'
    for number, line in enumerate(lines, 1):
        if line != line.rstrip() and path.suffix != '.talk':
            yield number, 'white space at the end of the line'
        if len(line.expandtabs(8)) > LINE_COLUMNS_MAX and path.suffix in ('.c', '.h', '.py', '.sh'):
            yield number, f'longer than {LINE_COLUMNS_MAX} columns'
        if WORDS_OF_LATER.search(line) and path.name != Path(__file__).name:
            yield number, 'work for later belongs into an issue or under "Limits"'
    if path.suffix in ('.c', '.h'):
        yield from check_c(path, text, lines)


def check_format(root, files):
    """clang-format as the tree's .clang-format says; version 14 is the one that counts."""
    program = shutil.which('clang-format-14') or shutil.which('clang-format')
    if program is None:
        return ['clang-format-14 is not installed (make deps)']
    run = subprocess.run([program, '--dry-run', '-Werror', *map(str, files)], cwd=root,
                         capture_output=True, text=True)
    return [line for line in run.stderr.splitlines() if ': error:' in line]


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    listed = subprocess.run(['git', 'ls-files', '-co', '--exclude-standard'], cwd=root, capture_output=True, text=True)
    names = listed.stdout.splitlines() or [str(p.relative_to(root)) for p in root.rglob('*') if p.is_file()]
    wanted = {'.c', '.h', '.py', '.sh', '.md', '.build', '.txt', '.talk'}
    paths = [root / n for n in names if Path(n).suffix in wanted and 'seeds/' not in n and (root / n).is_file()]
    problems = [f'{p.relative_to(root)}:{number}: {what}' for p in paths for number, what in check_file(p)]
    code = [p for p in paths if p.suffix in ('.c', '.h')]
    problems += check_format(root, code)
    for problem in problems:
        print(problem)
    print(f'style: {len(paths)} files, {len(problems)} breaches')
    return 1 if problems or not code else 0


if __name__ == '__main__':
    sys.exit(main())
