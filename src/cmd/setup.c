/* SPDX-License-Identifier: MIT */
#include "cmd/setup.h"

#include "base/limits.h"
#include "cmd/units.h"
#include "mail/directory.h"
#include "mail/password.h"

#include <fcntl.h>
#include <unistd.h>

bool setup_read(const char *path, struct buf *ret, struct error *e)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return fail(e, FAULT_NEVER, "open '%s': %m", path);
	for (;;) { /* bounded by the buf's maximum */
		char *room = buf_reserve(ret, 4096);
		ssize_t count = room != NULL ? read(fd, room, 4096) : -1;

		if (room == NULL)
			return fail(e, FAULT_NEVER, "read '%s': too long", path);
		if (count < 0)
			return fail(e, FAULT_LATER, "read '%s': %m", path);
		if (count == 0)
			return true;
		buf_grew(ret, (size_t)count);
	}
}

struct setup {
	struct config *config; /* or NULL: no settings now */
	struct mail *mail;     /* or NULL: settings only */
	bool may_exist;
};

/* The next word of the line, empty at its end. */
static struct slice next_word(struct slice *line)
{
	struct slice left = slice_trim(*line);
	size_t len = 0;

	while (len < left.len && left.at[len] != ' ' && left.at[len] != '\t')
		len++;
	*line = slice_skip(left, len);
	return slice_first(left, len);
}

/* A directory's answer as a failure of the line. */
static bool done(const struct setup *s, enum change change, struct slice what, struct error *e)
{
	static const char *const words[] = {
		[CHANGE_DONE] = "done",
		[CHANGE_EXISTS] = "it exists already",
		[CHANGE_MISSING] = "no such domain or account",
		[CHANGE_CONFLICT] = "somebody else changed it",
		[CHANGE_IN_USE] = "it is in use",
		[CHANGE_LIMIT] = "over a limit",
		[CHANGE_BAD] = "not valid",
	};

	if (change == CHANGE_DONE || (change == CHANGE_EXISTS && s->may_exist))
		return true;
	if (e->fault != FAULT_NONE || e->text[0] != '\0' || (size_t)change >= COUNT(words)) {
		e->fault = e->fault == FAULT_NONE ? FAULT_NEVER : e->fault;
		return fail_in(e, "'%.*s'", S_FMT(slice_first(what, 80)));
	}
	return fail(e, FAULT_NEVER, "'%.*s': %s", S_FMT(slice_first(what, 80)), words[change]);
}

static bool add_domain(const struct setup *s, struct slice line, struct error *e)
{
	struct domain d = { .name = next_word(&line) };

	return done(s, domain_add(s->mail->directory, &d, e), d.name, e);
}

static bool add_account(const struct setup *s, struct slice line, struct error *e)
{
	struct account a = { .address = next_word(&line) };
	struct slice plain = next_word(&line), extra = next_word(&line);
	auto_buf hash = { .max = LIMIT_PASSWORD_HASH_BYTES };

	if (extra.len > 0 && (!slice_starts(extra, S("quota=")) ||
				     !units_read_size(slice_skip(extra, 6), &a.quota_bytes)))
		return fail(e, FAULT_NEVER, "'%.*s': that is not quota=BYTES",
			S_FMT(slice_first(extra, 80)));
	if (plain.len == 0)
		return fail(e, FAULT_NEVER, "account ADDRESS PASSWORD: the password is missing");
	if (password_is_hash(plain))
		a.password = plain;
	else if (!password_hash_quick(s->mail->password, plain, &hash, e))
		return false;
	else
		a.password = buf_slice(&hash);
	return done(s, account_add(s->mail->directory, &a, e), a.address, e);
}

static bool add_alias(const struct setup *s, struct slice line, struct error *e)
{
	struct slice targets[LIMIT_ALIAS_TARGETS];
	struct alias a = { .address = next_word(&line), .targets = targets };

	for (struct slice word = next_word(&line); word.len > 0; word = next_word(&line)) {
		if (a.target_count == COUNT(targets))
			return fail(e, FAULT_NEVER, "alias: more than %zu targets", COUNT(targets));
		targets[a.target_count++] = word;
	}
	return done(s, alias_add(s->mail->directory, &a, e), a.address, e);
}

static bool set_catch_all(const struct setup *s, struct slice line, struct error *e)
{
	auto_arena arena = { .max = LIMIT_ARENA_BYTES };
	struct slice name = next_word(&line);
	struct domain d;
	bool is_found;

	if (!domain_get(s->mail->directory, name, &arena, &d, &is_found, e))
		return false;
	if (!is_found)
		return fail(e, FAULT_NEVER, "catch-all: no such domain '%.*s'",
			S_FMT(slice_first(name, 80)));
	d.catch_all = next_word(&line);
	return done(s, domain_set(s->mail->directory, &d, e), name, e);
}

typedef bool setup_line_fn(const struct setup *s, struct slice line, struct error *e);
static const struct {
	struct slice word;
	setup_line_fn *run; /* NULL: a setting */
} lines[] = {
	{ S_INIT("domain"), add_domain },
	{ S_INIT("account"), add_account },
	{ S_INIT("alias"), add_alias },
	{ S_INIT("catch-all"), set_catch_all },
	{ S_INIT("set"), NULL },
};

static bool run_line(const struct setup *s, struct slice line, struct error *e)
{
	struct slice word = next_word(&line);

	if (word.len == 0 || word.at[0] == '#')
		return true;
	for (size_t i = 0; i < COUNT(lines); i++) {
		if (!slice_same(word, lines[i].word))
			continue;
		if (lines[i].run == NULL)
			return s->config == NULL || config_set_pair(s->config, slice_trim(line), e);
		return s->mail == NULL || lines[i].run(s, line, e);
	}
	return fail(e, FAULT_NEVER, "'%.*s' is none of domain, account, alias, catch-all, set",
		S_FMT(slice_first(word, 40)));
}

static bool run_lines(const struct setup *s, struct slice text, struct error *e)
{
	for (unsigned number = 1; text.len > 0; number++) {
		struct slice line = slice_first(text, slice_find(text, '\n'));

		text = slice_skip(text, line.len + 1);
		if (!run_line(s, slice_trim(line), e))
			return fail_in(e, "line %u", number);
	}
	return true;
}

bool setup_settings(struct slice text, struct config *c, struct error *e)
{
	return run_lines(&(struct setup){ .config = c }, text, e);
}

bool setup_mail(struct slice text, struct mail *m, bool may_exist, struct error *e)
{
	return run_lines(&(struct setup){ .mail = m, .may_exist = may_exist }, text, e);
}
