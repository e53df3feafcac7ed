/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool fail(struct error *e, enum fault fault, const char *format, ...)
{
	va_list words;

	invariant(e->fault == FAULT_NONE);
	e->fault = fault;
	va_start(words, format);
	(void)vsnprintf(e->text, sizeof e->text, format, words);
	va_end(words);
	return false;
}

bool fail_in(struct error *e, const char *format, ...)
{
	char what[sizeof e->text], whole[2 * sizeof e->text + 2];
	va_list words;

	va_start(words, format);
	(void)vsnprintf(what, sizeof what, format, words);
	va_end(words);
	(void)snprintf(whole, sizeof whole, "%s: %s", what, e->text);
	memcpy(e->text, whole, sizeof e->text);
	e->text[sizeof e->text - 1] = '\0';
	return false;
}

void error_clear(struct error *e)
{
	e->fault = FAULT_NONE;
	e->text[0] = '\0';
}
