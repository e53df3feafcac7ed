/* SPDX-License-Identifier: MIT */
#include "lab/experiment/experiment.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

enum { CPUS_MAX = 256, MEMORY_MIB_MIN = 64, MEMORY_MIB_MAX = 1 << 20 };

unsigned experiment_per_size(const struct experiment *x, unsigned cell)
{
	return x->cells[cell].per_size > 0 ? x->cells[cell].per_size : x->per_size;
}

unsigned experiment_cpus(const struct experiment *x, const struct experiment_cell *cell)
{
	return cell->cpu_count > 0 ? cell->cpu_count : x->cpu_count;
}

unsigned experiment_memory_mib(const struct experiment *x, const struct experiment_cell *cell)
{
	return cell->memory_mib > 0 ? cell->memory_mib : x->memory_mib;
}

static bool in_range(
	const char *key, uint64_t value, uint64_t least, uint64_t most, struct error *e)
{
	if (value >= least && value <= most)
		return true;
	return fail(e, FAULT_NEVER, "%s = %" PRIu64 ": must be %" PRIu64 " to %" PRIu64, key, value,
		least, most);
}

/* It names folders and columns, and stands unquoted in the canonical text. */
static bool label_is_fine(const char *label)
{
	for (const char *at = label; *at != '\0'; at++) {
		if (!ascii_is_alpha(*at) && !ascii_is_digit(*at) && strchr("._-", *at) == NULL)
			return false;
	}
	return label[0] != '\0' && label[0] != '.';
}

static bool cells_check(const struct experiment *x, struct error *e)
{
	for (unsigned i = 0; i < x->cell_count; i++) {
		if (!label_is_fine(x->cells[i].label))
			return fail(e, FAULT_NEVER,
				"platform '%s': a label has letters, digits, '.', '_' and '-', and "
				"does not "
				"begin with a dot",
				x->cells[i].label);
		if (!in_range("messages", experiment_per_size(x, i), 1,
			    WORKLOAD_MAILS_MAX / WORKLOAD_SIZES_MAX, e) ||
			!in_range("cpus", experiment_cpus(x, &x->cells[i]), 1, CPUS_MAX, e) ||
			!in_range("memory_mib", experiment_memory_mib(x, &x->cells[i]),
				MEMORY_MIB_MIN, MEMORY_MIB_MAX, e))
			return false;
		if (x->cells[i].server[0] != '\0' &&
			server_find(slice_of(x->cells[i].server)) == NULL)
			return fail(e, FAULT_NEVER, "platform %s: there is no server '%s'",
				x->cells[i].label, x->cells[i].server);
		for (unsigned k = 0; k < i; k++) {
			if (strcmp(x->cells[i].label, x->cells[k].label) == 0)
				return fail(e, FAULT_NEVER, "platforms: '%s' stands there twice",
					x->cells[i].label);
		}
	}
	return true;
}

static bool set_is_fine(const char *set)
{
	const char *equals = strchr(set, '=');

	for (const char *at = set; equals != NULL && at < equals; at++) {
		if (!ascii_is_alpha(*at) && strchr("._", *at) == NULL)
			return false;
	}
	return equals != NULL && equals > set;
}

/* What only our server has, and what only TLS has. */
static bool ways_check(const struct experiment *x, struct error *e)
{
	for (unsigned i = 0; i < x->cell_count; i++) {
		const struct experiment_cell *c = &x->cells[i];
		bool is_ours =
			c->server[0] == '\0' || strcmp(c->server, server_mailvisor.name) == 0;

		if (c->way.resumes && !way_has_tls(&c->way))
			return fail(e, FAULT_NEVER,
				"platform %s: 'resume' belongs to submit = starttls or tls",
				c->label);
		if (c->set_count > 0 && !is_ours)
			return fail(e, FAULT_NEVER,
				"platform %s: 'set' changes settings of Mailvisor, not of '%s'",
				c->label, c->server);
		for (unsigned k = 0; k < c->set_count; k++) {
			if (!set_is_fine(c->sets[k]))
				return fail(e, FAULT_NEVER,
					"platform %s: set: '%s' is none like \"trace.keep=0h\"",
					c->label, c->sets[k]);
		}
	}
	return true;
}

static bool sizes_check(const struct experiment *x, struct error *e)
{
	for (unsigned i = 0; i < x->size_count; i++) {
		if (!in_range("sizes", x->sizes[i], LETTER_BYTES_MIN, LETTER_BYTES_MAX, e))
			return false;
		if (i > 0 && x->sizes[i] <= x->sizes[i - 1])
			return fail(e, FAULT_NEVER, "sizes: must grow from left to right");
	}
	return true;
}

