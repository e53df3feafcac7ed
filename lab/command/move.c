/* SPDX-License-Identifier: MIT */
#include "lab/command/life.h"

#include "lab/lifecycle/move.h"

#include <getopt.h>
#include <stdio.h>

static const char usage[] =
	"usage: mailvisor-lab move A B [C...] [--mails N] [--server PROGRAM] [--image DIRECTORY]\n"
	"                          [--work DIRECTORY]\n"
	"\n"
	"Starts a server on platform A, fills mailboxes, and carries it with its data to B, then "
	"to C\n"
	"and so on, while mail comes in and somebody knocks every 10 ms. Every mail is verified: "
	"SHA-256,\n"
	"UID, UIDVALIDITY, flags and date; none that was acknowledged may be missing. Prints the "
	"gap.\n";

int command_move(int argc, char **argv)
{
	static struct life l;
	static struct move_result results[LIFE_PLATFORMS_MAX];
	struct error e = { .fault = FAULT_NONE };
	int status = life_read(argc, argv, usage, &l);
	bool is_good = true;

	if (status >= 0)
		return status;
	for (int i = optind; is_good && i < argc; i++)
		is_good = life_platform(&l, slice_of(argv[i]), &e);
	if (!is_good || l.count < 2) {
		(void)fprintf(stderr, "mailvisor-lab: %s\n%s",
			is_good ? "move wants two platforms or more" : e.text, usage);
		return STATUS_USAGE;
	}
	is_good = life_begin(&l, true, &e) &&
		  move_chain(&l.options, l.platforms, l.count, results, &e);
	return life_status(&l, is_good, &e);
}
