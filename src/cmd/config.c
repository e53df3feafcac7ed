/* SPDX-License-Identifier: MIT */
#include "cmd/config.h"

#include "cmd/nearest.h"
#include "cmd/units.h"

#include <string.h>

static char *text_at(struct config *c, const struct setting *s)
{
	return (char *)c + s->offset;
}

const char *config_text(const struct config *c, const struct setting *s)
{
	return (const char *)c + s->offset;
}

static uint64_t number_of(const struct config *c, const struct setting *s)
{
	uint64_t number;

	memcpy(&number, (const char *)c + s->offset, sizeof number);
	return number;
}

static bool is_text(const struct setting *s)
{
	return s->type == SETTING_TEXT || s->type == SETTING_LIST;
}

static const char *setting_name_at(const void *context, size_t at)
{
	(void)context;
	return at < setting_count ? settings[at].name : NULL;
}

static const struct setting *setting_find(struct slice name)
{
	for (size_t i = 0; i < setting_count; i++)
		if (slice_same(name, slice_of(settings[i].name)))
			return &settings[i];
	return NULL;
}

static bool read_bool(struct slice value, uint64_t *ret)
{
	static const char *const words[] = { "no", "yes", "false", "true", "off", "on", "0", "1" };

	for (size_t i = 0; i < COUNT(words); i++) {
		if (!slice_same_nocase(value, slice_of(words[i])))
			continue;
		*ret = i % 2;
		return true;
	}
	return false;
}

static bool read_choice(const struct setting *s, struct slice value, uint64_t *ret)
{
	for (uint64_t i = 0; s->choices[i] != NULL; i++) {
		if (!slice_same_nocase(value, slice_of(s->choices[i])))
			continue;
		*ret = i;
		return true;
	}
	return false;
}

static bool read_number(const struct setting *s, struct slice value, uint64_t *ret)
{
	switch (s->type) {
	case SETTING_COUNT:
		return slice_number(value, UINT64_MAX, ret);
	case SETTING_SIZE:
		return units_read_size(value, ret);
	case SETTING_TIME:
		return units_read_time(value, ret);
	case SETTING_BOOL:
		return read_bool(value, ret);
	case SETTING_CHOICE:
		return read_choice(s, value, ret);
	case SETTING_TEXT:
	case SETTING_LIST:
		break;
	}
	return false;
}

/* What a value of this type looks like, for the error. */
static const char *type_example(const struct setting *s)
{
	switch (s->type) {
	case SETTING_TEXT:
		return "a text";
	case SETTING_LIST:
		return "addresses between spaces";
	case SETTING_COUNT:
		return "a number such as 100";
	case SETTING_SIZE:
		return "a size such as 512K, 50M or 1G";
	case SETTING_TIME:
		return "a time with its unit, such as 500ms, 30s, 5m, 4h or 5d";
	case SETTING_BOOL:
		return "yes or no";
	case SETTING_CHOICE:
		break;
	}
	return "one of the words";
}

static bool print_number(const struct setting *s, uint64_t number, struct buf *out)
{
	switch (s->type) {
	case SETTING_SIZE:
		return units_print_size(number, out);
	case SETTING_TIME:
		return units_print_time(number, out);
	case SETTING_BOOL:
		return buf_add(out, number != 0 ? S("yes") : S("no"));
	case SETTING_CHOICE:
		return buf_add(out, slice_of(s->choices[number]));
	case SETTING_COUNT:
	case SETTING_TEXT:
	case SETTING_LIST:
		break;
	}
	return buf_add_number(out, number);
}

static bool choices_text(const struct setting *s, struct buf *out)
{
	for (size_t i = 0; s->choices[i] != NULL; i++)
		if (!buf_add_format(out, "%s%s", i > 0 ? ", " : "", s->choices[i]))
			return false;
	return true;
}

static bool fail_range(const struct setting *s, struct slice value, struct error *e)
{
	char room[128];
	struct buf range = BUF_OVER(room);

	if (!print_number(s, s->least, &range) || !buf_add(&range, S(" to ")) ||
		!print_number(s, s->most, &range))
		buf_clear(&range);
	return fail(e, FAULT_NEVER, "set '%s': '%.*s' is out of range: %.*s", s->name, S_FMT(value),
		S_FMT(buf_slice(&range)));
}

static bool set_number(
	struct config *c, const struct setting *s, struct slice value, struct error *e)
{
	char room[128];
	struct buf words = BUF_OVER(room);
	uint64_t number;

