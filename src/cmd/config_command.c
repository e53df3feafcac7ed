/* SPDX-License-Identifier: MIT */
#include "cmd/command.h"
#include "cmd/options.h"
#include "net/tls.h"

#include <stdio.h>
#include <unistd.h>

enum { CONFIG_PRINT_BYTES = 64 << 10 };

static int usage(FILE *out, const char *text)
{
	(void)fputs(text, out);
	return out == stdout ? EXIT_DONE : EXIT_USAGE;
}

/* Reads the options of both commands; -1: go on. */
static int take_options(int argc, char **argv, struct options *o, const char *help)
{
	static const struct option longs[] = { OPTIONS_COMMON, { 0 } };
	struct error e = { .fault = FAULT_NONE };
	int letter;

	while ((letter = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (letter == 'h')
			return usage(stdout, help);
		if (!options_take(o, letter, &e))
			return usage(stderr, help);
		if (e.fault != FAULT_NONE)
			return options_fail(&e);
	}
	return -1;
}

int config_command(int argc, char **argv)
{
	static const char help[] =
		"usage: mailvisor config [--config FILE] [--set key=value]...\n"
		"Prints every setting with its value and meaning, as a settings file.\n";
	struct options o = { 0 };
	struct config config;
	struct error e = { .fault = FAULT_NONE };
	auto_buf out = { .max = CONFIG_PRINT_BYTES };
	int status = take_options(argc, argv, &o, help);

	if (status >= 0)
		return status;
	if (optind < argc)
		return usage(stderr, help);
	if (!options_read(&o, &config, &e))
		return options_fail(&e);
	if (!config_print(&config, &out))
		return EXIT_FAILED;
	(void)printf("# Settings of mailvisor; lines with # show defaults. Read from: %s\n\n%.*s",
		o.config_path[0] != '\0' ? o.config_path : "(no file)", S_FMT(buf_slice(&out)));
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

/* Those that the server would read: here they belong together, or somebody is told before the restart. */
static bool check_certificate(const struct config *c, struct error *e)
{
	struct tls_config *tls = NULL;

	if (!c->tls_on || c->tls_cert[0] != '/' || c->tls_key[0] != '/' ||
		access(c->tls_cert, R_OK) < 0 || access(c->tls_key, R_OK) < 0)
		return true;
	bool is_good = tls_config_open(c->tls_cert, c->tls_key, &tls, e);
	tls_config_close(tls);
	return is_good;
}

int check_config_command(int argc, char **argv)
{
	static const char help[] = "usage: mailvisor check-config [FILE] [--set key=value]...\n"
				   "Says what is wrong in a settings file, and on which line.\n";
	struct options o = { 0 };
	struct config config;
	struct error e = { .fault = FAULT_NONE };
	int status = take_options(argc, argv, &o, help);

	if (status >= 0)
		return status;
	if (argc - optind > 1)
		return usage(stderr, help);
	if (optind < argc) {
		optarg = argv[optind];
		(void)options_take(&o, 'c', &e);
	}
	if (e.fault != FAULT_NONE || !options_read(&o, &config, &e) ||
		!check_certificate(&config, &e))
		return options_fail(&e);
	if (o.config_path[0] == '\0')
		(void)puts(o.set_count > 0
				   ? "There is no settings file; what was given with --set is good."
				   : "There is no settings file; the defaults are good.");
	else
		(void)printf("%s: good\n", o.config_path);
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}
