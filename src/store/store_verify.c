/* SPDX-License-Identifier: MIT */
#include "store/store_verify.h"

bool store_verify_row(struct store_verify *v, struct slice key, struct slice value, bool is_sound,
	bool *ret_remove, struct error *e)
{
	const struct store_check *how = v->how;
	char room[STORE_NAME_BYTES];
	struct slice partition, row;
	bool is_version;

	*ret_remove = false;
	if (slice_same(key, STORE_FORMAT_KEY))
		return true; /* store_open() looked at it */
	is_sound = is_sound && store_key_parse(key, &partition, &row, &is_version);
	if (is_sound && is_version && value.len != sizeof(uint64_t))
		is_sound = false;
	if (!is_sound) {
		how->report(how->context, STORE_FINDING_DAMAGED_KEY, store_name_row(key, room));
		*ret_remove = how->may_salvage;
		return true;
	}
	if (is_version || how->see_row == NULL)
		return true;
	return how->see_row(how->context, partition, row, value, e);
}

static bool blob_is_whole(const struct store_verify *v)
{
	uint32_t last = v->has_tail ? v->tail_number : 0;

	return !v->is_damaged && v->next_number == last + 1;
}

/* Salvage removes what is damaged too: what refers to it finds it missing, and says so. */
static bool blob_judge(struct store_verify *v, struct id *ret_remove)
{
	const struct store_check *how = v->how;
	char room[ID_TEXT_BYTES + 1];
	bool is_orphan;

	if (!v->has_blob)
		return false;
	is_orphan = how->is_wanted != NULL && !how->is_wanted(how->context, v->blob);
	if (is_orphan)
		how->report(how->context, STORE_FINDING_ORPHAN_BLOB, id_text(v->blob, room));
	else if (!blob_is_whole(v))
		how->report(how->context, STORE_FINDING_DAMAGED_BLOB, id_text(v->blob, room));
	*ret_remove = v->blob;
	return (is_orphan || !blob_is_whole(v)) && how->may_salvage;
}

static void blob_take_chunk(struct store_verify *v, uint32_t number, struct slice value)
{
	if (number == STORE_CHUNK_TAIL) {
		v->has_tail = value.len == sizeof(uint32_t);
		v->is_damaged = v->is_damaged || !v->has_tail;
		v->tail_number = v->has_tail ? store_load_u32(value.at) : 0;
		return;
	}
	if (number != v->next_number ||
		(number > 0 && v->last_bytes != (size_t)LIMIT_BLOB_CHUNK_BYTES))
		v->is_damaged = true;
	v->next_number = number + 1;
	v->last_bytes = value.len;
}

bool store_verify_chunk(struct store_verify *v, struct slice key, struct slice value, bool is_sound,
	struct id *ret_remove)
{
	const struct store_check *how = v->how;
	char room[STORE_NAME_BYTES];
	bool must_remove = false;
	struct id blob;
	uint32_t number;

	if (!store_key_parse_chunk(key, &blob, &number)) {
		how->report(how->context, STORE_FINDING_DAMAGED_KEY, store_name_row(key, room));
		return false;
	}
	if (!v->has_blob || !id_same(blob, v->blob)) {
		must_remove = blob_judge(v, ret_remove);
		*v = (struct store_verify){ .how = how, .blob = blob, .has_blob = true };
	}
	if (!is_sound)
		v->is_damaged = true;
	blob_take_chunk(v, number, is_sound ? value : S(""));
	return must_remove;
}

bool store_verify_end(struct store_verify *v, struct id *ret_remove)
{
	bool must_remove = blob_judge(v, ret_remove);

	v->has_blob = false;
	return must_remove;
}
