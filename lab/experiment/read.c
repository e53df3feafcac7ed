/* SPDX-License-Identifier: MIT */
#include "lab/experiment/experiment.h"

#include "lab/files/file.h"

#include <confuse.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* libconfuse reports through a callback without a context; files are read by one thread. */
static char complaint[200];

static void complain(cfg_t *cfg, const char *format, va_list words) PRINTF_LIKE(2, 0);

static void complain(cfg_t *cfg, const char *format, va_list words)
{
	char what[140];

	(void)vsnprintf(what, sizeof what, format, words);
	(void)snprintf(
		complaint, sizeof complaint, "line %d: %s", cfg != NULL ? cfg->line : 0, what);
}

/* 10240, 10K or 1M: octets, 1K = 1024. */
static bool size_parse(const char *text, uint32_t *ret, struct error *e)
{
	struct slice s = slice_of(text);
	uint64_t number = 0, unit = 1;

	if (s.len > 0 && (s.at[s.len - 1] == 'K' || s.at[s.len - 1] == 'M')) {
		unit = s.at[s.len - 1] == 'K' ? 1 << 10 : 1 << 20;
		s.len--;
	}
	if (!slice_number(s, LETTER_BYTES_MAX, &number) || number * unit > LETTER_BYTES_MAX)
		return fail(
			e, FAULT_NEVER, "sizes: '%.60s' is not a size like 1024, 10K or 1M", text);
	*ret = (uint32_t)(number * unit);
	return true;
}

static bool text_take(cfg_t *cfg, const char *key, char *room, size_t size, struct error *e)
{
	const char *text = cfg_getstr(cfg, key);
	struct slice s = slice_of(text);

	if (text == NULL)
		return true;
	if (s.len >= size)
		return fail(e, FAULT_NEVER, "%s: more than %zu bytes", key, size - 1);
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] == '"' || s.at[i] == '\\' || s.at[i] == '$' ||
			(unsigned char)s.at[i] < ' ')
			return fail(e, FAULT_NEVER,
				"%s: quotes, backslashes, $ and control bytes cannot stand there",
				key);
	}
	return slice_text(s, room, size) || fail(e, FAULT_NEVER, "%s: not a text", key);
}

static bool count_take(cfg_t *cfg, const char *key, unsigned *ret, struct error *e)
{
	long value = cfg_getint(cfg, key);

	if (value < 0 || value > INT32_MAX)
		return fail(e, FAULT_NEVER, "%s = %ld: out of range", key, value);
	*ret = (unsigned)value;
	return true;
}

static bool factors_take(cfg_t *cfg, struct experiment_cell *ret, struct error *e)
{
	for (unsigned key = 0; key < HARDWARE_KEY_COUNT; key++) {
		const char *value = cfg_getstr(cfg, hardware_key_name(key));

		if (value != NULL && !hardware_set(&ret->hardware, key, slice_of(value), e))
			return fail_in(e, "platform %s", ret->label);
	}
	return count_take(cfg, "cpus", &ret->cpu_count, e) &&
	       count_take(cfg, "memory_mib", &ret->memory_mib, e);
}

static bool way_take(cfg_t *cfg, struct experiment_cell *ret, struct error *e)
{
	const char *submit = cfg_getstr(cfg, "submit");

	ret->way.resumes = cfg_getbool(cfg, "resume") == cfg_true;
	if (submit != NULL && !submit_kind_find(slice_of(submit), &ret->way.submit))
		return fail(e, FAULT_NEVER,
			"platform %s: submit '%.40s' is none of smtp, plain, starttls, tls",
			ret->label, submit);
	ret->set_count = cfg_size(cfg, "set");
	if (ret->set_count > CELL_SET_COUNT)
		return fail(e, FAULT_NEVER, "platform %s: at most %d settings", ret->label,
			CELL_SET_COUNT);
	for (unsigned i = 0; i < ret->set_count; i++) {
		const char *set = cfg_getnstr(cfg, "set", i);

		if (strpbrk(set, "\"\\$ \r\n\t") != NULL ||
			!slice_text(slice_of(set), ret->sets[i], sizeof ret->sets[i]))
			return fail(e, FAULT_NEVER,
				"platform %s: set: want \"KEY=VALUE\" of at most %d bytes, "
				"without quotes, "
				"backslashes, $ and spaces",
				ret->label, CELL_SET_BYTES - 1);
	}
	return true;
}

static bool cell_take(cfg_t *cfg, struct experiment_cell *ret, struct error *e)
{
	const char *title = cfg_title(cfg);

	*ret = (struct experiment_cell){ .is_control = cfg_getbool(cfg, "control") == cfg_true };
	if (title == NULL || !slice_text(slice_of(title), ret->label, sizeof ret->label))
		return fail(e, FAULT_NEVER, "platform: the label is longer than %d bytes",
			LABEL_BYTES - 1);
	/* Without `driver` the label is the platform's name; one too long for that names none. */
	if (!slice_text(slice_of(title), ret->platform, sizeof ret->platform))
		ret->platform[0] = '\0';
	return text_take(cfg, "driver", ret->platform, sizeof ret->platform, e) &&
	       text_take(cfg, "server", ret->server, sizeof ret->server, e) &&
	       text_take(cfg, "log", ret->log, sizeof ret->log, e) &&
	       count_take(cfg, "messages", &ret->per_size, e) && factors_take(cfg, ret, e) &&
	       way_take(cfg, ret, e);
}

