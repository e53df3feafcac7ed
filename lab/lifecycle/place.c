/* SPDX-License-Identifier: MIT */
#include "lab/lifecycle/place.h"

#include "base/clock.h"
#include "lab/files/owner.h"
#include "lab/lifecycle/imap.h"
#include "lab/platform/sweep.h"
#include "lab/workload/smtp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAIL_WAIT_MS = 30000,  /* for one mail; an emulated machine on a busy one takes a second */
	LIST_WAIT_MS = 120000, /* for one command over a whole mailbox */
};

#define LOAD_ADDRESS "load@a.example"
#define FROM_ADDRESS "sender@a.example"
#define FILL_RUN "still"

static const char *const domains[] = { "a.example", "b.example" };
static const char *const still_addresses[PLACE_STILL_COUNT] = { "ann@a.example", "ben@a.example",
	"cleo@b.example" };

const char *place_load_address(void)
{
	return LOAD_ADDRESS;
}

void place_step(const struct place *p, const char *what)
{
	if (p->options->on_step != NULL)
		p->options->on_step(p->options->context, p->platform->name, what);
}

static void plan_fill(struct place *p)
{
	const struct life_options *o = p->options;

	for (unsigned i = 0; i < PLACE_STILL_COUNT; i++)
		p->accounts[i] = (struct deploy_account){ still_addresses[i], o->password };
	p->accounts[PLACE_STILL_COUNT] = (struct deploy_account){ LOAD_ADDRESS, o->password };
	p->plan = (struct deploy_plan){ .domains = domains,
		.domain_count = COUNT(domains),
		.accounts = p->accounts,
		.account_count = PLACE_ACCOUNT_COUNT,
		.cpu_count = o->cpu_count,
		.memory_bytes = (uint64_t)o->memory_mib << 20,
		.disk_bytes = (uint64_t)o->disk_mib << 20,
		.hardware = o->hardware,
		.server_path = o->server_path,
		.image_path = o->image_path,
		.work_path = p->work,
		.deadline_ms = o->deadline_ms,
		.is_cancelled = o->is_cancelled };
}

bool place_open(const struct life_options *o, const struct platform *platform, struct place *ret,
	struct error *e)
{
	*ret = (struct place){ .options = o, .platform = platform };
	if (!owner_folder_make(o->work_root, SWEEP_WORK, ret->work, e))
		return false;
	plan_fill(ret);
	return true;
}

bool place_deploy(struct place *p, struct error *e)
{
	invariant(!p->is_up);
	p->is_up = p->platform->deploy(&p->plan, &p->deployment, e);
	return p->is_up;
}

void place_stop(struct place *p)
{
	if (p->is_up)
		p->platform->stop(&p->deployment);
	p->is_up = false;
}

void place_close(struct place *p)
{
	struct error ignored = { .fault = FAULT_NONE };

	place_stop(p);
	if (p->work[0] != '\0')
		(void)!folder_remove(p->work, &ignored);
	p->work[0] = '\0';
}

/* Sizes come round: three small ones for one of 100 KB, as in real mailboxes. */
static bool still_send(struct place *p, uint32_t sequence, struct wire *wire, struct error *e)
{
	static const uint32_t sizes[] = { 1 << 10, 3 << 10, 10 << 10, 100 << 10 };
	auto_buf text = { .max = LETTER_BYTES_MAX }, stuffed = { .max = LETTER_BYTES_MAX };
	struct sample sample = { .reply_code = 0 };
	struct letter letter = { .run = FILL_RUN,
		.from = FROM_ADDRESS,
		.to = still_addresses[sequence % PLACE_STILL_COUNT],
		.sequence = sequence,
		.size_bytes = sizes[sequence / PLACE_STILL_COUNT % COUNT(sizes)],
		.due_ns = wire_now_ns(),
		.seed = 1,
		.wall_ns = clock_wall_ns(&clock_real) };
	struct smtp_letter way = { .host = p->deployment.host,
		.port = p->deployment.smtp_port,
		.from = FROM_ADDRESS,
		.to = letter.to,
		.until_ns = letter.due_ns + MAIL_WAIT_MS * NS_PER_MS };

	if (!letter_write(&letter, &text, e) || !letter_stuff(buf_slice(&text), &stuffed))
		return false;
	way.stuffed = buf_slice(&stuffed);
	sample.at_ns[POINT_DUE] = letter.due_ns;
	if (!smtp_send(&way, wire, &sample, e))
		return fail_in(e, "fill a mailbox");
	smtp_bye(wire, way.until_ns);
	return true;
}

/* Whatever the sizes of the mailboxes are: about half goes elsewhere, some are marked, some removed. */
static bool still_arrange(struct place *p, unsigned account, struct imap *imap, struct error *e)
{
	static const char *const commands[] = { "CREATE \"Archive\"", "CREATE \"Archive/Old\"",
		"CREATE \"Empty\"", "SELECT \"INBOX\"", "UID COPY 1:* \"Archive\"",
		"UID STORE 1:3 +FLAGS (\\Flagged $Label1)", "UID COPY 2:4 \"Archive/Old\"",
		"UID STORE 2 +FLAGS (\\Deleted)", "EXPUNGE", "SELECT \"Archive\"",
		"UID STORE 1,4 +FLAGS (\\Deleted)", "EXPUNGE", "UID STORE 1:* +FLAGS (\\Seen)" };
	bool is_done = imap_open(imap, p->deployment.host, p->deployment.imap_port,
		p->accounts[account].address, p->accounts[account].password,
		wire_now_ns() + MAIL_WAIT_MS * NS_PER_MS, e);

	for (size_t i = 0; is_done && i < COUNT(commands); i++)
		is_done = imap_run(
			imap, commands[i], NULL, NULL, wire_now_ns() + LIST_WAIT_MS * NS_PER_MS, e);
	imap_close(imap);
	return is_done || fail_in(e, "arrange mailboxes");
}

bool place_fill(struct place *p, struct error *e)
{
	auto_free struct imap *imap = calloc(1, sizeof *imap);

	if (imap == NULL)
		return fail(e, FAULT_LATER, "fill mailboxes: no memory");
	imap->wire.fd = -1;
	for (uint32_t i = 0; i < p->options->mails; i++) {
		if (p->options->is_cancelled != NULL && *p->options->is_cancelled)
			return fail(e, FAULT_GONE, "stopped on request");
		if (!still_send(p, i, &imap->wire, e))
			return false;
	}
	for (unsigned i = 0; i < PLACE_STILL_COUNT; i++) {
		if (!still_arrange(p, i, imap, e))
			return false;
	}
	return true;
}

bool place_inventory(const struct place *p, struct inventory *ret, struct error *e)
{
	return inventory_take(&p->deployment, p->accounts, PLACE_STILL_COUNT, LIST_WAIT_MS, ret, e);
}

bool place_inventory_load(const struct place *p, struct inventory *ret, struct error *e)
{
	return inventory_take(
		&p->deployment, &p->accounts[PLACE_STILL_COUNT], 1, LIST_WAIT_MS, ret, e);
}