	if (!read_number(s, value, &number)) {
		if (s->type == SETTING_CHOICE && choices_text(s, &words))
			return fail(e, FAULT_NEVER, "set '%s': '%.*s' is not one of: %.*s", s->name,
				S_FMT(value), S_FMT(buf_slice(&words)));
		return fail(e, FAULT_NEVER, "set '%s': '%.*s' is not %s", s->name, S_FMT(value),
			type_example(s));
	}
	if (number < s->least || number > s->most)
		return fail_range(s, value, e);
	memcpy(text_at(c, s), &number, sizeof number);
	return true;
}

static bool set_text(struct config *c, const struct setting *s, struct slice value, struct error *e)
{
	if (value.len < s->least)
		return fail(e, FAULT_NEVER, "set '%s': it must not be empty", s->name);
	if (value.len > s->most || !slice_text(value, text_at(c, s), (size_t)s->most + 1))
		return fail(e, FAULT_NEVER,
			"set '%s': the value is longer than %u bytes, or binary", s->name,
			(unsigned)s->most);
	return true;
}

bool config_set(struct config *c, struct slice name, struct slice value, struct error *e)
{
	const struct setting *s = setting_find(name);
	struct slice trimmed = slice_trim(value);

	if (s == NULL) {
		const char *near = nearest(name, setting_name_at, NULL);

		return fail(e, FAULT_NEVER, "set '%.*s': no such setting%s%s%s",
			S_FMT(slice_first(name, 60)), near != NULL ? "; did you mean '" : "",
			near != NULL ? near : "", near != NULL ? "'?" : "");
	}
	if (!(is_text(s) ? set_text(c, s, trimmed, e) : set_number(c, s, trimmed, e)))
		return false;
	c->is_given[s - settings] = true;
	return true;
}

bool config_set_pair(struct config *c, struct slice pair, struct error *e)
{
	size_t equals = slice_find(pair, '=');

	if (equals == pair.len)
		return fail(e, FAULT_NEVER, "set '%.*s': that is not key=value",
			S_FMT(slice_first(pair, 100)));
	return config_set(
		c, slice_trim(slice_first(pair, equals)), slice_skip(pair, equals + 1), e);
}

void config_init(struct config *c)
{
	memset(c, 0, sizeof *c);
	for (size_t i = 0; i < setting_count; i++) {
		struct error e = { .fault = FAULT_NONE };

		invariant(config_set(
			c, slice_of(settings[i].name), slice_of(settings[i].fallback), &e));
	}
	memset(c->is_given, 0, sizeof c->is_given);
}

bool config_is_given(const struct config *c, const char *name)
{
	const struct setting *s = setting_find(slice_of(name));

	invariant(s != NULL);
	return c->is_given[s - settings];
}

bool config_word(const char *list, size_t *at, struct slice *ret)
{
	size_t from = *at + strspn(list + *at, " \t\n,");
	size_t len = strcspn(list + from, " \t\n,");

	*at = from + len;
	*ret = (struct slice){ list + from, len };
	return len > 0;
}

bool config_print_value(const struct config *c, const struct setting *s, struct buf *out)
{
	if (is_text(s))
		return buf_add(out, slice_of(config_text(c, s)));
	return print_number(s, number_of(c, s), out);
}

/* Settings that were not given stand behind a #, so that a saved copy does not freeze our defaults. */
static bool print_setting(const struct config *c, const struct setting *s, struct buf *out)
{
	bool is_given = c->is_given[s - settings];

	if (!buf_add_format(out, "# %s\n", s->help))
		return false;
	if (s->type == SETTING_CHOICE && (!buf_add(out, S("# One of: ")) || !choices_text(s, out) ||
						 !buf_add(out, S(".\n"))))
		return false;
	if (is_given && !buf_add_format(out, "# Default: %s\n", s->fallback))
		return false;
	return buf_add_format(out, "%s%s = ", is_given ? "" : "#", s->name) &&
	       config_print_value(c, s, out) && buf_add(out, S("\n\n"));
}

bool config_print(const struct config *c, struct buf *out)
{
	for (size_t i = 0; i < setting_count; i++)
		if (!print_setting(c, &settings[i], out))
			return false;
	return true;
}

void config_reload(struct config *c, const struct config *from, const struct config *kept,
	config_stuck_fn *stuck, void *context)
{
	for (size_t i = 0; i < setting_count; i++) {
		const struct setting *s = &settings[i];
		size_t bytes = is_text(s) ? strlen(config_text(from, s)) + 1 : sizeof(uint64_t);

		if (kept->is_given[i] ||
			memcmp(config_text(c, s), config_text(from, s), bytes) == 0)
			continue;
		if (s->is_live) {
			memcpy(text_at(c, s), config_text(from, s), bytes);
			c->is_given[i] = from->is_given[i];
		} else {
			stuck(context, s);
		}
	}
}
