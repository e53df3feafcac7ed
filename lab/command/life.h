/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * life - what move, durability, lifecycle and consolidation have in common: options, platforms, a scratch.
 *
 * The steps of such a command: life_read(), life_platforms() or life_platform(), life_begin(), its own
 * work, life_end(). The struct is static in its command: options point into it.
 */
#include "lab/command/command.h"
#include "lab/lifecycle/consolidation.h"
#include "lab/lifecycle/lifecycle.h"

enum { LIFE_PLATFORMS_MAX = 16 };

struct life {
	struct life_options options;
	struct consolidation_plan crowd; /* of consolidation */
	char work[PATH_MAX], server[PATH_MAX], image[PATH_MAX], out[PATH_MAX];
	char scratch[PATH_MAX]; /* "": not made yet */
	char password[40];
	bool has_image;
	const char *list, *trials; /* --platforms, --trials; NULL: all */
	const struct platform *platforms[LIFE_PLATFORMS_MAX];
	unsigned count;
};

/* -1: go on with argv[optind]; else the exit status. */
int life_read(int argc, char **argv, const char *usage, struct life *l);
MUST_CHECK bool life_platform(struct life *l, struct slice name, struct error *e);
/* As --platforms says; without it, process, container, uml and tcg. */
MUST_CHECK bool life_platforms(struct life *l, struct error *e);
/*
 * Takes signals, builds the appliance for those that need one, and asks every platform whether it runs
 * here. One that does not is a failure when it was named, and else left out with a line on standard error.
 */
MUST_CHECK bool life_begin(struct life *l, bool is_named, struct error *e);
void life_end(struct life *l);
/* Ends the command: the status for success or for the failure. */
int life_status(struct life *l, bool is_good, const struct error *e);
