# SPDX-License-Identifier: MIT
"""Writes an assembler file that puts a program's bytes between two symbols: embed.py SYMBOL FILE OUT"""
import os
import sys

symbol, source, out = sys.argv[1:]
with open(out, "w", encoding="ascii") as to:
    to.write(f'.section .rodata\n.global {symbol}_begin, {symbol}_end\n'
             f'.balign 16\n{symbol}_begin:\n.incbin "{os.path.abspath(source)}"\n{symbol}_end:\n.byte 0\n'
             '.section .note.GNU-stack,"",%progbits\n')
