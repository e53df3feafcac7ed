/* SPDX-License-Identifier: MIT */
#include "admin/request.h"

#include <string.h>

/* clang-format off */
static const struct route routes[] = {
	{ "GET",    S_INIT("/v1/domains"),  false, BODY_NONE,            route_domain_list },
	{ "POST",   S_INIT("/v1/domains"),  false, BODY_OBJECT,          route_domain_add },
	{ "GET",    S_INIT("/v1/domains"),  true,  BODY_NONE,            route_domain_show },
	{ "PATCH",  S_INIT("/v1/domains"),  true,  BODY_OBJECT,          route_domain_set },
	{ "DELETE", S_INIT("/v1/domains"),  true,  BODY_NONE,            route_domain_remove },
	{ "GET",    S_INIT("/v1/accounts"), false, BODY_NONE,            route_account_list },
	{ "POST",   S_INIT("/v1/accounts"), false, BODY_OBJECT_OR_LINES, route_account_add },
	{ "GET",    S_INIT("/v1/accounts"), true,  BODY_NONE,            route_account_show },
	{ "PATCH",  S_INIT("/v1/accounts"), true,  BODY_OBJECT,          route_account_set },
	{ "DELETE", S_INIT("/v1/accounts"), true,  BODY_NONE,            route_account_remove },
	{ "GET",    S_INIT("/v1/aliases"),  false, BODY_NONE,            route_alias_list },
	{ "POST",   S_INIT("/v1/aliases"),  false, BODY_OBJECT,          route_alias_add },
	{ "GET",    S_INIT("/v1/aliases"),  true,  BODY_NONE,            route_alias_show },
	{ "PATCH",  S_INIT("/v1/aliases"),  true,  BODY_OBJECT,          route_alias_set },
	{ "DELETE", S_INIT("/v1/aliases"),  true,  BODY_NONE,            route_alias_remove },
	{ "GET",    S_INIT("/v1/quota"),    false, BODY_NONE,            route_quota_list },
	{ "GET",    S_INIT("/v1/quota"),    true,  BODY_NONE,            route_quota_show },
	{ "PUT",    S_INIT("/v1/quota"),    true,  BODY_OBJECT,          route_quota_set },
	{ "DELETE", S_INIT("/v1/quota"),    true,  BODY_NONE,            route_quota_remove },
	{ "POST",   S_INIT("/v1/copies"),   false, BODY_NONE,            route_copy_add },
	{ "DELETE", S_INIT("/v1/copies"),   true,  BODY_NONE,            route_copy_remove },
	{ "GET",    S_INIT("/v1/mailboxes"), true, BODY_NONE,            route_mailbox_list },
	{ "GET",    S_INIT("/v1/attributes"), true, BODY_NONE,           route_attributes_show },
	{ "PUT",    S_INIT("/v1/attributes"), true, BODY_OBJECT,         route_attributes_set },
	{ "GET",    S_INIT("/v1/mail"),     true,  BODY_NONE,            route_mail_list },
	{ "POST",   S_INIT("/v1/mail"),     true,  BODY_MESSAGES,        route_mail_add },
	{ "GET",    S_INIT("/v1/status"),   false, BODY_NONE,            route_status },
	{ "GET",    S_INIT("/v1/trace"),    false, BODY_NONE,            route_trace },
	{ "GET",    S_INIT("/metrics"),     false, BODY_NONE,            route_metrics },
};
/* clang-format on */

static bool route_fits(const struct route *route, struct slice path, struct slice *ret_name)
{
	struct slice rest;

	if (!slice_starts(path, route->path))
		return false;
	rest = slice_skip(path, route->path.len);
	if (!route->has_name)
		return rest.len == 0;
	if (rest.len < 2 || rest.at[0] != '/')
		return false;
	*ret_name = slice_skip(rest, 1);
	return true;
}

