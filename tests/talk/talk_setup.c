/* SPDX-License-Identifier: MIT */
#include "talk_setup.h"

#include "base/limits.h"
#include "breakable_store.h"
#include "mail/intake.h"
#include "mail/password.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT_WORDS = 16, LIMIT_SETUP_LINE_BYTES = 4096 };

void talk_begin(const struct talk_world *w)
{
	breakable_store_break(w->breaks_writes, w->breaks_reads, w->breaks_bodies);
}

void talk_end(struct talk_world *w)
{
	breakable_store_break(false, false, false);
	if (w->busy != NULL) {
		folder_unlock_maildrop(w->busy);
		folder_close(w->busy);
	}
	mail_close(&w->mail);
	tls_config_close(w->host.tls);
}

static bool world_open(struct talk_world *w, struct error *e)
{
	static const char secret[] = "a secret of thirty-two bytes ...";
	struct store_options store_options = { .may_create = true };
	struct mail_options options = { .clock = &clock_real,
		.secret = { secret, 32 },
		.address_separator = '+',
		.timeline_keep_hours = 1 };
	struct store *store;

	if (!store_open(&breakable_store, &store_options, &store, e))
		return false;
	return mail_open(store, &options, &w->mail, e);
}

static void world_defaults(struct talk_world *w)
{
	w->host = (struct session_host){ .mail = &w->mail,
		.clock = &clock_real,
		.name = "mail.test",
		.message_bytes_max = 1 << 20,
		.rcpt_max = 100,
		.command_wait_ms = 10 * 1000,
		.data_wait_ms = 10 * 1000,
		.idle_wait_ms = 10 * 1000,
		.progress_wait_ms = SESSION_PROGRESS_MS,
		.errors_max = LIMIT_ERRORS_PER_SESSION,
		.logins_max = LIMIT_LOGINS_PER_SESSION,
		.rcpts_refused_max = LIMIT_RECIPIENTS_REFUSED,
		.counters = &w->counters };
	atomic_init(&w->host.users, 1);
}

/* ---- Words of a line ---- */

struct words {
	struct slice at[LIMIT_WORDS];
	size_t count;
};

static struct words words_of(struct slice line)
{
	struct words w = { .count = 0 };

	while (w.count < LIMIT_WORDS) {
		struct slice rest = slice_trim(line);
		size_t end = slice_find(rest, ' ');

		if (rest.len == 0)
			break;
		w.at[w.count++] = slice_first(rest, end);
		line = slice_skip(rest, end);
	}
	return w;
}

/* The value of "name=value" among the words from the third on. */
static bool word_value(const struct words *w, struct slice name, struct slice *ret)
{
	for (size_t i = 0; i < w->count; i++)
		if (slice_starts(w->at[i], name) && w->at[i].len > name.len &&
			w->at[i].at[name.len] == '=') {
			*ret = slice_skip(w->at[i], name.len + 1);
			return true;
		}
	return false;
}

static uint64_t word_number(const struct words *w, struct slice name)
{
	struct slice text;
	uint64_t value = 0;

	if (word_value(w, name, &text) && !slice_number(text, UINT64_MAX, &value))
		value = 0;
	return value;
}

static bool word_is_there(const struct words *w, struct slice name)
{
	for (size_t i = 2; i < w->count; i++)
		if (slice_same(w->at[i], name))
			return true;
	return false;
}

/* ---- One line each ---- */

static bool changed(enum change change, const char *what, struct error *e)
{
	if (change == CHANGE_DONE)
		return true;
	return e->fault != FAULT_NONE
		       ? false
		       : fail(e, FAULT_NEVER, "%s: change answer %d", what, (int)change);
}

static bool line_domain(struct talk_world *w, const struct words *words, struct error *e)
{
	struct domain domain = { .name = words->at[1],
		.is_disabled = word_is_there(words, S("disabled")),
		.quota_bytes = word_number(words, S("quota")),
		.message_bytes_max = word_number(words, S("message")) };

	(void)word_value(words, S("alias-of"), &domain.alias_of);
	return changed(domain_add(w->mail.directory, &domain, e), "domain", e);
}

static bool line_account(struct talk_world *w, const struct words *words, struct error *e)
{
	auto_buf hash = { .max = LIMIT_PASSWORD_HASH_BYTES };
	struct account account = { .address = words->at[1],
		.id = id_new(&clock_real),
		.is_disabled = word_is_there(words, S("disabled")),
		.quota_bytes = word_number(words, S("quota")) };

	if (words->count < 3)
		return fail(e, FAULT_NEVER, "account: no password");
	if (!password_hash_quick(w->mail.password, words->at[2], &hash, e))
		return false;
	account.password = buf_slice(&hash);
	return changed(account_add(w->mail.directory, &account, e), "account", e);
}

