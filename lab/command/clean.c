/* SPDX-License-Identifier: MIT */
#include "lab/command/command.h"

#include "lab/platform/sweep.h"

#include <stdio.h>

static const char usage[] =
	"usage: mailvisor-lab clean [--work DIRECTORY]\n"
	"\n"
	"Removes what labs left that were killed: processes, cgroups, machines of VirtualBox, "
	"VMware "
	"and\n"
	"libvirt, and folders, those of trials in DIRECTORY (default \"/var/tmp\"). Says what it "
	"was. Only what\n"
	"belongs to a process of this machine that is gone is touched. Each command that deploys "
	"does the same\n"
	"when it starts.\n";

/* Without the last newline, a line each: returns how many. */
static unsigned said_print(FILE *to, const char *head, struct slice said)
{
	unsigned count = 0;

	for (; said.len > 0; count++) {
		struct slice line = slice_first(said, slice_find(said, '\n'));

		(void)fprintf(to, "%s%.*s\n", head, S_FMT(line));
		said = slice_skip(said, line.len + 1);
	}
	return count;
}

void command_sweep(const char *work)
{
	auto_buf said = { .max = SWEEP_SAID_BYTES };

	sweep(work, &said);
	(void)said_print(
		stderr, "mailvisor-lab: removed what a killed lab left: ", buf_slice(&said));
}

int command_clean(int argc, char **argv)
{
	auto_buf said = { .max = SWEEP_SAID_BYTES };
	struct command_options o;
	int status = STATUS_GOOD;

	if (!command_options_read(argc, argv, usage, &o, &status))
		return status;
	sweep(o.work, &said);
	if (said_print(stdout, "removed: ", buf_slice(&said)) == 0)
		(void)printf("no lab that is gone left anything\n");
	return STATUS_GOOD;
}
