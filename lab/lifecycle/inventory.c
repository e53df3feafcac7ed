/* SPDX-License-Identifier: MIT */
#include "lab/lifecycle/inventory.h"

#include "base/clock.h"
#include "lab/lifecycle/imap.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 256, COMMAND_BYTES = 256 };

struct names {
	char (*at)[INVENTORY_NAME_BYTES];
	unsigned count;
};

/* One mailbox while it is read. */
struct reading_box {
	struct inventory *all;
	unsigned account;
	const char *mailbox;
	uint32_t uid_validity;
};

void inventory_done(struct inventory *i)
{
	free(i->mails);
	*i = (struct inventory){ .count = 0 };
}

/* * LIST (\HasNoChildren) "/" "Archive/Old": the last word, quoted, an atom or a literal. */
static bool on_list(void *context, struct slice answer, struct slice literal, struct error *e)
{
	struct names *names = context;
	struct slice name = literal;

	if (!slice_starts_nocase(answer, S("LIST ")))
		return true;
	if (literal.len == 0) {
		bool is_quoted = answer.at[answer.len - 1] == '"';
		struct slice head = slice_first(answer, answer.len - is_quoted);
		size_t from = slice_find_last(head, is_quoted ? '"' : ' ');

		name = slice_skip(head, from + 1);
	}
	if (memmem(answer.at, answer.len, "\\Noselect", 9) != NULL ||
		memmem(answer.at, answer.len, "\\NonExistent", 12) != NULL)
		return true;
	if (names->count == INVENTORY_MAILBOXES_MAX)
		return fail(e, FAULT_NEVER, "more than %d mailboxes", INVENTORY_MAILBOXES_MAX);
	if (!slice_text(name, names->at[names->count], INVENTORY_NAME_BYTES))
		return fail(e, FAULT_NEVER, "the mailbox '%.*s...' has a longer name than %d bytes",
			S_FMT(slice_first(name, 60)), INVENTORY_NAME_BYTES - 1);
	names->count++;
	return true;
}

static bool on_examine(void *context, struct slice answer, struct slice literal, struct error *e)
{
	struct reading_box *box = context;
	uint64_t number = 0;

	(void)literal;
	(void)e;
	if (slice_number(imap_word(answer, "[UIDVALIDITY "), UINT32_MAX, &number))
		box->uid_validity = (uint32_t)number;
	return true;
}

static struct inventory_mail *mail_new(struct inventory *i, struct error *e)
{
	if (i->count == INVENTORY_MAILS_MAX) {
		(void)fail(e, FAULT_NEVER, "more than %d mails", INVENTORY_MAILS_MAX);
		return NULL;
	}
	if (i->count == i->room) {
		size_t room = i->room == 0 ? FIRST_ROOM : 2 * i->room;
		struct inventory_mail *more = realloc(i->mails, room * sizeof *more);

		if (more == NULL) {
			(void)fail(e, FAULT_LATER, "list %zu mails: no memory", room);
			return NULL;
		}
		i->mails = more;
		i->room = room;
	}
	i->mails[i->count] = (struct inventory_mail){ .uid = 0 };
	return &i->mails[i->count];
}

/* Without \Recent, which the next session sees differently. */
static void flags_keep(struct slice flags, char room[INVENTORY_FLAGS_BYTES])
{
	size_t at = 0;

	while (flags.len > 0) {
		struct slice word = slice_first(flags, slice_find(flags, ' '));

		flags = slice_skip(flags, word.len + 1);
		if (word.len == 0 || slice_same(word, S("\\Recent")) ||
			at + word.len + 2 > INVENTORY_FLAGS_BYTES)
			continue;
		at += (size_t)snprintf(room + at, INVENTORY_FLAGS_BYTES - at, "%s%.*s",
			at > 0 ? " " : "", S_FMT(word));
	}
}

static void letter_note(struct slice text, struct inventory_mail *m)
{
	struct letter_found found;

	letter_check(text, &found);
	m->is_letter = found.is_ours;
	m->is_whole = found.is_whole;
	m->sequence = found.sequence;
	memcpy(m->run, found.run, sizeof m->run);
}

static bool on_fetch(void *context, struct slice answer, struct slice literal, struct error *e)
{
	const struct reading_box *box = context;
	/* What stands around the mail: it could hold anything. */
	struct slice head =
		literal.len == 0 ? answer : slice_first(answer, (size_t)(literal.at - answer.at));
	uint64_t uid = 0;
	unsigned hash_len = 0;

	if (memmem(head.at, head.len, " FETCH (", 8) == NULL ||
		!slice_number(imap_word(head, "UID "), UINT32_MAX, &uid))
		return true;
	struct inventory_mail *m = mail_new(box->all, e);

	if (m == NULL)
		return false;
	m->account = box->account;
	m->uid = (uint32_t)uid;
	m->uid_validity = box->uid_validity;
	m->bytes = literal.len;
	(void)snprintf(m->mailbox, sizeof m->mailbox, "%s", box->mailbox);
	flags_keep(imap_between(head, "FLAGS (", ')'), m->flags);
	(void)!slice_text(imap_between(head, "INTERNALDATE \"", '"'), m->date, sizeof m->date);
	if (EVP_Digest(literal.at, literal.len, m->hash, &hash_len, EVP_sha256(), NULL) != 1)
		return fail(e, FAULT_LATER, "hash a mail: OpenSSL refused");
	letter_note(literal, m);
	box->all->bytes += literal.len;
	box->all->count++;
	return true;
}

