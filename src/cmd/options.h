/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * options - what serve, config, check-config, session and check have in common on their command line:
 * --data DIR, --config FILE, --set key=value (many), and the settings that come out of them.
 *
 * A wrong command line is told on stderr, with exit status EXIT_USAGE.
 */
#include "cmd/config.h"
#include "cmd/where.h"

#include <getopt.h>

/* Exit statuses of every command, see mailvisor(8). */
enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_LATER = 75 /* EX_TEMPFAIL of sysexits.h */
};

enum { OPTIONS_SETS_MAX = 64 };
struct options {
	const char *data;
	char config_path[WHERE_PATH_BYTES]; /* empty: there is none */
	bool is_config_given;
	const char *sets[OPTIONS_SETS_MAX];
	size_t set_count;
	const char *setup; /* serve and session only */
};

/* The long options every one of them knows; for getopt_long tables. */
#define OPTIONS_COMMON                                                                             \
	{ "data", required_argument, NULL, 'd' }, { "config", required_argument, NULL, 'c' },      \
		{ "set", required_argument, NULL, 's' },                                           \
	{                                                                                          \
		"help", no_argument, NULL, 'h'                                                     \
	}

/* Takes one answer of getopt_long; false: it is none of the common ones. */
bool options_take(struct options *o, int letter, struct error *e);
/* Reads the settings: defaults, file, --set. Problems of the file are written to stderr. */
MUST_CHECK bool options_read(struct options *o, struct config *ret, struct error *e);
/* Writes "mailvisor: what" to stderr; the exit status for it. */
int options_fail(const struct error *e);
