/* SPDX-License-Identifier: MIT */
/*
 * mailvisor - finds argv[1] in the table of sub-commands.
 *
 * What serves mail is in this executable. What only talks to a running server is in mailvisor-ctl, beside it
 * in a build tree and in libexec when installed, so that libcurl's many libraries are not mapped into an
 * idle server (docs/decisions/0004-two-executables.md).
 */
#include "cmd/command.h"
#include "cmd/nearest.h"
#include "cmd/options.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int version_command(int argc, char **argv);
static int help_command(int argc, char **argv);

/* clang-format off */
static const struct command {
	const char *name;
	int (*run)(int argc, char **argv); /* NULL: in mailvisor-ctl */
	const char *help;
} commands[] = {
	{ "serve",        serve_command,        "run the server; the first start makes all it needs" },
	{ "status",       NULL,                 "what the running server does" },
	{ "domain",       NULL,                 "add, list, show, set, remove mail domains" },
	{ "account",      NULL,                 "add, list, show, set, remove accounts" },
	{ "alias",        NULL,                 "add, list, show, set, remove aliases" },
	{ "quota",        NULL,                 "add, list, show, set, remove limits of accounts and domains" },
	{ "import",       NULL,                 "bring mail of an account in, from a Maildir or mbox" },
	{ "export",       NULL,                 "take mail of an account out, into a Maildir or mbox" },
	{ "trace",        NULL,                 "what happened to a mail, stage by stage" },
	{ "backup",       NULL,                 "a consistent copy of all data, while the server runs" },
	{ "restore",      NULL,                 "the data of a backup, for a server that starts anew" },
	{ "config",       config_command,       "print all settings with their meaning" },
	{ "check-config", check_config_command, "say what is wrong in a settings file, and where" },
	{ "check",        check_command,        "verify, and repair, the data of a stopped server" },
	{ "session",      session_command,      "one session on standard input and output" },
	{ "version",      version_command,      "print the version" },
	{ "help",         help_command,         "print this" },
};
/* clang-format on */

static const char *command_name_at(const void *context, size_t at)
{
	(void)context;
	return at < COUNT(commands) ? commands[at].name : NULL;
}

static int version_command(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	(void)puts("mailvisor " MAILVISOR_VERSION);
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

static int print_help(FILE *out)
{
	(void)fputs(
		"usage: mailvisor COMMAND [options]; mailvisor COMMAND --help says more\n\n", out);
	for (size_t i = 0; i < COUNT(commands); i++)
		(void)fprintf(out, "  %-13s %s\n", commands[i].name, commands[i].help);
	(void)fputs("\nA first mail server: mailvisor serve\n"
		    "then, beside it:     mailvisor domain add a.example\n"
		    "                     mailvisor account add alice@a.example\n",
		out);
	return out == stdout ? EXIT_DONE : EXIT_USAGE;
}

static int help_command(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return print_help(stdout);
}

/* Beside us, or ../libexec/mailvisor/ when we are in a bin directory. Returns only when it failed. */
static int run_client(char **argv)
{
	static const char *const places[] = { "/mailvisor-ctl",
		"/../libexec/mailvisor/mailvisor-ctl" };
	char own[WHERE_PATH_BYTES], path[WHERE_PATH_BYTES + 64];
	ssize_t len = readlink("/proc/self/exe", own, sizeof own - 1);

	own[len > 0 ? len : 0] = '\0';
	char *slash = strrchr(own, '/');
	for (size_t i = 0; slash != NULL && i < COUNT(places); i++) {
		(void)snprintf(path, sizeof path, "%.*s%s", (int)(slash - own), own, places[i]);
		(void)execv(path, argv);
	}
	(void)fprintf(stderr,
		"mailvisor: %s: its program mailvisor-ctl is missing (looked at %s): %m\n", argv[1],
		slash != NULL ? path : "nothing: /proc is not mounted");
	return EXIT_FAILED;
}

static int unknown_command(const char *name)
{
	const char *near = nearest(slice_of(name), command_name_at, NULL);

	(void)fprintf(stderr, "mailvisor: '%s' is no command%s%s%s; mailvisor help lists them\n",
		name, near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
		near != NULL ? "'?" : "");
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return print_help(stderr);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return print_help(stdout);
	if (strcmp(argv[1], "--version") == 0)
		return version_command(argc, argv);
	for (size_t i = 0; i < COUNT(commands); i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		if (commands[i].run == NULL)
			return run_client(argv);
		return commands[i].run(argc - 1, argv + 1);
	}
	return unknown_command(argv[1]);
}
