/* SPDX-License-Identifier: MIT */
#include "cmd/archive/tree.h"

#include "base/limits.h"
#include "cmd/archive/attributes.h"
#include "cmd/archive/maildir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_BYTES = LIMIT_MAILBOX_NAME_BYTES * 2 };

struct place {
	struct tree *tree;
	uint64_t *refused;
	char path[MAILDIR_PATH_BYTES];
	char mailbox[NAME_BYTES + 1]; /* "" at the top: its children have no prefix */
	unsigned depth;
};

static void tell(struct place *p, const char *path, const char *what)
{
	(void)fprintf(stderr, "mailvisor: %s: %s\n", path, what);
	++*p->refused;
}

static void visit(struct place *p, enum tree_format format)
{
	struct tree *t = p->tree;
	const char *mailbox = p->mailbox;

	if (p->depth == 0 || mailbox[0] == '\0')
		mailbox = t->top;
	t->found++;
	if (!t->is_stopped && !t->visit(t->context, format, p->path, mailbox))
		t->is_stopped = true;
}

static bool is_directory(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool is_file(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
}

/* The place of an entry of this directory; its mailbox is the parent's with the name read by `read_name` behind it. */
static bool child(struct place *p, const char *entry, struct slice name,
	bool (*read_name)(struct slice name, struct buf *mailbox), struct place *ret)
{
	struct buf mailbox = BUF_OVER(ret->mailbox);
	int len = snprintf(ret->path, sizeof ret->path, "%s/%s", p->path, entry);

	ret->tree = p->tree;
	ret->refused = p->refused;
	ret->depth = p->depth + 1;
	if (len > 0 && len < (int)sizeof ret->path && ret->depth <= LIMIT_MAILBOX_DEPTH &&
		buf_add(&mailbox, slice_of(p->mailbox)) &&
		(mailbox.len == 0 || buf_add_byte(&mailbox, '/')) && read_name(name, &mailbox) &&
		buf_add_byte(&mailbox, '\0') && strlen(ret->mailbox) + 1 == mailbox.len)
		return true;
	tell(p, entry, "no name of a mailbox, or too deep; it is left out with all below it");
	return false;
}

/* One whose name is too long for a file says it in its attributes: the whole of it, below the top. */
static void take_whole_name(struct place *c, struct slice name, bool is_maildir)
{
	const char *top = c->tree->top;
	bool has_top = strcasecmp(top, "INBOX") != 0;
	struct buf mailbox = BUF_OVER(c->mailbox);
	char room[MAILDIR_PATH_BYTES];
	struct slice whole;

	if (!maildir_is_short(name))
		return;
	whole = attributes_name(c->path, is_maildir, room);
	if (whole.at == NULL || whole.len + strlen(top) + 2 > NAME_BYTES)
		return;
	invariant((!has_top || (buf_add(&mailbox, slice_of(top)) && buf_add_byte(&mailbox, '/'))) &&
		  buf_add(&mailbox, whole) && buf_add_byte(&mailbox, '\0'));
}

/* ---- Maildir ---- */

static void maildir_walk(struct place *p);

static void maildir_child(struct place *p, const char *entry)
{
	bool is_plus = entry[0] == '.';
	struct place c;
	char path[MAILDIR_PATH_BYTES];

	if (strcmp(entry, "cur") == 0 || strcmp(entry, "new") == 0 || strcmp(entry, "tmp") == 0)
		return;
	int len = snprintf(path, sizeof path, "%s/%s", p->path, entry);
	if (len <= 0 || len >= (int)sizeof path || !is_directory(path))
		return;
	if (is_plus && (p->depth > 0 || !maildir_is(path)))
		return;
	struct slice name = slice_skip(slice_of(entry), is_plus ? 1 : 0);
	if (!child(p, entry, name, is_plus ? maildir_name_read : maildir_level_read, &c))
		return;
	take_whole_name(&c, name, true);
	maildir_walk(&c);
}

/* ---- mbox ---- */

static void mbox_walk(struct place *p);

static bool is_mbox(const char *path)
{
	char first[5] = "";
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);

	/* One that cannot be opened may be one: reading it says what is wrong. */
	return fd < 0 || (read(fd, first, sizeof first) == (ssize_t)sizeof first &&
				 memcmp(first, "From ", sizeof first) == 0);
}

