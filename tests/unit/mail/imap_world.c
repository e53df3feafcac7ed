/* SPDX-License-Identifier: MIT */
#include "imap_world.h"

struct folder *world_mailbox(struct world *w, const char *address, const char *name)
{
	struct account account = world_account_get(w, address);
	struct error e = { .fault = FAULT_NONE };
	struct folder *f = NULL;
	enum mailbox_answer answer = mailbox_open(&w->mail, account.id, slice_of(name), &f, &e);

	if (answer != MAILBOX_OK)
		print_error("%s\n", e.text);
	check(answer == MAILBOX_OK);
	return f;
}

static enum append_answer append_one(struct world *w, struct folder *f,
	const struct append_message *message, struct slice bytes, struct appended *ret)
{
	struct error e = { .fault = FAULT_NONE };
	struct append *a = append_begin(&w->mail, f, NULL, &e);
	enum append_answer answer;

	check(a != NULL);
	check(body_add(append_body(a), bytes, &e));
	check(append_add(a, message, NULL, &e));
	answer = append_commit(a, ret, &e);
	if (answer == APPEND_FAILED)
		print_error("%s\n", e.text);
	return answer;
}

uint32_t world_append(
	struct world *w, struct folder *f, uint32_t flags, uint64_t keywords, struct slice bytes)
{
	struct append_message message = { .flags = flags, .keywords = keywords };
	struct appended appended;

	check(append_one(w, f, &message, bytes, &appended) == APPEND_OK);
	check(appended.uid_first == appended.uid_last);
	return appended.uid_first;
}

enum append_answer world_try_append(struct world *w, struct folder *f, struct slice bytes)
{
	struct append_message message = { .flags = 0 };
	struct appended appended;

	return append_one(w, f, &message, bytes, &appended);
}

struct flags_result world_flag(
	struct folder *f, uint32_t uid, enum flags_how how, uint32_t flags, uint64_t keywords)
{
	struct flags_change change = { .how = how, .flags = flags, .keywords = keywords };
	struct error e = { .fault = FAULT_NONE };
	struct flags_result result;
	bool is_good = folder_flags_set(f, &uid, 1, &change, &result, &e);

	if (!is_good)
		print_error("%s\n", e.text);
	check(is_good);
	return result;
}

struct entry world_entry(struct folder *f, uint32_t uid)
{
	struct entry_page page = { 0 };
	struct error e = { .fault = FAULT_NONE };
	struct entry entry;
	bool is_found;

	check(folder_find(f, uid, &page, &is_found, &e));
	check(is_found);
	entry = page.at[0];
	entry.prefix = entry.body = S("");
	entry_page_done(&page);
	return entry;
}

struct view_news world_refresh(struct view *v, bool may_expunge, struct arena *a)
{
	struct error e = { .fault = FAULT_NONE };
	struct view_news news;
	bool is_good = view_refresh(v, may_expunge, a, &news, &e);

	if (!is_good)
		print_error("%s\n", e.text);
	check(is_good);
	return news;
}
