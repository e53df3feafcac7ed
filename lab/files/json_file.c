/* SPDX-License-Identifier: MIT */
#include "lab/files/json_file.h"

#include "lab/files/file.h"

#include <stdlib.h>

bool json_file_save(const char *path, json_t *document, struct error *e)
{
	auto_json *owned = document;
	auto_free char *text =
		owned == NULL ? NULL : json_dumps(owned, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
	auto_buf line = { .max = JSON_FILE_BYTES_MAX };

	if (text == NULL || !buf_add(&line, slice_of(text)) || !buf_add_byte(&line, '\n'))
		return fail(e, FAULT_LATER, "write '%s': no memory", path);
	return file_put(path, buf_slice(&line), e);
}

json_t *json_file_load(const char *path, struct error *e)
{
	auto_buf text = { .max = JSON_FILE_BYTES_MAX };
	json_error_t why;

	if (!file_get(path, &text, e))
		return NULL;
	json_t *document = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES, &why);
	if (document == NULL)
		(void)fail(e, FAULT_NEVER, "read '%s' line %d: %s", path, why.line, why.text);
	return document;
}

bool json_text(const json_t *object, const char *key, char *ret, size_t size)
{
	const json_t *value = json_object_get(object, key);

	return json_is_string(value) &&
	       slice_text((struct slice){ json_string_value(value), json_string_length(value) },
		       ret, size);
}

bool json_count(const json_t *object, const char *key, uint64_t max, uint64_t *ret)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
		(uint64_t)json_integer_value(value) > max)
		return false;
	*ret = (uint64_t)json_integer_value(value);
	return true;
}

json_t *json_facts(const char *text)
{
	json_t *facts = json_loads(text, 0, NULL);

	if (json_is_object(facts))
		return facts;
	json_decref(facts);
	return text[0] == '\0' ? json_object()
			       : json_pack("{s:s%}", "text", text, (size_t)slice_of(text).len);
}