/* An empty file is a mailbox when there is something said of it. */
static bool is_empty_mailbox(const char *path)
{
	char room[MAILDIR_PATH_BYTES];
	struct stat status;

	return attributes_path(path, false, room) && access(room, F_OK) == 0 &&
	       lstat(path, &status) == 0 && S_ISREG(status.st_mode);
}

static void mbox_child(struct place *p, const char *entry)
{
	struct slice name = slice_of(entry);
	char path[MAILDIR_PATH_BYTES];
	struct place c;
	int len = snprintf(path, sizeof path, "%s/%s", p->path, entry);

	if (entry[0] == '.' || len <= 0 || len >= (int)sizeof path)
		return;
	if (is_directory(path)) {
		if (slice_ends_nocase(name, S(".sbd")))
			name.len -= 4;
		if (child(p, entry, name, maildir_level_read, &c))
			mbox_walk(&c);
		return;
	}
	if (!is_file(path) && !is_empty_mailbox(path))
		return;
	if (is_file(path) && !is_mbox(path))
		(void)fprintf(stderr, "mailvisor: %s: no mbox, left out\n", path);
	else if (child(p, entry, name, maildir_level_read, &c)) {
		take_whole_name(&c, name, false);
		visit(&c, TREE_MBOX);
	}
}

/* ---- Both ---- */

/* `.` and `..` are the only entries that are never wanted. */
static int is_wanted(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

/* Entries in the order of their names, so that two runs do the same. */
static void each_child(struct place *p, void (*walk)(struct place *p, const char *entry))
{
	struct dirent **entries;
	int count = scandir(p->path, &entries, is_wanted, alphasort);

	if (count < 0) {
		tell(p, p->path, strerrordesc_np(errno));
		return;
	}
	for (int i = 0; i < count; i++) {
		if (!p->tree->is_stopped)
			walk(p, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}

static void maildir_walk(struct place *p)
{
	if (maildir_is(p->path))
		visit(p, TREE_MAILDIR);
	each_child(p, maildir_child);
}

static void mbox_walk(struct place *p)
{
	each_child(p, mbox_child);
}

bool tree_walk(struct tree *t, const char *path, uint64_t *ret_refused, struct error *e)
{
	struct place top = { .tree = t, .refused = ret_refused };
	struct stat status;
	int len = snprintf(top.path, sizeof top.path, "%s", path);
	bool is_inbox = strcasecmp(t->top, "INBOX") == 0;

	if (len <= 0 || len >= (int)sizeof top.path)
		return fail(e, FAULT_NEVER, "open '%.100s': the path is empty or too long", path);
	while (len > 1 && top.path[len - 1] == '/')
		top.path[--len] = '\0';
	if (stat(path, &status) < 0)
		return fail(e, FAULT_NEVER, "open '%s': %s", path, strerrordesc_np(errno));
	if (!is_inbox &&
		snprintf(top.mailbox, sizeof top.mailbox, "%s", t->top) >= (int)sizeof top.mailbox)
		return fail(e, FAULT_NEVER, "mailbox '%.80s...': the name is too long", t->top);
	if (!S_ISDIR(status.st_mode)) {
		if (t->format == TREE_MAILDIR)
			return fail(e, FAULT_NEVER, "open '%s': a Maildir is a directory", path);
		visit(&top, TREE_MBOX);
		return true;
	}
	if (t->format != TREE_MBOX)
		maildir_walk(&top);
	if (t->format != TREE_MAILDIR && t->found == 0)
		mbox_walk(&top);
	return t->found > 0 || *ret_refused > 0 ||
	       fail(e, FAULT_NEVER, "import '%s': neither a Maildir nor an mbox is there", path);
}
