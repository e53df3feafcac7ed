/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * check - cmocka, and the one check that a table of rows needs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#undef fail /* it is base/error.h's */

static inline _Noreturn void check_failed(const char *file, int line, size_t row, const char *claim)
{
	print_error("row %zu: %s\n", row, claim);
	_fail(file, line);
	abort(); /* _fail has jumped out of the test already; the compilers do not know */
}

/* The failing row names its index. */
#define check_row(claim, row)                                                                      \
	((claim) ? (void)0 : check_failed(__FILE__, __LINE__, (size_t)(row), #claim))
#define check(claim) check_row(claim, 0)