bool experiment_check(const struct experiment *x, struct error *e)
{
	if (x->name[0] == '\0')
		return fail(e, FAULT_NEVER, "the experiment has no name");
	if (strchr(x->from, '@') == NULL || strchr(x->to, '@') == NULL)
		return fail(e, FAULT_NEVER, "from and to must be addresses like 'alice@a.example'");
	if (!claims_check(x->claims, x->claim_count, e))
		return false;
	return in_range("platforms", x->cell_count, 1, EXPERIMENT_CELLS_MAX, e) &&
	       in_range("sizes", x->size_count, 1, WORKLOAD_SIZES_MAX, e) && cells_check(x, e) &&
	       ways_check(x, e) && sizes_check(x, e) &&
	       in_range("blocks", x->blocks, 1, EXPERIMENT_BLOCKS_MAX, e) &&
	       in_range("warmup", x->warmup, 0, 100000, e) &&
	       in_range("literal", x->literal_count, 1, 1000, e) &&
	       in_range("poll_us", x->poll_interval_us, 100, 60000000, e) &&
	       in_range("message_deadline_ms", x->message_deadline_ms, 10, 600000, e) &&
	       in_range("deploy_deadline_ms", x->deploy_deadline_ms, 100, 3600000, e) &&
	       in_range("cpus", x->cpu_count, 1, CPUS_MAX, e) &&
	       in_range("memory_mib", x->memory_mib, MEMORY_MIB_MIN, MEMORY_MIB_MAX, e) &&
	       in_range("disk_mib", x->disk_mib, 64, 1 << 20, e) &&
	       in_range("sesoi_percent", x->sesoi_percent, 1, 50, e) &&
	       in_range("seed", x->seed, 0, INT64_MAX, e) && load_check(&x->load, e) &&
	       rules_check(&x->rules, e);
}

static bool is_chosen(struct slice list, struct slice platform)
{
	while (list.len > 0) {
		struct slice one = slice_first(list, slice_find(list, ','));

		if (slice_same(slice_trim(one), platform))
			return true;
		list = slice_skip(list, one.len + 1);
	}
	return false;
}

static bool choice_check(const struct experiment *x, struct slice list, struct error *e)
{
	while (list.len > 0) {
		struct slice one = slice_first(list, slice_find(list, ','));
		struct slice name = slice_trim(one);
		bool is_known = false;

		for (unsigned i = 0; i < x->cell_count && !is_known; i++)
			is_known = slice_same(name, slice_of(x->cells[i].platform));
		if (!is_known)
			return fail(e, FAULT_NEVER, "the experiment '%s' has no platform '%.*s'",
				x->name, S_FMT(slice_first(name, 60)));
		list = slice_skip(list, one.len + 1);
	}
	return true;
}

bool experiment_choose(struct experiment *x, struct slice platforms, struct error *e)
{
	unsigned kept = 0;

	if (!choice_check(x, platforms, e))
		return false;
	for (unsigned i = 0; i < x->cell_count; i++) {
		if (is_chosen(platforms, slice_of(x->cells[i].platform)))
			x->cells[kept++] = x->cells[i];
	}
	x->cell_count = kept;
	return experiment_check(x, e);
}

/* "" is ours. */
static const char *server_of(const struct experiment_cell *c)
{
	return c->server[0] == '\0' ? server_mailvisor.name : c->server;
}

bool experiment_is_same(const struct experiment_cell *a, const struct experiment_cell *b)
{
	return strcmp(a->platform, b->platform) == 0 && strcmp(server_of(a), server_of(b)) == 0 &&
	       a->cpu_count == b->cpu_count && a->memory_mib == b->memory_mib &&
	       hardware_same(&a->hardware, &b->hardware) && a->way.submit == b->way.submit &&
	       a->way.resumes == b->way.resumes && a->set_count == b->set_count &&
	       memcmp(a->sets, b->sets, sizeof a->sets) == 0;
}

static bool cell_add(struct experiment *x, const struct experiment_cell *like, struct slice server,
	struct error *e)
{
	struct experiment_cell cell = *like;
	bool is_ours = slice_same(server, slice_of(server_mailvisor.name));

	if (x->cell_count == EXPERIMENT_CELLS_MAX)
		return fail(
			e, FAULT_NEVER, "more than %d platforms and servers", EXPERIMENT_CELLS_MAX);
	if (!slice_text(server, cell.server, sizeof cell.server) || server_find(server) == NULL)
		return fail(e, FAULT_NEVER, "there is no server '%.*s'",
			S_FMT(slice_first(server, 60)));
	if (!is_ours && snprintf(cell.label, sizeof cell.label, "%s-%s", like->label,
				cell.server) >= (int)sizeof cell.label)
		return fail(
			e, FAULT_NEVER, "the label '%s-%s' is too long", like->label, cell.server);
	x->cells[x->cell_count++] = cell;
	return true;
}

bool experiment_serve(struct experiment *x, struct slice names, struct error *e)
{
	struct experiment_cell cells[EXPERIMENT_CELLS_MAX];
	unsigned count = x->cell_count;

	memcpy(cells, x->cells, sizeof cells);
	x->cell_count = 0;
	while (names.len > 0) {
		struct slice one = slice_first(names, slice_find(names, ','));

		for (unsigned i = 0; i < count; i++) {
			if (!cell_add(x, &cells[i], slice_trim(one), e))
				return false;
		}
		names = slice_skip(names, one.len + 1);
	}
	return experiment_check(x, e);
}