static bool lists_take(cfg_t *cfg, struct experiment *ret, struct error *e)
{
	ret->size_count = cfg_size(cfg, "sizes");
	ret->cell_count = cfg_size(cfg, "platform");
	if (ret->size_count > WORKLOAD_SIZES_MAX || ret->cell_count > EXPERIMENT_CELLS_MAX)
		return fail(e, FAULT_NEVER, "at most %d sizes and %d platforms", WORKLOAD_SIZES_MAX,
			EXPERIMENT_CELLS_MAX);
	for (unsigned i = 0; i < ret->size_count; i++) {
		if (!size_parse(cfg_getnstr(cfg, "sizes", i), &ret->sizes[i], e))
			return false;
	}
	for (unsigned i = 0; i < ret->cell_count; i++) {
		if (!cell_take(cfg_getnsec(cfg, "platform", i), &ret->cells[i], e))
			return false;
	}
	return true;
}

static bool claim_take(cfg_t *cfg, struct claim *ret, struct error *e)
{
	const char *title = cfg_title(cfg);
	char kind[16] = "";

	*ret = (struct claim){ .kind = CLAIM_LESS };
	if (title == NULL || !slice_text(slice_of(title), ret->id, sizeof ret->id))
		return fail(e, FAULT_NEVER, "claim: the name is longer than %d bytes",
			CLAIM_ID_BYTES - 1);
	if (!text_take(cfg, "kind", kind, sizeof kind, e))
		return false;
	if (!claim_kind_find(kind, &ret->kind))
		return fail(e, FAULT_NEVER,
			"claim %s: kind '%s' is none of less, rise, close, best", ret->id, kind);
	return text_take(cfg, "text", ret->text, sizeof ret->text, e) &&
	       text_take(cfg, "platform", ret->platform, sizeof ret->platform, e) &&
	       text_take(cfg, "than", ret->than, sizeof ret->than, e) &&
	       size_parse(cfg_getstr(cfg, "size"), &ret->size_bytes, e) &&
	       size_parse(cfg_getstr(cfg, "to"), &ret->to_bytes, e) &&
	       count_take(cfg, "value", &ret->value, e) && count_take(cfg, "about", &ret->about, e);
}

static bool claims_take(cfg_t *cfg, struct experiment *ret, struct error *e)
{
	ret->claim_count = cfg_size(cfg, "claim");
	if (ret->claim_count > CLAIMS_MAX)
		return fail(e, FAULT_NEVER, "at most %d claims", CLAIMS_MAX);
	for (unsigned i = 0; i < ret->claim_count; i++) {
		if (!claim_take(cfg_getnsec(cfg, "claim", i), &ret->claims[i], e))
			return false;
	}
	return true;
}

static bool take(cfg_t *cfg, struct experiment *ret, struct error *e)
{
	unsigned seed = 0;

	if (!lists_take(cfg, ret, e) || !claims_take(cfg, ret, e) ||
		!count_take(cfg, "seed", &seed, e))
		return false;
	ret->seed = seed;
	return text_take(cfg, "name", ret->name, sizeof ret->name, e) &&
	       text_take(cfg, "question", ret->question, sizeof ret->question, e) &&
	       text_take(cfg, "from", ret->from, sizeof ret->from, e) &&
	       text_take(cfg, "to", ret->to, sizeof ret->to, e) &&
	       count_take(cfg, "blocks", &ret->blocks, e) &&
	       count_take(cfg, "messages", &ret->per_size, e) &&
	       count_take(cfg, "warmup", &ret->warmup, e) &&
	       count_take(cfg, "literal", &ret->literal_count, e) &&
	       count_take(cfg, "poll_us", &ret->poll_interval_us, e) &&
	       count_take(cfg, "message_deadline_ms", &ret->message_deadline_ms, e) &&
	       count_take(cfg, "deploy_deadline_ms", &ret->deploy_deadline_ms, e) &&
	       count_take(cfg, "cpus", &ret->cpu_count, e) &&
	       count_take(cfg, "memory_mib", &ret->memory_mib, e) &&
	       count_take(cfg, "disk_mib", &ret->disk_mib, e) &&
	       count_take(cfg, "sesoi_percent", &ret->sesoi_percent, e) &&
	       load_take(cfg, &ret->load, e) && rules_take(cfg, &ret->rules, e) &&
	       experiment_check(ret, e);
}

/* The table of libconfuse for a platform. */
enum { PLATFORM_OPTION_COUNT = 18 };

