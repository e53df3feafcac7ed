/* SPDX-License-Identifier: MIT */
#include "lab/command/command.h"

#include "lab/run/external.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifdef LAB_HAS_IMAGE
#include "lab/image/image.h"
#endif

int command_failed(const struct error *e)
{
	(void)fprintf(stderr, "mailvisor-lab: %s\n", e->text);
	switch (e->fault) {
	case FAULT_LATER:
		return STATUS_LATER;
	case FAULT_GONE:
		return STATUS_STOPPED;
	case FAULT_NONE:
	case FAULT_NEVER:
		break;
	}
	return STATUS_FAILED;
}

/* As the user wrote it; nothing is bound to the experiment before all options are known. */
struct words {
	const char *experiment, *platforms, *external, *from, *to, *password_file, *blocks,
		*messages;
	const char *seed, *servers;
	bool is_quick;
};

static bool number_take(
	const char *name, const char *text, uint64_t max, uint64_t *ret, struct error *e)
{
	if (text == NULL || slice_number(slice_of(text), max, ret))
		return true;
	return fail(e, FAULT_NEVER, "--%s %.40s: want a number up to %llu", name, text,
		(unsigned long long)max);
}

static bool numbers_apply(const struct words *w, struct experiment *x, struct error *e)
{
	uint64_t blocks = x->blocks, messages = x->per_size;

	if (!number_take("blocks", w->blocks, EXPERIMENT_BLOCKS_MAX, &blocks, e) ||
		!number_take("messages", w->messages, WORKLOAD_MAILS_MAX, &messages, e) ||
		!number_take("seed", w->seed, INT32_MAX, &x->seed, e))
		return false;
	x->blocks = (unsigned)blocks;
	x->per_size = (unsigned)messages;
	return true;
}

/* --external NAME=HOST:SMTP:POP3 becomes the only platform, or one more beside --platforms. */
static bool external_apply(const struct words *w, struct experiment *x, struct error *e)
{
	struct slice text = slice_of(w->external);
	size_t equals = slice_find(text, '=');
	struct experiment_cell cell = { .is_control = false };

	if (w->platforms == NULL)
		x->cell_count = 0;
	int len = snprintf(cell.platform, sizeof cell.platform, EXTERNAL_PREFIX "%.*s",
		S_FMT(slice_skip(text, equals + 1)));
	if (equals == text.len || equals == 0 || len < 0 || (size_t)len >= sizeof cell.platform ||
		!slice_text(slice_first(text, equals), cell.label, sizeof cell.label))
		return fail(e, FAULT_NEVER, "--external %.80s: want NAME=HOST:SMTP-PORT:POP3-PORT",
			w->external);
	if (x->cell_count == EXPERIMENT_CELLS_MAX)
		return fail(e, FAULT_NEVER, "more than %d platforms", EXPERIMENT_CELLS_MAX);
	x->cells[x->cell_count++] = cell;
	return external_aim(slice_of(cell.platform), e);
}

static bool address_take(const char *text, char room[EXPERIMENT_TEXT_BYTES], struct error *e)
{
	if (text == NULL || slice_text(slice_of(text), room, EXPERIMENT_TEXT_BYTES))
		return true;
	return fail(e, FAULT_NEVER, "the address '%.60s...' is too long", text);
}

static bool experiment_find(const struct words *w, struct experiment *ret, struct error *e)
{
	bool is_file = w->experiment != NULL && strpbrk(w->experiment, "/.") != NULL;
	struct slice name = w->experiment == NULL ? S("paper") : slice_of(w->experiment);

	if (is_file ? !experiment_read(w->experiment, ret, e)
		    : !experiment_builtin(name, w->is_quick, ret, e))
		return false;
	if (!numbers_apply(w, ret, e) || !address_take(w->from, ret->from, e) ||
		!address_take(w->to, ret->to, e))
		return false;
	if (w->platforms != NULL && !experiment_choose(ret, slice_of(w->platforms), e))
		return false;
	if (w->servers != NULL && !experiment_serve(ret, slice_of(w->servers), e))
		return false;
	if (w->external != NULL && !external_apply(w, ret, e))
		return false;
	return experiment_check(ret, e);
}