static bool box_read(struct imap *imap, struct reading_box *box, uint64_t wait_ms, struct error *e)
{
	char command[COMMAND_BYTES];
	uint64_t until_ns = wire_now_ns() + wait_ms * NS_PER_MS;

	(void)snprintf(command, sizeof command, "EXAMINE \"%s\"", box->mailbox);
	return imap_run(imap, command, on_examine, box, until_ns, e) &&
	       imap_run(imap, "UID FETCH 1:* (UID FLAGS INTERNALDATE BODY.PEEK[])", on_fetch, box,
		       until_ns, e);
}

static bool account_read(struct inventory *all, struct imap *imap, unsigned account,
	uint64_t wait_ms, struct error *e)
{
	auto_free char(*room)[INVENTORY_NAME_BYTES] = calloc(INVENTORY_MAILBOXES_MAX, sizeof *room);
	struct names names = { .at = room };

	if (room == NULL)
		return fail(e, FAULT_LATER, "list mailboxes: no memory");
	if (!imap_run(imap, "LIST \"\" \"*\"", on_list, &names, wire_now_ns() + wait_ms * NS_PER_MS,
		    e))
		return false;
	for (unsigned n = 0; n < names.count; n++) {
		struct reading_box box = { .all = all, .account = account, .mailbox = room[n] };

		if (!box_read(imap, &box, wait_ms, e))
			return fail_in(e, "mailbox '%s'", room[n]);
	}
	all->mailbox_count += names.count;
	return true;
}

static int mail_order(const void *a, const void *b)
{
	const struct inventory_mail *x = a, *y = b;
	int by_name = strcmp(x->mailbox, y->mailbox);

	if (x->account != y->account)
		return x->account < y->account ? -1 : 1;
	if (by_name != 0)
		return by_name;
	return x->uid < y->uid ? -1 : x->uid > y->uid;
}

bool inventory_take(const struct deployment *d, const struct deploy_account *accounts,
	unsigned count, uint64_t wait_ms, struct inventory *ret, struct error *e)
{
	auto_free struct imap *imap = calloc(1, sizeof *imap);
	bool is_read = imap != NULL || fail(e, FAULT_LATER, "look through mailboxes: no memory");

	*ret = (struct inventory){ .count = 0 };
	for (unsigned n = 0; is_read && n < count; n++) {
		is_read = imap_open(imap, d->host, d->imap_port, accounts[n].address,
			accounts[n].password, wire_now_ns() + wait_ms * NS_PER_MS, e);
		if (!is_read)
			break;
		is_read = account_read(ret, imap, n, wait_ms, e) ||
			  fail_in(e, "account '%s'", accounts[n].address);
		imap_close(imap);
	}
	if (!is_read) {
		inventory_done(ret);
		return false;
	}
	if (ret->count > 0)
		qsort(ret->mails, ret->count, sizeof *ret->mails, mail_order);
	return true;
}

static void first_note(
	struct inventory_difference *d, const struct inventory_mail *m, const char *what)
{
	if (d->first[0] == '\0')
		(void)snprintf(d->first, sizeof d->first, "account %u, '%s', UID %u: %s",
			m->account + 1, m->mailbox, (unsigned)m->uid, what);
}

static void pair_compare(const struct inventory_mail *x, const struct inventory_mail *y,
	struct inventory_difference *d)
{
	bool is_altered = memcmp(x->hash, y->hash, sizeof x->hash) != 0 || x->bytes != y->bytes;
	bool is_renumbered = x->uid_validity != y->uid_validity;
	bool is_relabelled = strcmp(x->flags, y->flags) != 0 || strcmp(x->date, y->date) != 0;

	d->altered += is_altered;
	d->renumbered += is_renumbered;
	d->relabelled += is_relabelled;
	d->same += !is_altered && !is_renumbered && !is_relabelled;
	if (is_altered || is_renumbered || is_relabelled)
		first_note(d, x,
			is_altered      ? "its text is another"
			: is_renumbered ? "the mailbox has another UIDVALIDITY"
					: "its flags or date are others");
}

void inventory_compare(const struct inventory *before, const struct inventory *after,
	struct inventory_difference *ret)
{
	size_t x = 0, y = 0;

	*ret = (struct inventory_difference){ .same = 0 };
	while (x < before->count || y < after->count) {
		int order = x == before->count  ? 1
			    : y == after->count ? -1
						: mail_order(&before->mails[x], &after->mails[y]);

		if (order < 0) {
			ret->missing++;
			first_note(ret, &before->mails[x++], "it is missing");
		} else if (order > 0) {
			ret->extra++;
			first_note(ret, &after->mails[y++], "it was not there before");
		} else {
			pair_compare(&before->mails[x++], &after->mails[y++], ret);
		}
	}
}

bool inventory_is_same(const struct inventory_difference *d)
{
	return d->missing + d->extra + d->altered + d->renumbered + d->relabelled == 0;
}

void inventory_letters(const struct inventory *i, const char *run, uint8_t *is_there,
	size_t sequence_count, struct inventory_letters *ret)
{
	*ret = (struct inventory_letters){ .whole = 0 };
	memset(is_there, 0, sequence_count);
	for (size_t n = 0; n < i->count; n++) {
		const struct inventory_mail *m = &i->mails[n];

		if (!m->is_letter || strcmp(m->run, run) != 0 || m->sequence >= sequence_count)
			continue;
		ret->whole += m->is_whole;
		ret->altered += !m->is_whole;
		ret->doubled += is_there[m->sequence] > 0;
		if (is_there[m->sequence] < UINT8_MAX)
			is_there[m->sequence]++;
	}
}
