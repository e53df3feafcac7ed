/* SPDX-License-Identifier: MIT */
/* image_variant: the image for other devices, made once beside the usual one. */
#include "base/buf.h"
#include "lab/image/image.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Is every program of the other server older than the image's manifest? */
static bool is_fresh(const struct image_plan *plan, const char *manifest)
{
	struct stat made, program;
	char source[SERVER_PATH_BYTES];

	if (stat(manifest, &made) < 0)
		return false;
	for (const char *const *at = plan->other->image_programs; *at != NULL; at++) {
		server_program_path(*at, plan->packages_path, source);
		if (stat(source, &program) < 0 || program.st_ctime >= made.st_mtime)
			return false;
	}
	return true;
}

/* SHA-256 of the server in the image of that directory; "" when there is none. */
static void server_hash(const char *directory, char ret[IMAGE_PATH_BYTES])
{
	char path[2 * IMAGE_PATH_BYTES];
	json_error_t where;

	(void)snprintf(path, sizeof path, "%s/" IMAGE_MANIFEST, directory);
	json_t *all = json_load_file(path, 0, &where);
	const char *hash = json_string_value(json_object_get(
		json_object_get(json_object_get(all, "files"), "usr/bin/mailvisor"), "sha256"));

	(void)snprintf(ret, IMAGE_PATH_BYTES, "%s", hash == NULL ? "" : hash);
	json_decref(all);
}

static bool name_make(const struct image_plan *plan, char ret[IMAGE_PATH_BYTES], struct error *e)
{
	auto_buf name = { .max = IMAGE_PATH_BYTES };
	bool fits = buf_add_format(&name, "%s/%s%s%s", plan->directory,
		plan->other == NULL ? "" : plan->other->name,
		plan->other != NULL && plan->modules != NULL ? "+" : "",
		plan->is_generic ? "generic+" : "");

	for (size_t i = 0; plan->modules != NULL && plan->modules[i] != NULL; i++)
		fits = fits && buf_add_format(&name, "%s%s", i > 0 ? "+" : "", plan->modules[i]);
	return (fits && slice_text(buf_slice(&name), ret, IMAGE_PATH_BYTES)) ||
	       fail(e, FAULT_NEVER, "make an image in '%s': the path is too long", plan->directory);
}

bool image_variant(
	const struct image_plan *plan, char ret_directory[IMAGE_PATH_BYTES], struct error *e)
{
	char wanted[IMAGE_PATH_BYTES], had[IMAGE_PATH_BYTES], manifest[2 * IMAGE_PATH_BYTES];
	struct image_plan variant = *plan;

	if (plan->modules == NULL && plan->other == NULL)
		return slice_text(slice_of(plan->directory), ret_directory, IMAGE_PATH_BYTES) ||
		       fail(e, FAULT_NEVER, "open '%s': the path is too long", plan->directory);
	if (!name_make(plan, ret_directory, e))
		return false;
	(void)snprintf(manifest, sizeof manifest, "%s/" IMAGE_MANIFEST, ret_directory);
	server_hash(plan->directory, wanted);
	server_hash(ret_directory, had);
	if (plan->other != NULL ? is_fresh(plan, manifest)
				: had[0] != '\0' && strcmp(wanted, had) == 0)
		return true;
	/* Its manifest is written last: what has none is not whole. */
	(void)unlink(manifest);
	variant.directory = ret_directory;
	return image_build(&variant, e) || fail_in(e, "make an image for other devices");
}