static bool line_alias(struct talk_world *w, const struct words *words, struct error *e)
{
	struct slice targets[LIMIT_WORDS];
	struct alias alias = { .address = words->at[1], .targets = targets };

	for (size_t i = 2; i < words->count; i++)
		targets[alias.target_count++] = words->at[i];
	return changed(alias_add(w->mail.directory, &alias, e), "alias", e);
}

static bool line_catch_all(struct talk_world *w, const struct words *words, struct error *e)
{
	auto_arena a = { .max = LIMIT_ARENA_BYTES };
	struct domain domain;
	bool is_found;

	if (!domain_get(w->mail.directory, words->at[1], &a, &domain, &is_found, e))
		return false;
	if (!is_found || words->count != 3)
		return fail(e, FAULT_NEVER, "catch-all DOMAIN ADDRESS");
	domain.catch_all = words->at[2];
	return changed(domain_set(w->mail.directory, &domain, e), "catch-all", e);
}

static bool account_folder(
	struct talk_world *w, struct slice address, struct folder **ret, struct error *e)
{
	auto_arena a = { .max = LIMIT_ARENA_BYTES };
	struct account account;
	bool is_found = false;

	if (!account_get(w->mail.directory, address, &a, &account, &is_found, e))
		return false;
	if (!is_found)
		return fail(e, FAULT_NEVER, "no account '%.*s'", S_FMT(address));
	return folder_open(w->mail.folders, account.id, ret, e);
}

static bool line_busy(struct talk_world *w, const struct words *words, struct error *e)
{
	return account_folder(w, words->at[1], &w->busy, e) && folder_lock_maildrop(w->busy);
}

/* Escapes of a mail's text, in place. */
static struct slice unescape(char *at, size_t len)
{
	size_t out = 0;

	for (size_t i = 0; i < len; i++) {
		char byte = at[i];

		if (byte == '\\' && i + 1 < len) {
			byte = at[++i];
			byte = byte == 'r' ? '\r' : byte == 'n' ? '\n' : byte;
		}
		at[out++] = byte;
	}
	return (struct slice){ at, out };
}

static bool deliver(struct talk_world *w, struct slice address, struct slice text, struct error *e)
{
	auto_arena a = { .max = LIMIT_ARENA_BYTES };
	struct envelope_rcpt rcpt = { .address = address };
	struct envelope envelope = { .id = id_new(&clock_real),
		.reverse_path = S("sender@c.example"),
		.rcpts = &rcpt,
		.rcpt_count = 1,
		.wall_ns = clock_wall_ns(&clock_real) };
	struct intake_rcpt intake_rcpt = { .rcpt = &rcpt };
	struct timeline timeline;
	struct intake intake;
	enum resolve answer;

	if (!directory_resolve(w->mail.directory, address, &a, &answer, &intake_rcpt.targets, e))
		return false;
	timeline_begin(&timeline, envelope.id);
	intake_begin(&intake, &w->mail, &envelope);
	if (!intake_add(&intake, text, e)) {
		intake_abandon(&intake);
		return false;
	}
	intake_commit(&intake, &intake_rcpt, 1, &timeline);
	return intake_rcpt.answer == INTAKE_OK ? true : fail(e, FAULT_NEVER, "mail: not accepted");
}

static bool line_mail(
	struct talk_world *w, const struct words *words, struct slice line, struct error *e)
{
	char text[LIMIT_SETUP_LINE_BYTES];
	struct slice raw =
		slice_skip(line, (size_t)(words->at[1].at - line.at) + words->at[1].len + 1);

	memcpy(text, raw.at, raw.len);
	return deliver(w, words->at[1], unescape(text, raw.len), e);
}

/* "5", "64K", "2M", "3s", "yes", "no". Times are in milliseconds. */
static bool setting_number(struct slice text, uint64_t *ret)
{
	static const struct {
		char unit;
		uint64_t factor;
	} units[] = { { 'K', 1 << 10 }, { 'M', 1 << 20 }, { 's', 1000 } };

	if (slice_same(text, S("yes")) || slice_same(text, S("no"))) {
		*ret = text.len == 3;
		return true;
	}
	for (size_t i = 0; i < COUNT(units); i++)
		if (text.len > 1 && text.at[text.len - 1] == units[i].unit) {
			bool is_good =
				slice_number(slice_first(text, text.len - 1), UINT32_MAX, ret);

			*ret *= units[i].factor;
			return is_good;
		}
	return slice_number(text, UINT32_MAX, ret);
}

