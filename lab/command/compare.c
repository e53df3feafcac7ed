/* SPDX-License-Identifier: MIT */
#include "lab/command/command.h"

#include "lab/report/compare_runs.h"

#include <stdio.h>

static const char usage[] =
	"usage: mailvisor-lab compare DIRECTORY DIRECTORY\n"
	"\n"
	"Puts two results folders side by side: first everything that differs between their "
	"environments and\n"
	"experiments, then the ratio of the second to the first with its interval, for each "
	"platform and size\n"
	"that both have. A folder that holds only experiment.conf, summary.json and env/ does.\n";

int command_compare(int argc, char **argv)
{
	struct error e = { .fault = FAULT_NONE };

	if (argc != 3 || argv[1][0] == '-' || argv[2][0] == '-') {
		(void)fputs(usage, stderr);
		return STATUS_USAGE;
	}
	return compare_runs(argv[1], argv[2], stdout, &e) ? STATUS_GOOD : command_failed(&e);
}