const struct route *route_find(
	const char *method, struct slice path, struct request *r, struct answer *a)
{
	bool has_path = false;

	for (size_t i = 0; i < COUNT(routes); i++) {
		struct slice name = S("");

		if (!route_fits(&routes[i], path, &name))
			continue;
		has_path = true;
		if (strcmp(routes[i].method, method) != 0)
			continue;
		r->name = name;
		return &routes[i];
	}
	if (has_path)
		answer_problem(
			a, ANSWER_BAD_METHOD, "this cannot be done with it", slice_of(method));
	else
		answer_problem(a, ANSWER_NOT_FOUND, "no such route", path);
	return NULL;
}

/* Text from outside may hold bytes that are no UTF-8, which JSON cannot carry: they become '?'. */
json_t *json_slice(struct slice s)
{
	json_t *text = json_stringn(s.at != NULL ? s.at : "", s.len);
	char plain[512];
	size_t len = s.len < sizeof plain ? s.len : sizeof plain;

	if (text != NULL)
		return text;
	for (size_t i = 0; i < len; i++)
		plain[i] = (unsigned char)s.at[i] < 0x80 ? s.at[i] : '?';
	return json_stringn(plain, len);
}

void answer_json(struct answer *a, enum answer_status status, json_t *json)
{
	invariant(a->json == NULL);
	a->status = json != NULL ? status : ANSWER_LATER;
	a->json = json;
}

void answer_stream(struct answer *a, const struct answer_stream *stream)
{
	invariant(a->json == NULL && a->stream.more == NULL);
	a->status = ANSWER_OK;
	a->stream = *stream;
}

void answer_problem(
	struct answer *a, enum answer_status status, const char *what, struct slice where)
{
	answer_json(a, status,
		json_pack("{s:{s:i, s:s, s:o}}", "error", "status", (int)status, "what", what,
			"where", json_slice(where)));
}

void answer_failure(struct answer *a, const struct error *e)
{
	answer_problem(a, e->fault == FAULT_NEVER ? ANSWER_FAILED : ANSWER_LATER, e->text,
		S("the server"));
}

void answer_change(struct answer *a, enum change change, const struct error *e, const char *noun,
	struct slice where)
{
	char what[64];

	switch (change) {
	case CHANGE_DONE:
		answer_json(a, ANSWER_OK, json_object());
		return;
	case CHANGE_EXISTS:
		(void)snprintf(what, sizeof what, "%s exists already", noun);
		answer_problem(a, ANSWER_CONFLICT, e->text[0] != '\0' ? e->text : what, where);
		return;
	case CHANGE_MISSING:
		(void)snprintf(what, sizeof what, "no such %s", noun);
		answer_problem(a, ANSWER_NOT_FOUND, what, where);
		return;
	case CHANGE_CONFLICT:
		answer_problem(
			a, ANSWER_CONFLICT, "somebody else changed it just now; try again", where);
		return;
	case CHANGE_IN_USE:
		(void)snprintf(what, sizeof what, "the %s is still in use", noun);
		answer_problem(a, ANSWER_CONFLICT, e->text[0] != '\0' ? e->text : what, where);
		return;
	case CHANGE_LIMIT:
	case CHANGE_BAD:
		answer_problem(
			a, ANSWER_NOT_VALID, e->text[0] != '\0' ? e->text : "not valid", where);
		return;
	case CHANGE_FAILED:
		break;
	}
	answer_failure(a, e);
}

bool request_page(struct request *r, struct page_wish *ret, struct answer *a)
{
	const char *limit = r->query(r->http, "limit");
	uint64_t number = 100;

	if (limit != NULL &&
		(!slice_number(slice_of(limit), LIMIT_ADMIN_PAGE, &number) || number == 0)) {
		answer_problem(
			a, ANSWER_BAD_REQUEST, "limit is a number from 1 to 1000", slice_of(limit));
		return false;
	}
	ret->after = slice_of(r->query(r->http, "after"));
	ret->domain = slice_of(r->query(r->http, "domain"));
	ret->limit = (size_t)number;
	return true;
}

void answer_page(struct answer *a, json_t *items, const struct page_wish *wish, size_t count,
	struct slice last)
{
	json_t *page = json_pack("{s:o}", "items", items);

	if (page != NULL && count == wish->limit)
		(void)json_object_set_new(page, "next", json_slice(last));
	answer_json(a, ANSWER_OK, page);
}
