/* SPDX-License-Identifier: MIT */
#include "lab/command/life.h"

#include "lab/command/stop.h"
#include "lab/files/owner.h"
#include "lab/image/image.h"
#include "lab/platform/sweep.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum {
	MAILS_DEFAULT = 60,
	MAILS_MAX = 100000,
	CPUS_DEFAULT = 1,
	MEMORY_MIB_DEFAULT = 256,
	DISK_MIB_DEFAULT = 512,
	DEADLINE_S_DEFAULT = 120,
	RATE_MAX = 1000,
	SECONDS_MAX = 3600,
	MS_MAX = 600000,
	MIB_MAX = 1 << 20,
};

static void on_step(void *context, const char *platform, const char *what)
{
	(void)context;
	(void)fprintf(stderr, "mailvisor-lab: %s: %s\n", platform, what);
}

enum {
	OPT_WORK = 1000,
	OPT_SERVER,
	OPT_IMAGE,
	OPT_OUT,
	OPT_MAILS,
	OPT_REPEATS,
	OPT_PLATFORMS,
	OPT_TRIALS,
	OPT_HARDWARE,
	OPT_DOMAINS,
	OPT_RATE,
	OPT_SECONDS,
	OPT_P95,
	OPT_MEMORY,
	OPT_HELP
};

/* clang-format off */
static const struct option longs[] = {
	{ "work", required_argument, NULL, OPT_WORK },
	{ "server", required_argument, NULL, OPT_SERVER },
	{ "image", required_argument, NULL, OPT_IMAGE },
	{ "out", required_argument, NULL, OPT_OUT },
	{ "mails", required_argument, NULL, OPT_MAILS },
	{ "repeats", required_argument, NULL, OPT_REPEATS },
	{ "platforms", required_argument, NULL, OPT_PLATFORMS },
	{ "trials", required_argument, NULL, OPT_TRIALS },
	{ "hardware", required_argument, NULL, OPT_HARDWARE },
	{ "domains", required_argument, NULL, OPT_DOMAINS },
	{ "rate", required_argument, NULL, OPT_RATE },
	{ "seconds", required_argument, NULL, OPT_SECONDS },
	{ "p95", required_argument, NULL, OPT_P95 },
	{ "memory", required_argument, NULL, OPT_MEMORY },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};
/* clang-format on */

static bool absolute(const char *given, char ret[PATH_MAX], struct error *e)
{
	char here[PATH_MAX];

	if (given[0] == '/' || getcwd(here, sizeof here) == NULL)
		return snprintf(ret, PATH_MAX, "%s", given) < PATH_MAX ||
		       fail(e, FAULT_NEVER, "path '%.100s...': too long", given);
	return path_join(here, given, ret, e);
}

static bool count_take(const char *text, unsigned most, unsigned *ret, struct error *e)
{
	uint64_t number = 0;

	if (!slice_number(slice_of(text), most, &number) || number == 0)
		return fail(e, FAULT_NEVER, "'%.40s': want a number from 1 to %u", text, most);
	*ret = (unsigned)number;
	return true;
}

static bool number_take(const char *text, double most, double *ret, struct error *e)
{
	char *end;
	double number = strtod(text, &end);

	if (end == text || *end != '\0' || !(number > 0 && number <= most))
		return fail(
			e, FAULT_NEVER, "'%.40s': want a number above 0, at most %.0f", text, most);
	*ret = number;
	return true;
}

/* "cache=unsafe" */
static bool hardware_take(const char *text, struct hardware *to, struct error *e)
{
	size_t equals = slice_find(slice_of(text), '=');
	struct slice key = slice_first(slice_of(text), equals);

	for (unsigned k = 0; k < HARDWARE_KEY_COUNT; k++) {
		if (slice_same(key, slice_of(hardware_key_name((enum hardware_key)k))))
			return hardware_set(to, (enum hardware_key)k,
				slice_skip(slice_of(text), equals + 1), e);
	}
	return fail(e, FAULT_NEVER,
		"--hardware '%.40s': want nic, disk, cache, format, filesystem or network, =, and "
		"a "
		"value",
		text);
}

static bool option_take(struct life *l, int option, struct error *e)
{
	switch (option) {
	case OPT_WORK:
		return absolute(optarg, l->work, e);
	case OPT_SERVER:
		return absolute(optarg, l->server, e);
	case OPT_IMAGE:
		l->has_image = true;
		return absolute(optarg, l->image, e);
	case OPT_OUT:
		return absolute(optarg, l->out, e);
	case OPT_PLATFORMS:
		l->list = optarg;
		return true;
	case OPT_TRIALS:
		l->trials = optarg;
		return lifecycle_trials_check(optarg, e);
	case OPT_HARDWARE:
		return hardware_take(optarg, &l->options.hardware, e);
	case OPT_MAILS:
		return count_take(optarg, MAILS_MAX, &l->options.mails, e);
	case OPT_REPEATS:
		return count_take(optarg, LEDGER_VALUES_MAX, &l->options.repeats, e);
	case OPT_DOMAINS:
		return count_take(optarg, CONSOLIDATION_DOMAINS_MAX, &l->crowd.domains_max, e);
	case OPT_RATE:
		return number_take(optarg, RATE_MAX, &l->crowd.rate_per_s, e);
	case OPT_SECONDS:
		return number_take(optarg, SECONDS_MAX, &l->crowd.seconds, e);
	case OPT_P95:
		return number_take(optarg, MS_MAX, &l->crowd.p95_most_ms, e);
	default:
		return number_take(optarg, MIB_MAX, &l->crowd.memory_most_mib, e);
	}
}