static void platform_options(char *no_sets, cfg_opt_t ret[PLATFORM_OPTION_COUNT])
{
	/* clang-format off */
	const cfg_opt_t all[] = {
		CFG_STR("driver", NULL, CFGF_NONE),
		CFG_STR("server", NULL, CFGF_NONE),
		CFG_STR("log", NULL, CFGF_NONE),
		CFG_BOOL("control", cfg_false, CFGF_NONE),
		CFG_INT("messages", 0, CFGF_NONE),
		CFG_INT("cpus", 0, CFGF_NONE),
		CFG_INT("memory_mib", 0, CFGF_NONE),
		CFG_STR("nic", NULL, CFGF_NONE),
		CFG_STR("disk", NULL, CFGF_NONE),
		CFG_STR("cache", NULL, CFGF_NONE),
		CFG_STR("format", NULL, CFGF_NONE),
		CFG_STR("filesystem", NULL, CFGF_NONE),
		CFG_STR("network", NULL, CFGF_NONE),
		CFG_STR("kernel", NULL, CFGF_NONE),
		CFG_STR("submit", NULL, CFGF_NONE),
		CFG_BOOL("resume", cfg_false, CFGF_NONE),
		CFG_STR_LIST("set", no_sets, CFGF_NONE),
		CFG_END()
	};
	/* clang-format on */
	_Static_assert(COUNT(all) == PLATFORM_OPTION_COUNT, "each has a place");
	memcpy(ret, all, sizeof all);
}

bool experiment_parse(const char *text, struct experiment *ret, struct error *e)
{
	char sizes[] = "{1K, 3K, 5K, 10K}", no_rates[] = "{}",
	     no_sets[] = "{}"; /* the library wants them writable */
	cfg_opt_t load[LOAD_OPTION_COUNT], rules[RULES_OPTION_COUNT];
	cfg_opt_t platform[PLATFORM_OPTION_COUNT];
	/* clang-format off */
	cfg_opt_t claim[] = {
		CFG_STR("text", "", CFGF_NONE),
		CFG_STR("kind", "less", CFGF_NONE),
		CFG_STR("platform", "", CFGF_NONE),
		CFG_STR("than", "", CFGF_NONE),
		CFG_STR("size", "0", CFGF_NONE),
		CFG_STR("to", "0", CFGF_NONE),
		CFG_INT("value", 0, CFGF_NONE),
		CFG_INT("about", 0, CFGF_NONE),
		CFG_END()
	};
	cfg_opt_t options[] = {
		CFG_STR("name", "unnamed", CFGF_NONE),
		CFG_STR("question", "Where does a mail server run best?", CFGF_NONE),
		CFG_STR("from", "alice@a.example", CFGF_NONE),
		CFG_STR("to", "alice@b.example", CFGF_NONE),
		CFG_STR_LIST("sizes", sizes, CFGF_NONE),
		CFG_INT("blocks", 10, CFGF_NONE),
		CFG_INT("messages", 40, CFGF_NONE),
		CFG_INT("warmup", 10, CFGF_NONE),
		CFG_INT("literal", 5, CFGF_NONE),
		CFG_INT("poll_us", 1000, CFGF_NONE),
		CFG_INT("message_deadline_ms", 10000, CFGF_NONE),
		CFG_INT("deploy_deadline_ms", 60000, CFGF_NONE),
		CFG_INT("cpus", 1, CFGF_NONE),
		CFG_INT("memory_mib", 256, CFGF_NONE),
		CFG_INT("disk_mib", 512, CFGF_NONE),
		CFG_INT("sesoi_percent", 5, CFGF_NONE),
		CFG_INT("seed", 20210513, CFGF_NONE),
		CFG_SEC("load", load, CFGF_NODEFAULT),
		CFG_SEC("rules", rules, CFGF_NODEFAULT),
		CFG_SEC("platform", platform, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
		CFG_SEC("claim", claim, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
		CFG_END()
	};
	/* clang-format on */
	load_options(no_rates, load);
	rules_options(rules);
	platform_options(no_sets, platform);
	cfg_t *cfg = cfg_init(options, CFGF_NONE);
	struct experiment x = { .cell_count = 0 };

	if (cfg == NULL)
		return fail(e, FAULT_LATER, "read an experiment: no memory");
	complaint[0] = '\0';
	(void)cfg_set_error_function(cfg, complain);
	bool is_good =
		cfg_parse_buf(cfg, text) == CFG_SUCCESS ||
		fail(e, FAULT_NEVER, "%s", complaint[0] != '\0' ? complaint : "does not parse");
	is_good = is_good && take(cfg, &x, e);
	(void)cfg_free(cfg);
	if (is_good)
		*ret = x;
	return is_good;
}

bool experiment_read(const char *path, struct experiment *ret, struct error *e)
{
	auto_buf text = { .max = EXPERIMENT_FILE_BYTES_MAX };

	if (!file_get(path, &text, e))
		return false;
	if (!buf_add_byte(&text, '\0') || memchr(text.at, '\0', text.len - 1) != NULL)
		return fail(e, FAULT_NEVER, "'%s': too long, or not a text", path);
	return experiment_parse(text.at, ret, e) || fail_in(e, "'%s'", path);
}
