/* SPDX-License-Identifier: MIT */
#include "admin/archive.h"

#include "mail/mailbox.h"
#include "syntax/imap_name.h"

#include <inttypes.h>

static const struct {
	const char *name;
	uint32_t flag;
} flags[] = {
	{ "\\Seen", ENTRY_SEEN },
	{ "\\Answered", ENTRY_ANSWERED },
	{ "\\Flagged", ENTRY_FLAGGED },
	{ "\\Deleted", ENTRY_DELETED },
	{ "\\Draft", ENTRY_DRAFT },
};

uint32_t archive_flag_of(struct slice name)
{
	for (size_t i = 0; i < COUNT(flags); i++)
		if (slice_same_nocase(name, slice_of(flags[i].name)))
			return flags[i].flag;
	return 0;
}

const char *archive_flag_name(size_t number, uint32_t *ret_flag)
{
	if (number >= COUNT(flags))
		return NULL;
	*ret_flag = flags[number].flag;
	return flags[number].name;
}

bool archive_account(struct request *r, struct arena *arena, struct target *ret, struct answer *a)
{
	struct directory *directory = r->options->mail->directory;
	struct account account;
	struct error e = { .fault = FAULT_NONE };
	bool is_found = false;
	bool is_read = account_get(directory, r->name, arena, &account, &is_found, &e) &&
		       (!is_found || directory_target(directory, account.address, arena, ret,
					     &is_found, &e));

	if (!is_read)
		answer_failure(a, &e);
	else if (!is_found)
		answer_change(a, CHANGE_MISSING, &e, "account", r->name);
	return is_read && is_found;
}

bool archive_mailbox(struct request *r, struct arena *arena, struct slice *ret, struct answer *a)
{
	struct imap_parse parse = { .arena = arena, .is_utf8 = true };
	struct slice given = slice_of(r->query(r->http, "mailbox"));
	const char *why;

	if (!imap_name_read(&parse, given, ret))
		why = parse.why;
	else if (imap_name_may_create(ret, &why))
		return true;
	answer_problem(a, ANSWER_NOT_VALID, why, given);
	return false;
}

/* ---- The list of mailboxes ---- */

static json_t *mailbox_json(struct request *r, struct id account, const struct mailbox *m)
{
	struct error e = { .fault = FAULT_NONE };
	struct folder_state state;
	struct folder *folder;
	json_t *json;

	if (!folder_open_id(r->options->mail->folders, account, m->id, &folder, &e))
		return NULL;
	folder_state_get(folder, &state);
	folder_close(folder);
	json = json_pack("{s:o, s:I, s:I, s:I}", "name", json_slice(m->name), "messages",
		(json_int_t)state.count, "bytes", (json_int_t)state.bytes, "uid_validity",
		(json_int_t)state.uid_validity);
	return json;
}

static bool add_mailboxes(
	struct request *r, struct id account, json_t *items, json_t *subscriptions, struct error *e)
{
	struct slice after = S("");
	struct mailbox *found;
	size_t count;

	do { /* ends: names only grow */
		if (!mailbox_list(r->options->mail, account, after, LIMIT_ADMIN_PAGE, &r->arena,
			    &found, &count, e))
			return false;
		for (size_t i = 0; i < count; i++) {
			if (!id_is_zero(found[i].id) &&
				json_array_append_new(items, mailbox_json(r, account, &found[i])) <
					0)
				return fail(e, FAULT_LATER, "list mailboxes: '%.*s' cannot be read",
					S_FMT(slice_first(found[i].name, 80)));
			if (found[i].is_subscribed)
				(void)json_array_append_new(
					subscriptions, json_slice(found[i].name));
			after = found[i].name;
		}
	} while (count == LIMIT_ADMIN_PAGE);
	return true;
}

void route_mailbox_list(struct request *r, struct answer *a)
{
	struct error e = { .fault = FAULT_NONE };
	struct target target;
	json_t *items, *subscriptions;

	if (!archive_account(r, &r->arena, &target, a))
		return;
	items = json_array();
	subscriptions = json_array();
	if (add_mailboxes(r, target.account, items, subscriptions, &e)) {
		answer_json(a, ANSWER_OK,
			json_pack("{s:o, s:o}", "items", items, "subscriptions", subscriptions));
		return;
	}
	json_decref(items);
	json_decref(subscriptions);
	answer_failure(a, &e);
}
