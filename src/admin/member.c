/* SPDX-License-Identifier: MIT */
#include "admin/member.h"

#include <string.h>

static const struct member *member_find(
	const struct member *members, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(members[i].name, name) == 0)
			return &members[i];
	return NULL;
}

/* NULL, or what is wrong with the value. */
static const char *member_set(const struct member *m, const json_t *value, char *to)
{
	bool is_null = json_is_null(value);

	switch (m->type) {
	case MEMBER_TEXT: {
		struct slice text = { json_string_value(value), json_string_length(value) };

		if (!is_null && !json_is_string(value))
			return "this member is a text";
		if (is_null)
			text = S("");
		memcpy(to + m->offset, &text, sizeof text);
		return NULL;
	}
	case MEMBER_NUMBER: {
		uint64_t number = (uint64_t)json_integer_value(value);

		if (!is_null && (!json_is_integer(value) || json_integer_value(value) < 0))
			return "this member is a number, 0 or more";
		memcpy(to + m->offset, &number, sizeof number);
		return NULL;
	}
	case MEMBER_BOOL: {
		bool is_true = json_is_true(value);

		if (!is_null && !json_is_boolean(value))
			return "this member is true or false";
		memcpy(to + m->offset, &is_true, sizeof is_true);
		return NULL;
	}
	}
	return NULL;
}

bool members_read(
	const struct member *members, size_t count, const json_t *from, void *to, struct answer *a)
{
	/* jansson's iterators do not change the object, but are not declared so. */
	json_t *object = json_incref((json_t *)(uintptr_t)from);
	const char *name, *problem = NULL;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		const struct member *m = member_find(members, count, name);

		if (m == NULL)
			problem = "unknown member";
		else if (m->use == MEMBER_READ_ONLY)
			problem = "this member cannot be set";
		else if (m->use == MEMBER_ANY)
			problem = member_set(m, value, to);
		if (problem == NULL)
			continue;
		answer_problem(a, ANSWER_NOT_VALID, problem, slice_of(name));
		break;
	}
	json_decref(object);
	return problem == NULL;
}

static json_t *member_get(const struct member *m, const char *from)
{
	struct slice text;
	uint64_t number;
	bool is_true;

	switch (m->type) {
	case MEMBER_TEXT:
		memcpy(&text, from + m->offset, sizeof text);
		return json_slice(text);
	case MEMBER_NUMBER:
		memcpy(&number, from + m->offset, sizeof number);
		return json_integer((json_int_t)number);
	case MEMBER_BOOL:
		break;
	}
	memcpy(&is_true, from + m->offset, sizeof is_true);
	return json_boolean(is_true);
}

json_t *members_write(const struct member *members, size_t count, const void *from)
{
	json_t *object = json_object();

	for (size_t i = 0; i < count && object != NULL; i++) {
		if (members[i].use == MEMBER_OTHER)
			continue;
		if (json_object_set_new(object, members[i].name, member_get(&members[i], from)) ==
			0)
			continue;
		json_decref(object);
		object = NULL;
	}
	return object;
}
