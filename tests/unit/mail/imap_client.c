/* SPDX-License-Identifier: MIT */
#include "imap_client.h"

#include <string.h>

static void show(const struct error *e)
{
	if (e->fault != FAULT_NONE)
		print_error("%s\n", e->text);
}

struct told *client_find(struct client *c, uint32_t uid)
{
	for (uint32_t i = 0; i < c->count; i++) {
		if (c->list[i].uid == uid)
			return &c->list[i];
	}
	return NULL;
}

static void client_expunge(struct client *c, uint32_t seq, const struct view_gone *gone)
{
	check(seq >= 1 && seq <= c->count);
	check(c->list[seq - 1].uid >= gone->uid_first && c->list[seq - 1].uid <= gone->uid_last);
	memmove(&c->list[seq - 1], &c->list[seq], (c->count - seq) * sizeof c->list[0]);
	c->count--;
}

void client_fetch_new(struct client *c, uint32_t exists)
{
	check(exists <= LIST_MAX);
	while (c->count < exists) {
		uint32_t uid = uids_at(&c->view.uids, c->count + 1);
		struct entry entry = world_entry(c->view.folder, uid);

		check(c->count == 0 || uid > c->list[c->count - 1].uid);
		c->list[c->count++] = (struct told){ uid, entry.flags, entry.keywords };
	}
}

bool client_refresh(struct client *c, bool may_expunge)
{
	auto_arena a = { .max = 1 << 20 };
	struct error e = { .fault = FAULT_NONE };
	struct view_news news;
	bool is_good = view_refresh(&c->view, may_expunge, &a, &news, &e);

	show(&e);
	check(is_good);
	check(may_expunge || news.gone_count == 0);
	for (size_t i = news.gone_count; i-- > 0;) {
		for (uint32_t seq = news.gone[i].seq_last; seq >= news.gone[i].seq_first; seq--)
			client_expunge(c, seq, &news.gone[i]);
	}
	check(c->count == news.exists_before);
	for (size_t i = 0; i < news.flagged_count; i++) {
		struct told *told = client_find(c, news.flagged[i].uid);

		check(told != NULL);
		told->flags = news.flagged[i].flags;
		told->keywords = news.flagged[i].keywords;
	}
	client_fetch_new(c, news.exists);
	return news.is_more;
}

void client_compare(struct client *c)
{
	struct entry_page page = { 0 };
	struct error e = { .fault = FAULT_NONE };
	uint32_t seq = 0, after = 0;

	do {
		check(folder_list(c->view.folder, after, 100, &page, &e));
		for (size_t i = 0; i < page.count; i++) {
			const struct told *told = &c->list[seq++];

			after = page.at[i].uid;
			check(seq <= c->count);
			if (told->flags != page.at[i].flags)
				print_error(
					"uid %u: told %x, is %x (box %u, modseq %llu, view %llu)\n",
					after, told->flags, page.at[i].flags, c->box,
					(unsigned long long)page.at[i].modseq,
					(unsigned long long)c->view.modseq);
			check(told->uid == after && told->flags == page.at[i].flags);
			check(told->keywords == page.at[i].keywords);
			check(uids_at(&c->view.uids, seq) == after);
		}
	} while (!page.is_last);
	entry_page_done(&page);
	check(seq == c->count && seq == uids_size(&c->view.uids));
}

void client_catch_up(struct client *c)
{
	while (client_refresh(c, true))
		;
	check(!view_has_news(&c->view));
	client_compare(c);
}

void client_return(struct client *c, uint64_t modseq)
{
	auto_uids known = { 0 };
	auto_uids gone = { 0 };
	struct entry_page page = { 0 };
	struct folder_scan scan = { .changed_since = modseq, .limit = 50 };
	struct error e = { .fault = FAULT_NONE };
	uint32_t kept = 0;

	for (uint32_t i = 0; i < c->count; i++)
		check(uids_append(&known, c->list[i].uid, c->list[i].uid));
	if (known.count > 0)
		check(view_vanished_since(&c->view, modseq, &known, &gone, &e));
	for (uint32_t i = 0; i < c->count; i++) {
		check(!uids_has(&gone, c->list[i].uid) || !uids_has(&c->view.uids, c->list[i].uid));
		if (!uids_has(&gone, c->list[i].uid))
			c->list[kept++] = c->list[i];
	}
	c->count = kept;
	do {
		check(folder_scan(c->view.folder, &scan, &page, &e));
		for (size_t i = 0; i < page.count; i++) {
			struct told *told = client_find(c, page.at[i].uid);

			scan.after = page.at[i].uid;
			if (told == NULL)
				continue;
			told->flags = page.at[i].flags;
			told->keywords = page.at[i].keywords;
		}
	} while (!page.is_last);
	entry_page_done(&page);
	client_fetch_new(c, uids_size(&c->view.uids));
	client_compare(c);
}
