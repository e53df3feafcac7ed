#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads every #include of the tree and holds it against layers.txt.

layers.txt is the whole rule: "folder: folders it may include | file=header ..." where a row names only rows above it. The part
behind "|" names the one home of an outside library's headers. Prints every breach as file:line; exit status 1 if there is any.
"""
import re
import sys
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def read_layers(path):
    layers, homes, problems = {}, {}, []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.split('#', 1)[0].strip()
        if not line:
            continue
        rule, _, home_words = line.partition('|')
        name, _, may = rule.partition(':')
        name = name.strip()
        if name in layers:
            problems.append(f'{path}:{number}: {name} stands here twice')
        for other in may.split():
            if other not in layers:
                problems.append(f'{path}:{number}: {name} names {other}, which is not above it')
        layers[name] = set(may.split()) | {name}
        for word in home_words.split():
            file, _, header = word.partition('=')
            homes.setdefault(header, set()).add(f'{name}/{file}')
    return layers, homes, problems


def folder_of(relative, layers):
    """The longest row that is a prefix of the path: 'lab/platform/qemu.c' -> 'lab/platform'."""
    parts = relative.parts[:-1]
    for length in range(len(parts), 0, -1):
        name = '/'.join(parts[:length])
        if name in layers:
            return name
    return None


def check_file(path, relative, layers, homes):
    problems = []
    own = folder_of(relative, layers)
    at_top = len(relative.parts) == 1 or relative.parts == ('lab', 'main.c')
    if own is None and not at_top:
        return [f'{path}: its folder has no row in layers.txt']
    for number, line in enumerate(path.read_text().splitlines(), 1):
        hit = INCLUDE.match(line)
        if not hit:
            continue
        kind, header = hit.groups()
        if kind == '"' and not at_top:
            target = folder_of(Path(header), layers)
            if target is None:
                problems.append(f'{path}:{number}: "{header}" is in no folder of layers.txt')
            elif target not in layers[own]:
                problems.append(f'{path}:{number}: {own} may not include {target} ("{header}")')
        for outside, files in homes.items():
            if header.startswith(outside) and f'{own}/{relative.name}' not in files:
                problems.append(f'{path}:{number}: <{header}> has its home in {", ".join(sorted(files))}')
    return problems


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    layers, homes, problems = read_layers(root / 'layers.txt')
    count = 0
    for top, strip in (('src', root / 'src'), ('lab', root)):
        for path in sorted((root / top).rglob('*.[ch]')):
            count += 1
            problems += check_file(path, path.relative_to(strip), layers, homes)
    for problem in problems:
        print(problem)
    print(f'layers: {count} files, {len(problems)} breaches')
    return 1 if problems or count == 0 else 0


if __name__ == '__main__':
    sys.exit(main())