static bool line_set(struct talk_world *w, struct slice pair, struct error *e)
{
	struct session_host *h = &w->host;
	const struct {
		struct slice name;
		unsigned *number;
		bool *flag, is_reversed;
	} settings[] = {
		{ S_INIT("limit.recipients"), &h->rcpt_max, NULL, false },
		{ S_INIT("limit.errors"), &h->errors_max, NULL, false },
		{ S_INIT("limit.logins"), &h->logins_max, NULL, false },
		{ S_INIT("limit.unknown_recipients"), &h->rcpts_refused_max, NULL, false },
		{ S_INIT("limit.body_rate"), &h->min_bytes_per_s, NULL, false },
		{ S_INIT("wait.command"), &h->command_wait_ms, NULL, false },
		{ S_INIT("wait.data"), &h->data_wait_ms, NULL, false },
		{ S_INIT("wait.idle"), &h->idle_wait_ms, NULL, false },
		{ S_INIT("wait.progress"), &h->progress_wait_ms, NULL, false },
		{ S_INIT("login.plain"), NULL, &h->may_login_plain, false },
		{ S_INIT("login.trust_loopback"), NULL, &h->distrusts_loopback, true },
		{ S_INIT("smtp.vrfy"), NULL, &h->may_vrfy, false },
	};
	struct slice name = slice_first(pair, slice_find(pair, '='));
	struct slice text = slice_skip(pair, name.len + 1);
	uint64_t value;

	if (slice_same(name, S("relay.host")))
		return slice_text(text, h->relay_to, sizeof h->relay_to);
	if (slice_same(name, S("host")))
		return slice_text(text, h->name, sizeof h->name);
	if (!setting_number(text, &value))
		return fail(e, FAULT_NEVER, "not a value");
	if (slice_same(name, S("limit.message_size"))) {
		h->message_bytes_max = value;
		return true;
	}
	for (size_t i = 0; i < COUNT(settings); i++)
		if (slice_same(settings[i].name, name)) {
			if (settings[i].number != NULL)
				*settings[i].number = (unsigned)value;
			else
				*settings[i].flag = (value != 0) != settings[i].is_reversed;
			return true;
		}
	return fail(e, FAULT_NEVER, "no such setting");
}

static bool line_tls(struct talk_world *w, const char *folder, struct error *e)
{
	char cert[512], key[512];

	(void)snprintf(cert, sizeof cert, "%s/cert.pem", folder);
	(void)snprintf(key, sizeof key, "%s/key.pem", folder);
	return tls_make_self_signed(cert, key, S("mail.test"), e) &&
	       tls_config_open(cert, key, &w->host.tls, e);
}

static bool line_take(struct talk_world *w, struct slice line, const char *folder, struct error *e)
{
	struct words words = words_of(line);
	struct slice verb = words.count > 0 ? words.at[0] : S("");

	if (words.count == 0)
		return true;
	if (slice_same(verb, S("tls")))
		return line_tls(w, folder, e);
	if (words.count < 2)
		return fail(e, FAULT_NEVER, "'%.*s': too few words", S_FMT(line));
	if (slice_same(verb, S("domain")))
		return line_domain(w, &words, e);
	if (slice_same(verb, S("account")))
		return line_account(w, &words, e);
	if (slice_same(verb, S("alias")))
		return line_alias(w, &words, e);
	if (slice_same(verb, S("mail")))
		return line_mail(w, &words, line, e);
	if (slice_same(verb, S("busy")))
		return line_busy(w, &words, e);
	if (slice_same(verb, S("set")))
		return line_set(w, words.at[1], e);
	if (slice_same(verb, S("catch-all")))
		return line_catch_all(w, &words, e);
	if (!slice_same(verb, S("break")))
		return fail(e, FAULT_NEVER, "'%.*s': unknown", S_FMT(line));
	w->breaks_writes |= slice_same(words.at[1], S("writes"));
	w->breaks_reads |= slice_same(words.at[1], S("reads"));
	w->breaks_bodies |= slice_same(words.at[1], S("bodies"));
	return true;
}

static void file_close(FILE **f)
{
	if (*f != NULL)
		(void)fclose(*f);
}

bool talk_setup(struct talk_world *w, const char *path, const char *folder, struct error *e)
{
	ON_EXIT(file_close) FILE *f = fopen(path, "re");
	char room[LIMIT_SETUP_LINE_BYTES];

	if (f == NULL)
		return fail(e, FAULT_NEVER, "open '%s': %m", path);
	if (!world_open(w, e))
		return false;
	world_defaults(w);
	while (fgets(room, sizeof room, f) != NULL) {
		struct slice line = slice_trim(slice_of(room));

		if (!line_take(w, line, folder, e))
			return fail_in(e, "%s: '%.*s'", path, S_FMT(line));
	}
	return true;
}