static bool password_make(char ret[40], struct error *e)
{
	unsigned char bytes[16];

	if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
		return fail(e, FAULT_LATER, "make a password: %m");
	for (size_t i = 0; i < sizeof bytes; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
	return true;
}

static bool defaults_set(struct life *l, struct error *e)
{
	*l = (struct life){ .options = { .work_root = l->work,
				    .server_path = l->server,
				    .image_path = l->image,
				    .password = l->password,
				    .cpu_count = CPUS_DEFAULT,
				    .memory_mib = MEMORY_MIB_DEFAULT,
				    .disk_mib = DISK_MIB_DEFAULT,
				    .mails = MAILS_DEFAULT,
				    .deadline_ms = (uint64_t)DEADLINE_S_DEFAULT * 1000,
				    .is_cancelled = stop_flag(),
				    .on_step = on_step },
		.crowd = CONSOLIDATION_DEFAULT };
	(void)snprintf(l->work, sizeof l->work, "/var/tmp");
	return password_make(l->password, e);
}

/* "results/NAME-TIME" when nobody said where. */
static bool out_choose(struct life *l, const char *name, struct error *e)
{
	time_t now = time(NULL);
	struct tm t;
	char stamp[32], given[80];

	if (l->out[0] != '\0')
		return true;
	(void)gmtime_r(&now, &t);
	(void)strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &t);
	(void)snprintf(given, sizeof given, "results/%.30s-%s", name, stamp);
	return absolute(given, l->out, e);
}

int life_read(int argc, char **argv, const char *usage, struct life *l)
{
	struct error e = { .fault = FAULT_NONE };
	int option;

	if (!defaults_set(l, &e))
		return command_failed(&e);
	while ((option = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		if (option == OPT_HELP || option == 'h' || option == '?') {
			(void)fputs(usage, option == '?' ? stderr : stdout);
			return option == '?' ? STATUS_USAGE : STATUS_GOOD;
		}
		if (!option_take(l, option, &e)) {
			(void)command_failed(&e);
			return STATUS_USAGE;
		}
	}
	if ((l->server[0] == '\0' && !image_server_find(l->server, &e)) ||
		!out_choose(l, argv[0], &e))
		return command_failed(&e);
	return -1;
}

bool life_platform(struct life *l, struct slice name, struct error *e)
{
	const struct platform *p = platform_find(name);

	if (p == NULL)
		return fail(e, FAULT_NEVER, "there is no platform '%.*s'",
			S_FMT(slice_first(name, 40)));
	if (l->count == LIFE_PLATFORMS_MAX)
		return fail(e, FAULT_NEVER, "more than %d platforms", LIFE_PLATFORMS_MAX);
	l->platforms[l->count++] = p;
	return true;
}

bool life_platforms(struct life *l, struct error *e)
{
	struct slice rest = l->list == NULL ? S("process,container,uml,tcg") : slice_of(l->list);

	while (rest.len > 0) {
		struct slice name = slice_first(rest, slice_find(rest, ','));

		if (!life_platform(l, name, e))
			return false;
		rest = slice_skip(rest, name.len + 1);
	}
	return l->count > 0 || fail(e, FAULT_NEVER, "name a platform");
}

static bool image_make(struct life *l, struct error *e)
{
	bool is_wanted = false;

	for (unsigned i = 0; i < l->count; i++)
		is_wanted = is_wanted || l->platforms[i]->is_virtual;
	if (!is_wanted || l->has_image)
		return true;
	on_step(NULL, "image", "building the appliance");
	return path_join(l->scratch, "image", l->image, e) &&
	       image_build(
		       &(struct image_plan){ .directory = l->image, .server_path = l->server }, e);
}

static bool platforms_probe(struct life *l, bool is_named, struct error *e)
{
	char reason[PLATFORM_REASON_BYTES], work[PATH_MAX];
	struct deploy_plan plan = { .server_path = l->server,
		.image_path = l->image,
		.work_path = work,
		.hardware = l->options.hardware,
		.is_cancelled = stop_flag() };
	unsigned count = 0;

	if (!path_join(l->scratch, "probe", work, e) || !folder_make(work, e))
		return false;
	for (unsigned i = 0; i < l->count; i++) {
		const struct platform *p = l->platforms[i];

		if (p->probe(&plan, reason))
			l->platforms[count++] = p;
		else if (is_named)
			return fail(e, FAULT_NEVER, "'%s' does not run here: %s", p->name, reason);
		else
			(void)fprintf(
				stderr, "mailvisor-lab: %s is left out: %s\n", p->name, reason);
	}
	l->count = count;
	return count > 0 || fail(e, FAULT_NEVER, "no platform runs here");
}

bool life_begin(struct life *l, bool is_named, struct error *e)
{
	stop_on_signals();
	command_sweep(l->work);
	return owner_folder_make(l->work, SWEEP_WORK, l->scratch, e) && image_make(l, e) &&
	       platforms_probe(l, is_named, e);
}

void life_end(struct life *l)
{
	struct error ignored = { .fault = FAULT_NONE };

	if (l->scratch[0] != '\0')
		(void)!folder_remove(l->scratch, &ignored);
}

int life_status(struct life *l, bool is_good, const struct error *e)
{
	life_end(l);
	return is_good ? STATUS_GOOD : command_failed(e);
}