/* A file's first line, or random letters for servers that we start ourselves. */
static bool password_make(const char *path, char ret[128], struct error *e)
{
	unsigned char bytes[16];
	auto_buf text = { .max = 4096 };

	if (path != NULL) {
		if (!file_get(path, &text, e))
			return false;
		struct slice line =
			slice_first(buf_slice(&text), slice_find(buf_slice(&text), '\n'));
		return slice_text(slice_trim(line), ret, 128) ||
		       fail(e, FAULT_NEVER, "'%s': the password has more than 127 bytes", path);
	}
	if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
		return fail(e, FAULT_LATER, "make a password: %m");
	for (size_t i = 0; i < sizeof bytes; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
	return true;
}

static bool absolute(char path[PATH_MAX], struct error *e)
{
	char here[PATH_MAX], whole[PATH_MAX];

	if (path[0] == '/')
		return true;
	if (getcwd(here, sizeof here) == NULL)
		return fail(e, FAULT_LATER, "find the working directory: %m");
	if (!path_join(here, path, whole, e))
		return false;
	(void)snprintf(path, PATH_MAX, "%s", whole);
	return true;
}

static bool places_fill(struct command_options *o, struct error *e)
{
	if (o->out[0] == '\0') {
		time_t now = time(NULL);
		struct tm t;
		char stamp[32];

		(void)gmtime_r(&now, &t);
		(void)strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &t);
		(void)snprintf(o->out, sizeof o->out, "results/%s-%s", o->run.x.name, stamp);
	}
	if (!absolute(o->out, e) || !absolute(o->work, e))
		return false;
#ifdef LAB_HAS_IMAGE
	struct error ignored = { .fault = FAULT_NONE };
	if (o->server[0] == '\0')
		(void)!image_server_find(o->server, &ignored);
#endif
	if (o->server[0] == '\0')
		(void)snprintf(o->server, sizeof o->server, "/usr/bin/mailvisor");
	return absolute(o->server, e) && (o->packages[0] == '\0' || absolute(o->packages, e)) &&
	       (o->image[0] == '\0' || absolute(o->image, e));
}

static void path_take(char room[PATH_MAX], const char *text)
{
	(void)snprintf(room, PATH_MAX, "%s", text);
}

enum {
	OPT_QUICK = 1000,
	OPT_OUT,
	OPT_PLATFORMS,
	OPT_BLOCKS,
	OPT_MESSAGES,
	OPT_SEED,
	OPT_SERVER,
	OPT_IMAGE,
	OPT_WORK,
	OPT_EXTERNAL,
	OPT_FROM,
	OPT_TO,
	OPT_PASSWORD_FILE,
	OPT_SERVERS,
	OPT_PACKAGES,
	OPT_HELP
};

/* clang-format off */
static const struct option long_options[] = {
	{ "quick", no_argument, NULL, OPT_QUICK },
	{ "out", required_argument, NULL, OPT_OUT },
	{ "platforms", required_argument, NULL, OPT_PLATFORMS },
	{ "blocks", required_argument, NULL, OPT_BLOCKS },
	{ "messages", required_argument, NULL, OPT_MESSAGES },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "server", required_argument, NULL, OPT_SERVER },
	{ "image", required_argument, NULL, OPT_IMAGE },
	{ "work", required_argument, NULL, OPT_WORK },
	{ "external", required_argument, NULL, OPT_EXTERNAL },
	{ "from", required_argument, NULL, OPT_FROM },
	{ "to", required_argument, NULL, OPT_TO },
	{ "password-file", required_argument, NULL, OPT_PASSWORD_FILE },
	{ "servers", required_argument, NULL, OPT_SERVERS },
	{ "packages", required_argument, NULL, OPT_PACKAGES },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};
