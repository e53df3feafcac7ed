/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * request - one request of the control interface, its answer, and the table of routes.
 *
 * A route's function looks at the request and fills the answer, once, by one of the answer_* calls.
 * Not here: HTTP (admin.c). Threads: one request, one thread.
 * Ownership: the JSON given to answer_json() is taken. All slices live until the answer was sent.
 */
#include "admin/admin.h"
#include "base/arena.h"
#include "mail/directory.h"

#include <jansson.h>

struct bulk;
struct taking;
struct request {
	const struct admin_options *options;
	const char *(*query)(void *http, const char *name); /* a decoded argument, or NULL */
	void *http;
	struct slice name; /* what the path says after the collection; maybe empty */
	struct buf body;
	json_t *json; /* of the body: an object, when the route takes one */
	struct arena arena;
	struct bulk *bulk;     /* an NDJSON body instead */
	struct taking *taking; /* or messages, see archive.h */
};

enum answer_status {
	ANSWER_OK = 200,
	ANSWER_CREATED = 201,
	ANSWER_BAD_REQUEST = 400,
	ANSWER_NOT_FOUND = 404,
	ANSWER_BAD_METHOD = 405,
	ANSWER_CONFLICT = 409,
	ANSWER_TOO_LARGE = 413,
	ANSWER_NOT_VALID = 422,
	ANSWER_FAILED = 500,
	ANSWER_LATER = 503,
};

/* Bytes as they are wanted: how many, 0 at the end, -1 when it breaks. Called and freed while the answer is sent. */
struct answer_stream {
	long (*more)(void *context, char *room, size_t size);
	void (*free)(void *context);
	void *context;
};
struct answer {
	enum answer_status status;
	json_t *json;                /* or */
	struct buf text;             /* plain text, for metrics, or */
	struct answer_stream stream; /* whole mailboxes */
};

void answer_json(struct answer *a, enum answer_status status, json_t *json);
void answer_stream(struct answer *a, const struct answer_stream *stream);
void answer_problem(
	struct answer *a, enum answer_status status, const char *what, struct slice where);
/* A failure: the one place where it turns into a status. */
void answer_failure(struct answer *a, const struct error *e);
/* The directory's answer; noun is "domain", "account" or "alias". */
void answer_change(struct answer *a, enum change change, const struct error *e, const char *noun,
	struct slice where);

typedef void route_fn(struct request *r, struct answer *a);
enum route_body { BODY_NONE, BODY_OBJECT, BODY_OBJECT_OR_LINES, BODY_MESSAGES };
struct route {
	const char *method;
	struct slice path;
	bool has_name;
	enum route_body body;
	route_fn *run;
};
/* NULL: none; then *a says 404, or 405 when only the method is wrong. Sets r->name. */
const struct route *route_find(
	const char *method, struct slice path, struct request *r, struct answer *a);

/* The page asked for: after=, limit= and domain=. False: *a says what is wrong. */
struct page_wish {
	struct slice after, domain;
	size_t limit;
};
bool request_page(struct request *r, struct page_wish *ret, struct answer *a);
/* {"items": items, "next": the key after which to go on, left out at the end}. Takes items. */
void answer_page(struct answer *a, json_t *items, const struct page_wish *wish, size_t count,
	struct slice last);
json_t *json_slice(struct slice s);

route_fn route_domain_list, route_domain_add, route_domain_show, route_domain_set,
	route_domain_remove;
route_fn route_account_list, route_account_add, route_account_show, route_account_set,
	route_account_remove;
route_fn route_alias_list, route_alias_add, route_alias_show, route_alias_set, route_alias_remove;
route_fn route_quota_list, route_quota_show, route_quota_set, route_quota_remove;
route_fn route_copy_add, route_copy_remove;
route_fn route_attributes_show, route_attributes_set;
route_fn route_mailbox_list, route_mail_list, route_mail_add;
route_fn route_status, route_trace, route_metrics;
