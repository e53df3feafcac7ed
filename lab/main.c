/* SPDX-License-Identifier: MIT */
#include "lab/command/command.h"

#include "lab/run/version.h"

#include <stdio.h>
#include <string.h>

#ifdef LAB_HAS_IMAGE
#include "lab/image/image.h"
#endif

static int command_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	(void)printf("mailvisor-lab %s\n", LAB_VERSION);
	return STATUS_GOOD;
}

static int command_help(int argc, char **argv);

/* clang-format off */
static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *about;
} commands[] = {
	{ "run", command_run, "run an experiment and write its report" },
	{ "plan", command_plan, "show what an experiment would do" },
	{ "move", command_move, "carry a server with its data from platform to platform" },
	{ "lifecycle", command_lifecycle, "cut the power, revert, migrate, back up: what holds?" },
	{ "consolidation", command_consolidation, "many domains in one server, or a server for each?" },
	{ "durability", command_durability, "is an acknowledged mail on the disk?" },
	{ "report", command_report, "make the report of a results folder again" },
	{ "compare", command_compare, "put two results folders side by side" },
	{ "doctor", command_doctor, "can this machine measure?" },
	{ "clean", command_clean, "remove what killed labs left behind" },
#ifdef LAB_HAS_IMAGE
	{ "image", image_command, "build the appliance for virtual machines" },
#endif
	{ "version", command_version, "print the version" },
	{ "help", command_help, "print this" },
};
/* clang-format on */

static int command_help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	(void)printf("mailvisor-lab finds out where, and how, a mail server runs best.\n\n"
		     "usage: mailvisor-lab COMMAND ...\n\n");
	for (size_t i = 0; i < COUNT(commands); i++)
		(void)printf("  %-13s %s\n", commands[i].name, commands[i].about);
	(void)printf("\nEach command explains itself with --help. The first experiment: "
		     "mailvisor-lab run paper --quick\n");
	return STATUS_GOOD;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "help";

	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		name = "help";
	if (strcmp(name, "--version") == 0)
		name = "version";
	for (size_t i = 0; i < COUNT(commands); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].run(
				argc > 1 ? argc - 1 : argc, argc > 1 ? argv + 1 : argv);
	}
	(void)fprintf(stderr, "mailvisor-lab: there is no command '%s'; try 'mailvisor-lab help'\n",
		name);
	return STATUS_USAGE;
}