/* clang-format on */

/* False for help and for anything unknown. */
static bool word_take(int option, struct words *w, struct command_options *o)
{
	const struct {
		int option;
		const char **text;
	} texts[] = { { OPT_PLATFORMS, &w->platforms }, { OPT_BLOCKS, &w->blocks },
		{ OPT_MESSAGES, &w->messages }, { OPT_SEED, &w->seed },
		{ OPT_EXTERNAL, &w->external }, { OPT_FROM, &w->from }, { OPT_TO, &w->to },
		{ OPT_PASSWORD_FILE, &w->password_file }, { OPT_SERVERS, &w->servers } };
	const struct {
		int option;
		char *path;
	} paths[] = { { OPT_OUT, o->out }, { OPT_SERVER, o->server }, { OPT_IMAGE, o->image },
		{ OPT_WORK, o->work }, { OPT_PACKAGES, o->packages } };

	w->is_quick = w->is_quick || option == OPT_QUICK;
	for (size_t i = 0; i < COUNT(texts); i++) {
		if (texts[i].option == option)
			*texts[i].text = optarg;
	}
	for (size_t i = 0; i < COUNT(paths); i++) {
		if (paths[i].option == option)
			path_take(paths[i].path, optarg);
	}
	return option != OPT_HELP && option != '?';
}

bool command_options_read(
	int argc, char **argv, const char *usage, struct command_options *ret, int *ret_status)
{
	struct error e = { .fault = FAULT_NONE };
	struct words w = { .is_quick = false };
	int option;

	memset(ret, 0, sizeof *ret);
	path_take(ret->work, "/var/tmp");
	while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		if (word_take(option == 'h' ? OPT_HELP : option, &w, ret))
			continue;
		bool is_help = option == OPT_HELP || option == 'h';

		(void)fputs(usage, is_help ? stdout : stderr);
		*ret_status = is_help ? STATUS_GOOD : STATUS_USAGE;
		return false;
	}
	if (optind < argc)
		w.experiment = argv[optind++];
	if (optind < argc) {
		(void)fprintf(stderr, "mailvisor-lab: '%s' is one word too many\n%s", argv[optind],
			usage);
		*ret_status = STATUS_USAGE;
		return false;
	}
	ret->has_image = ret->image[0] != '\0';
	if (!experiment_find(&w, &ret->run.x, &e) ||
		!password_make(w.password_file, ret->password, &e) || !places_fill(ret, &e)) {
		*ret_status = command_failed(&e);
		return false;
	}
	ret->run.trial = (struct trial_options){ .folder = ret->out,
		.work_root = ret->work,
		.server_path = ret->server,
		.image_path = ret->image,
		.packages_path = ret->packages[0] != '\0' ? ret->packages : NULL,
		.password = ret->password };
	return true;
}

#ifdef LAB_HAS_IMAGE
/* A kernel and our server in one folder; made again for each run, so that it is never an old one. */
bool command_image_make(struct command_options *o, const char *folder, struct error *e)
{
	bool is_wanted = false;

	for (unsigned i = 0; i < o->run.x.cell_count; i++) {
		const struct platform *p = platform_find(slice_of(o->run.x.cells[i].platform));

		is_wanted = is_wanted || (p != NULL && p->is_virtual);
	}
	if (o->has_image || !is_wanted)
		return true;
	struct error why = { .fault = FAULT_NONE };
	if (!folder_make(folder, e) || !path_join(folder, "image", o->image, e))
		return false;
	struct image_plan plan = { .directory = o->image, .server_path = o->server };
	/* Without an image the virtual platforms say themselves that they cannot be measured. */
	if (!image_build(&plan, &why))
		(void)fprintf(
			stderr, "mailvisor-lab: no appliance for virtual machines: %s\n", why.text);
	return true;
}
#else
bool command_image_make(struct command_options *o, const char *folder, struct error *e)
{
	(void)o;
	(void)folder;
	(void)e;
	return true;
}
#endif
