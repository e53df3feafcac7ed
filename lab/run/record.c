/* SPDX-License-Identifier: MIT */
#include "lab/run/record.h"

#include "lab/files/file.h"
#include "lab/files/json_file.h"

#include <math.h>
#include <stdio.h>

/* The numbers of a record, by name: one table for writing and for reading. */
/* clang-format off */
static const struct {
	const char *name;
	size_t at;
} counts[] = {
	{ "sent", offsetof(struct trial_record, sent) },
	{ "delivered", offsetof(struct trial_record, delivered) },
	{ "refused", offsetof(struct trial_record, refused) },
	{ "broken", offsetof(struct trial_record, broken) },
	{ "lost", offsetof(struct trial_record, lost) },
	{ "corrupt", offsetof(struct trial_record, corrupt) },
	{ "duplicated", offsetof(struct trial_record, duplicated) },
	{ "late", offsetof(struct trial_record, late) },
	{ "strange", offsetof(struct trial_record, strange) },
	{ "look_failures", offsetof(struct trial_record, look_failures) },
	{ "reruns", offsetof(struct trial_record, reruns) },
}, reals[] = {
	{ "median_ms", offsetof(struct trial_record, median_ms) },
	{ "deploy_ms", offsetof(struct trial_record, deploy_ms) },
	{ "ready_ms", offsetof(struct trial_record, ready_ms) },
	{ "seconds", offsetof(struct trial_record, seconds) },
	{ "work_seconds", offsetof(struct trial_record, work_seconds) },
	{ "cpu_ms_per_mail", offsetof(struct trial_record, cpu_ms_per_mail) },
	{ "write_kib_per_mail", offsetof(struct trial_record, write_kib_per_mail) },
	{ "flushes_per_mail", offsetof(struct trial_record, flushes_per_mail) },
	{ "exits_per_mail", offsetof(struct trial_record, exits_per_mail) },
	{ "quiet_wait_ms", offsetof(struct trial_record, quiet_wait_ms) },
	{ "steady_from_mail", offsetof(struct trial_record, steady_from) },
	{ "steady_trend_p", offsetof(struct trial_record, steady_p) },
	{ "idle_connection_kib", offsetof(struct trial_record, idle_kib) },
	{ "memory_mib", offsetof(struct trial_record, memory_mib) },
	{ "steal_percent", offsetof(struct trial_record, steal_percent) },
	{ "canary_spin_ms", offsetof(struct trial_record, spin_ms) },
	{ "canary_flush_us", offsetof(struct trial_record, flush_us) },
	{ "canary_trip_us", offsetof(struct trial_record, trip_us) },
};
/* clang-format on */

bool record_save(const struct trial_record *record, const char *folder, struct error *e)
{
	char path[PATH_MAX];
	json_t *doc = json_pack("{s:i, s:s, s:i, s:i, s:b, s:s, s:s}", "format", 1, "label",
		record->label, "block", (int)record->block, "position", (int)record->position,
		"is_measured", (int)record->is_measured, "reason", record->reason, "started",
		record->started);

	for (size_t i = 0; i < COUNT(counts); i++) {
		const uint64_t *value = (const void *)((const char *)record + counts[i].at);

		(void)json_object_set_new(doc, counts[i].name, json_integer((json_int_t)*value));
	}
	for (size_t i = 0; i < COUNT(reals); i++) {
		const double *value = (const void *)((const char *)record + reals[i].at);

		(void)json_object_set_new(
			doc, reals[i].name, isfinite(*value) ? json_real(*value) : json_null());
	}
	if (record->stages != NULL)
		(void)json_object_set(doc, "deployment_ms", record->stages);
	(void)json_object_set_new(doc, "excluded", json_string(record->excluded));
	(void)json_object_set_new(doc, "is_quiet", json_boolean(record->is_quiet));
	(void)json_object_set_new(doc, "is_steady", json_boolean(record->is_steady));
	if (record->load != NULL)
		(void)json_object_set(doc, "load", record->load);
	if (record->mail_stages != NULL)
		(void)json_object_set(doc, "stages", record->mail_stages);
	if (record->facts != NULL)
		(void)json_object_set(doc, "facts", record->facts);
	if (!path_join(folder, "trial.json", path, e)) {
		json_decref(doc);
		return false;
	}
	return json_file_save(path, doc, e);
}

static bool numbers_load(const json_t *doc, struct trial_record *ret)
{
	for (size_t i = 0; i < COUNT(counts); i++) {
		uint64_t *value = (void *)((char *)ret + counts[i].at);

		if (json_object_get(doc, counts[i].name) == NULL && value == &ret->reruns)
			continue;
		if (!json_count(doc, counts[i].name, INT64_MAX, value))
			return false;
	}
	for (size_t i = 0; i < COUNT(reals); i++) {
		double *value = (void *)((char *)ret + reals[i].at);
		const json_t *number = json_object_get(doc, reals[i].name);

		/* A record of before this number existed has none. */
		if (number != NULL && !json_is_number(number) && !json_is_null(number))
			return false;
		*value = json_is_number(number) ? json_number_value(number) : (double)NAN;
	}
	return true;
}

bool record_load(const char *folder, struct trial_record *ret, struct error *e)
{
	char path[PATH_MAX];
	uint64_t block = 0, position = 0;

	if (!path_join(folder, "trial.json", path, e))
		return false;
	auto_json *doc = json_file_load(path, e);
	if (doc == NULL)
		return false;
	*ret = (struct trial_record){ .is_measured =
					      json_is_true(json_object_get(doc, "is_measured")) };
	if (!json_text(doc, "label", ret->label, sizeof ret->label) ||
		!json_text(doc, "reason", ret->reason, sizeof ret->reason) ||
		!json_text(doc, "started", ret->started, sizeof ret->started) ||
		!json_count(doc, "block", EXPERIMENT_BLOCKS_MAX, &block) ||
		!json_count(doc, "position", EXPERIMENT_CELLS_MAX, &position) ||
		!numbers_load(doc, ret))
		return fail(e, FAULT_NEVER, "'%s' is not a trial's record", path);
	ret->block = (unsigned)block;
	ret->position = (unsigned)position;
	ret->facts = json_incref(json_object_get(doc, "facts"));
	ret->stages = json_incref(json_object_get(doc, "deployment_ms"));
	ret->mail_stages = json_incref(json_object_get(doc, "stages"));
	ret->load = json_incref(json_object_get(doc, "load"));
	ret->is_quiet = json_is_true(json_object_get(doc, "is_quiet"));
	ret->is_steady = json_is_true(json_object_get(doc, "is_steady"));
	/* A record of before there were rules has none of it. */
	if (!json_text(doc, "excluded", ret->excluded, sizeof ret->excluded))
		ret->excluded[0] = '\0';
	return true;
}

bool record_is_there(const char *folder)
{
	struct error ignored = { .fault = FAULT_NONE };
	char path[PATH_MAX];

	return path_join(folder, "trial.json", path, &ignored) && file_is_there(path);
}

void record_done(struct trial_record *record)
{
	json_decref(record->facts);
	json_decref(record->stages);
	json_decref(record->mail_stages);
	json_decref(record->load);
	record->facts = record->stages = record->mail_stages = record->load = NULL;
}
