/* SPDX-License-Identifier: MIT */
#include "cmd/options.h"

#include <stdio.h>

bool options_take(struct options *o, int letter, struct error *e)
{
	switch (letter) {
	case 'd':
		o->data = optarg;
		return true;
	case 'c':
		o->is_config_given = where_from_here(optarg, o->config_path, e);
		return true;
	case 's':
		if (o->set_count == OPTIONS_SETS_MAX)
			(void)fail(e, FAULT_NEVER, "--set '%s': more than %d of them; use a file",
				optarg, (int)OPTIONS_SETS_MAX);
		else
			o->sets[o->set_count++] = optarg;
		return true;
	default:
		return false;
	}
}

static void say_problem(void *context, const char *path, unsigned line, const char *text)
{
	unsigned *count = context;

	(*count)++;
	if (line > 0)
		(void)fprintf(stderr, "%s:%u: %s\n", path, line, text);
	else
		(void)fprintf(stderr, "%s: %s\n", path, text);
}

bool options_read(struct options *o, struct config *ret, struct error *e)
{
	unsigned problems = 0;

	config_init(ret);
	if (!o->is_config_given && !where_config(o->config_path, e))
		return false;
	if (o->config_path[0] != '\0' && !config_read(ret, o->config_path, say_problem, &problems))
		return fail(e, FAULT_NEVER, "settings '%s': %u problem%s", o->config_path, problems,
			problems == 1 ? "" : "s");
	for (size_t i = 0; i < o->set_count; i++)
		if (!config_set_pair(ret, slice_of(o->sets[i]), e))
			return fail_in(e, "--set");
	return config_check(ret, e);
}

int options_fail(const struct error *e)
{
	(void)fprintf(stderr, "mailvisor: %s\n", e->text);
	return e->fault == FAULT_LATER ? EXIT_LATER : EXIT_FAILED;
}
