/* SPDX-License-Identifier: MIT */
/* move, durability: what happens to a server in its life, beside serving. */
#include "lab/command/command.h"

#include "lab/durability/durability.h"
#include "lab/image/image.h"
#include "lab/lifecycle/move.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum {
	PLATFORMS_MAX = 16,
	MAILS_DEFAULT = 60,
	MAILS_MAX = 100000,
	CPUS_DEFAULT = 1,
	MEMORY_MIB_DEFAULT = 256,
	DISK_MIB_DEFAULT = 512,
	DEADLINE_S_DEFAULT = 120,
};

static volatile bool is_cancelled;

static void on_signal(int number)
{
	(void)number;
	is_cancelled = true;
}

/* A second signal ends the program at once, as usual. */
static void signals_take(void)
{
	struct sigaction stop = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };

	(void)sigaction(SIGINT, &stop, NULL);
	(void)sigaction(SIGTERM, &stop, NULL);
	(void)sigaction(SIGHUP, &stop, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

static void on_step(void *context, const char *platform, const char *what)
{
	(void)context;
	(void)fprintf(stderr, "mailvisor-lab: %s: %s\n", platform, what);
}

/* What these commands have in common, as the user said it. */
struct life {
	struct life_options options;
	char work[PATH_MAX], server[PATH_MAX], image[PATH_MAX], password[40];
	bool has_image;
	const struct platform *platforms[PLATFORMS_MAX];
	unsigned count;
};

enum { OPT_WORK = 1000, OPT_SERVER, OPT_IMAGE, OPT_MAILS, OPT_HELP };

/* clang-format off */
static const struct option life_longs[] = {
	{ "work", required_argument, NULL, OPT_WORK },
	{ "server", required_argument, NULL, OPT_SERVER },
	{ "image", required_argument, NULL, OPT_IMAGE },
	{ "mails", required_argument, NULL, OPT_MAILS },
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

static bool number_take(const char *text, uint64_t most, unsigned *ret, struct error *e)
{
	uint64_t number = 0;

	if (!slice_number(slice_of(text), most, &number) || number == 0)
		return fail(e, FAULT_NEVER, "'%.40s': want a number from 1 to %llu", text,
			(unsigned long long)most);
	*ret = (unsigned)number;
	return true;
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
	default:
		return number_take(optarg, MAILS_MAX, &l->options.mails, e);
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

static bool life_begin(struct life *l, struct error *e)
{
	*l = (struct life){ .options = { .work_root = l->work,
				    .server_path = l->server,
				    .image_path = l->image,
				    .password = l->password,
				    .cpu_count = CPUS_DEFAULT,
				    .memory_mib = MEMORY_MIB_DEFAULT,
				    .disk_mib = DISK_MIB_DEFAULT,
				    .mails = MAILS_DEFAULT,
				    .repeats = 1,
				    .deadline_ms = (uint64_t)DEADLINE_S_DEFAULT * 1000,
				    .is_cancelled = &is_cancelled,
				    .on_step = on_step } };
	(void)snprintf(l->work, sizeof l->work, "/var/tmp");
	return password_make(l->password, e);
}

/* -1: go on with argv[optind]. */
static int life_read(int argc, char **argv, const char *usage, struct life *l)
{
	struct error e = { .fault = FAULT_NONE };
	int option;

	if (!life_begin(l, &e))
		return command_failed(&e);
	while ((option = getopt_long(argc, argv, "h", life_longs, NULL)) != -1) {
		if (option == OPT_HELP || option == 'h' || option == '?') {
			(void)fputs(usage, option == '?' ? stderr : stdout);
			return option == '?' ? STATUS_USAGE : STATUS_GOOD;
		}
		if (!option_take(l, option, &e)) {
			(void)command_failed(&e);
			return STATUS_USAGE;
		}
	}
	if (l->server[0] == '\0' && !image_server_find(l->server, &e))
		return command_failed(&e);
	return -1;
}

static bool platform_take(struct life *l, struct slice name, struct error *e)
{
	const struct platform *p = platform_find(name);

	if (p == NULL)
		return fail(e, FAULT_NEVER, "there is no platform '%.*s'",
			S_FMT(slice_first(name, 40)));
	if (l->count == PLATFORMS_MAX)
		return fail(e, FAULT_NEVER, "more than %d platforms", PLATFORMS_MAX);
	l->platforms[l->count++] = p;
	return true;
}

/* The appliance for those that need one, in a folder that goes afterwards. */
static bool image_make(struct life *l, const char *folder, struct error *e)
{
	bool is_wanted = false;

	for (unsigned i = 0; i < l->count; i++)
		is_wanted = is_wanted || l->platforms[i]->is_virtual;
	if (!is_wanted || l->has_image)
		return true;
	on_step(NULL, "image", "building the appliance");
	return path_join(folder, "image", l->image, e) &&
	       image_build(
		       &(struct image_plan){ .directory = l->image, .server_path = l->server }, e);
}

/* Does each start here? The first that does not is a failure with its reason. */
static bool all_probed(const struct life *l, const char *folder, struct error *e)
{
	char reason[PLATFORM_REASON_BYTES], work[PATH_MAX];
	struct deploy_plan plan = { .server_path = l->server,
		.image_path = l->image,
		.work_path = work,
		.is_cancelled = &is_cancelled };

	if (!path_join(folder, "probe", work, e) || !folder_make(work, e))
		return false;
	for (unsigned i = 0; i < l->count; i++) {
		if (!l->platforms[i]->probe(&plan, reason))
			return fail(e, FAULT_NEVER, "'%s' does not run here: %s",
				l->platforms[i]->name, reason);
	}
	return true;
}

static bool scratch_make(const struct life *l, char ret[PATH_MAX], struct error *e)
{
	if (!path_join(l->work, "mvlab-life-XXXXXX", ret, e))
		return false;
	return mkdtemp(ret) != NULL || fail(e, FAULT_LATER, "make a folder '%s': %m", ret);
}

static const char move_usage[] =
	"usage: mailvisor-lab move A B [C...] [--mails N] [--server PROGRAM] [--image DIRECTORY]\n"
	"                          [--work DIRECTORY]\n"
	"\n"
	"Starts a server on platform A, fills mailboxes, and carries it with its data to B, then "
	"to C "
	"...\n"
	"while mail comes in and somebody knocks every 10 ms. Every mail is verified: SHA-256, "
	"UID,\n"
	"UIDVALIDITY, flags and date; none that was acknowledged may be missing. Prints the gap.\n";

int command_move(int argc, char **argv)
{
	static struct life l;
	struct move_result results[PLATFORMS_MAX];
	struct error e = { .fault = FAULT_NONE }, ignored = { .fault = FAULT_NONE };
	char scratch[PATH_MAX] = "";
	int status = life_read(argc, argv, move_usage, &l);

	if (status >= 0)
		return status;
	bool is_good = true;

	for (int i = optind; is_good && i < argc; i++)
		is_good = platform_take(&l, slice_of(argv[i]), &e);
	if (!is_good || l.count < 2) {
		(void)fprintf(stderr, "mailvisor-lab: %s\n%s",
			is_good ? "move wants two platforms or more" : e.text, move_usage);
		return STATUS_USAGE;
	}
	signals_take();
	is_good = scratch_make(&l, scratch, &e) && image_make(&l, scratch, &e) &&
		  all_probed(&l, scratch, &e) &&
		  move_chain(&l.options, l.platforms, l.count, results, &e);
	if (scratch[0] != '\0')
		(void)!folder_remove(scratch, &ignored);
	return is_good ? STATUS_GOOD : command_failed(&e);
}

static const char durability_usage[] =
	"usage: mailvisor-lab durability PLATFORM... [--server PROGRAM] [--image DIRECTORY]\n"
	"                                [--work DIRECTORY]\n"
	"\n"
	"Is a mail on this machine's disk when the server says 250? Asks a server on each "
	"platform, by "
	"looking\n"
	"for the mail in the files that hold its data, and whether those are written.\n";

static bool durability_print(struct place *p, struct error *e)
{
	struct durability_found found;

	if (!place_deploy(p, e) || !durability_probe(&p->deployment, p->work,
					   p->accounts[0].address, place_load_address(), &found, e))
		return false;
	(void)printf("%-12s %-8s %s; a mail %.0f us, a flush of this disk %.0f us",
		p->platform->name, durability_name(found.class), found.reason, found.accept_us,
		found.host_us);
	if (found.flushes != UINT64_MAX)
		(void)printf("; %llu flushes for %llu mails", (unsigned long long)found.flushes,
			(unsigned long long)found.flush_mails);
	(void)printf("\n");
	return fflush(stdout) == 0;
}

static bool durability_all(const struct life *l, struct error *e)
{
	static struct place p;
	bool is_good = true;

	for (unsigned i = 0; is_good && i < l->count; i++) {
		is_good =
			place_open(&l->options, l->platforms[i], &p, e) && durability_print(&p, e);
		place_close(&p);
	}
	return is_good;
}

int command_durability(int argc, char **argv)
{
	static struct life l;
	struct error e = { .fault = FAULT_NONE }, ignored = { .fault = FAULT_NONE };
	char scratch[PATH_MAX] = "";
	int status = life_read(argc, argv, durability_usage, &l);

	if (status >= 0)
		return status;
	bool is_good = optind < argc || fail(&e, FAULT_NEVER, "name a platform");

	for (int i = optind; is_good && i < argc; i++)
		is_good = platform_take(&l, slice_of(argv[i]), &e);
	signals_take();
	is_good = is_good && scratch_make(&l, scratch, &e) && image_make(&l, scratch, &e) &&
		  all_probed(&l, scratch, &e) && durability_all(&l, &e);
	if (scratch[0] != '\0')
		(void)!folder_remove(scratch, &ignored);
	return is_good ? STATUS_GOOD : command_failed(&e);
}