/* As it always was when nothing in it has a meaning to the parser; else in quotes. */
static bool driver_print(const char *driver, struct buf *to)
{
	bool is_plain =
		driver[0] != '\0' &&
		strspn(driver,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:._-[]") ==
			strlen(driver);

	return buf_add_format(to, is_plain ? "\tdriver = %s\n" : "\tdriver = \"%s\"\n", driver);
}

/* Only what is not ours: the text of an experiment of ours stays as it always was. */
static bool cell_server_print(const struct experiment_cell *c, struct buf *to)
{
	bool is_ours = strcmp(server_of(c), server_mailvisor.name) == 0;

	return (is_ours || buf_add_format(to, "\tserver = %s\n", c->server)) &&
	       (c->log[0] == '\0' || buf_add_format(to, "\tlog = \"%s\"\n", c->log));
}

/* Only what differs, so that what needs no factors is the text it always was. */
static bool factors_print(const struct experiment_cell *c, struct buf *to)
{
	bool fits =
		(c->cpu_count == 0 || buf_add_format(to, "\tcpus = %u\n", c->cpu_count)) &&
		(c->memory_mib == 0 || buf_add_format(to, "\tmemory_mib = %u\n", c->memory_mib));

	for (unsigned key = 0; key < HARDWARE_KEY_COUNT; key++) {
		if (c->hardware.value[key] != 0)
			fits = fits && buf_add_format(to, "\t%s = %s\n", hardware_key_name(key),
					       hardware_value_name(&c->hardware, key));
	}
	return fits;
}

static bool way_print(const struct experiment_cell *c, struct buf *to)
{
	bool fits = (c->way.submit == SUBMIT_SMTP || buf_add_format(to, "\tsubmit = %s\n",
							     submit_kind_name(c->way.submit))) &&
		    (!c->way.resumes || buf_add(to, S("\tresume = true\n"))) &&
		    (c->set_count == 0 || buf_add(to, S("\tset = {")));

	for (unsigned i = 0; i < c->set_count; i++)
		fits = fits && buf_add_format(to, "%s\"%s\"", i > 0 ? ", " : " ", c->sets[i]);
	return fits && (c->set_count == 0 || buf_add(to, S(" }\n")));
}

static bool cells_print(const struct experiment *x, struct buf *to)
{
	for (unsigned i = 0; i < x->cell_count; i++) {
		const struct experiment_cell *c = &x->cells[i];

		if (!buf_add_format(to, "platform %s {\n", c->label) ||
			!driver_print(c->platform, to) ||
			!buf_add_format(to, "\tcontrol = %s\n\tmessages = %u\n",
				c->is_control ? "true" : "false", experiment_per_size(x, i)) ||
			!cell_server_print(c, to) || !factors_print(c, to) || !way_print(c, to) ||
			!buf_add(to, S("}\n")))
			return false;
	}
	return true;
}

/* Inside double quotes; our texts have been read without quotes and backslashes. */
static bool text_print(struct buf *to, const char *key, const char *value)
{
	return buf_add_format(to, "%s = \"%s\"\n", key, value);
}

bool experiment_print(const struct experiment *x, struct buf *to)
{
	bool is_good = buf_add_format(to, "# mailvisor-lab experiment, see mailvisor-lab(1)\n") &&
		       text_print(to, "name", x->name) && text_print(to, "question", x->question) &&
		       buf_add_format(to, "sizes = {");

	for (unsigned i = 0; i < x->size_count && is_good; i++)
		is_good = buf_add_format(to, "%s%" PRIu32, i > 0 ? ", " : " ", x->sizes[i]);
	return is_good &&
	       buf_add_format(to,
		       " }\nblocks = %u\nmessages = %u\nwarmup = %u\nliteral = %u\npoll_us = %u\n"
		       "message_deadline_ms = %u\ndeploy_deadline_ms = %u\n"
		       "cpus = %u\nmemory_mib = %u\ndisk_mib = %u\nsesoi_percent = %u\nseed = "
		       "%" PRIu64 "\n",
		       x->blocks, x->per_size, x->warmup, x->literal_count, x->poll_interval_us,
		       x->message_deadline_ms, x->deploy_deadline_ms, x->cpu_count, x->memory_mib,
		       x->disk_mib, x->sesoi_percent, x->seed) &&
	       text_print(to, "from", x->from) && text_print(to, "to", x->to) &&
	       load_print(&x->load, to) && rules_print(&x->rules, to) && cells_print(x, to) &&
	       claims_print(x->claims, x->claim_count, to);
}

bool experiment_hash(
	const struct experiment *x, char ret[EXPERIMENT_HASH_TEXT_BYTES + 1], struct error *e)
{
	auto_buf text = { .max = EXPERIMENT_FILE_BYTES_MAX };
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int count = 0;

	if (!experiment_print(x, &text) ||
		EVP_Digest(text.at, text.len, digest, &count, EVP_sha256(), NULL) != 1 ||
		2 * count != EXPERIMENT_HASH_TEXT_BYTES)
		return fail(e, FAULT_LATER, "hash the experiment: no memory");
	for (unsigned i = 0; i < count; i++)
		(void)snprintf(ret + (size_t)2 * i, 3, "%02x", digest[i]);
	return true;
}
