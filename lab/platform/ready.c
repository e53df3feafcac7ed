/* SPDX-License-Identifier: MIT */
/* site_ready: waits until a deployed server answers and every account can log in. */
#include "base/clock.h"
#include "lab/platform/site.h"
#include "lab/workload/wire.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	DIAL_WAIT_MS = 50, /* a guest without a network drops what comes: ask again soon */
	/* QEMU's user network accepts before the guest does, and resets later */
	BANNER_WAIT_MS = 500,
	LOOK_MS = 2,
	LOGIN_WAIT_MS = 20000, /* an argon2id hash under software emulation takes a second */
	LOGIN_TRY_COUNT = 3,   /* the setup may be at work when the port opens */
	LOGIN_LINE_BYTES = 640,
	LAST_BYTES = 512, /* of the console, for its last line */
};

static uint64_t now_ns(void)
{
	return clock_mono_ns(&clock_real);
}

/* The last line that the program wrote: mostly why it ended. */
static const char *last_words(const struct deployment *d, char room[LAST_BYTES + 1])
{
	auto_fd fd = open(d->console_path, O_RDONLY | O_CLOEXEC);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	ssize_t got =
		size <= 0 ? -1
			  : pread(fd, room, LAST_BYTES, size > LAST_BYTES ? size - LAST_BYTES : 0);
	struct slice text = slice_trim((struct slice){ room, got < 0 ? 0 : (size_t)got });
	size_t newline = slice_find_last(text, '\n');

	if (newline < text.len)
		text = slice_skip(text, newline + 1);
	memmove(room, text.at, text.len);
	room[text.len] = '\0';
	return text.len == 0 ? "it said nothing" : room;
}

/* Is it worth waiting on? Looks at time, cancel, the program, and what the driver watches. */
static bool may_wait(struct deployment *d, struct error *e)
{
	struct site *s = site_of(d);
	char reason[PLATFORM_REASON_BYTES], words[LAST_BYTES + 1];

	if (s->plan->is_cancelled != NULL && *s->plan->is_cancelled)
		return fail(e, FAULT_GONE, "deploy '%s': cancelled", d->platform->name);
	if (!site_is_alive(d, reason))
		return fail(e, FAULT_NEVER, "deploy '%s': %.60s: %.120s", d->platform->name, reason,
			last_words(d, words));
	if (now_ns() > d->spawn_ns + s->plan->deadline_ms * NS_PER_MS)
		return fail(e, FAULT_LATER, "deploy '%s': not ready in %llu s; see '%.120s'",
			d->platform->name, (unsigned long long)s->plan->deadline_ms / 1000,
			d->console_path);
	return s->watch == NULL || s->watch(s, d, e);
}

static bool may_be_asked(const struct deployment *d)
{
	bool may = !site_of(d)->is_shy;

	for (unsigned i = 0; i < d->stage_count && !may; i++)
		may = strcmp(d->stages[i].name, "network") == 0;
	return may;
}

/* One look at a port: does a line that starts with `greeting` come? */
static bool greets(const struct deployment *d, uint16_t port, struct slice greeting, struct wire *w)
{
	struct error ignored = { 0 };
	struct slice line;

	*w = (struct wire){ .fd = -1 };
	if (!may_be_asked(d))
		return false;
	if (wire_dial(w, d->host, port, now_ns() + DIAL_WAIT_MS * NS_PER_MS, &ignored) &&
		wire_line(w, now_ns() + BANNER_WAIT_MS * NS_PER_MS, &line, &ignored) &&
		slice_starts(line, greeting))
		return true;
	wire_close(w);
	return false;
}

/* Leaves the connection open in *w. */
static bool greeting_wait(struct deployment *d, uint16_t port, struct slice greeting,
	const char *stage, struct wire *w, struct error *e)
{
	while (!greets(d, port, greeting, w)) {
		if (!may_wait(d, e))
			return fail_in(e, "wait for '%.*s' on port %u", S_FMT(greeting), port);
		(void)poll(NULL, 0, LOOK_MS);
	}
	site_stage(d, stage);
	return true;
}

static bool say(struct wire *w, const char *verb, const char *what, struct error *e)
{
	uint64_t until_ns = now_ns() + LOGIN_WAIT_MS * NS_PER_MS;
	char command[LOGIN_LINE_BYTES];
	struct slice line;
	int len = snprintf(
		command, sizeof command, "%s%s%s\r\n", verb, what[0] == '\0' ? "" : " ", what);

	if (len >= (int)sizeof command)
		return fail(e, FAULT_NEVER, "say %s: too long", verb);
	if (!wire_send(w, (struct slice){ command, (size_t)len }, until_ns, e) ||
		!wire_line(w, until_ns, &line, e))
		return false;
	return slice_starts(line, S("+OK")) ||
	       fail(e, FAULT_NEVER, "%s was answered '%.*s'", verb,
		       (int)(line.len > 100 ? 100 : line.len), line.at);
}

static bool account_try(
	struct deployment *d, const struct deploy_account *account, struct wire *w, struct error *e)
{
	bool is_in;

	if (!greeting_wait(d, d->pop3_port, S("+OK"), "pop3", w, e))
		return false;
	is_in = say(w, "USER", account->address, e) && say(w, "PASS", account->password, e) &&
		say(w, "QUIT", "", e);
	wire_close(w);
	return is_in;
}

static bool account_wait(
	struct deployment *d, const struct deploy_account *account, struct wire *w, struct error *e)
{
	for (unsigned i = 1;; i++) {
		if (account_try(d, account, w, e))
			return true;
		if (i == LOGIN_TRY_COUNT || e->fault == FAULT_GONE)
			return fail_in(e, "log in as '%s'", account->address);
		error_clear(e);
		(void)poll(NULL, 0, 100);
	}
}

bool site_ready(struct deployment *d, struct error *e)
{
	struct site *s = site_of(d);
	struct wire w = { .fd = -1 };
	char reason[PLATFORM_REASON_BYTES];

	if (!greeting_wait(d, d->smtp_port, S("220"), "banner", &w, e))
		return false;
	wire_close(&w);
	d->first_220_ns = d->stages[d->stage_count - 1].at_ns;
	for (unsigned i = 0; i < s->plan->account_count; i++) {
		unsigned before = d->stage_count;

		if (!account_wait(d, &s->plan->accounts[i], &w, e))
			return false;
		if (i > 0)
			d->stage_count = before; /* "pop3" only once */
	}
	site_stage(d, "ready");
	if (platform_is_nested(d->platform, reason))
		(void)json_object_set_new(s->facts, "nested", json_true());
	site_facts_print(json_incref(s->facts), d->facts_json);
	return true;
}
