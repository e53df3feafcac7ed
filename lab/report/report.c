/* SPDX-License-Identifier: MIT */
#include "lab/report/report.h"

#include "lab/files/json_file.h"
#include "lab/report/outputs.h"

#include <stdlib.h>

/* What the run wrote about the machine; files that are missing are missing facts. */
static json_t *environment_load(const struct summary *s, const char *folder)
{
	json_t *by_label = json_object();
	char path[PATH_MAX], name[LABEL_BYTES + 40];
	struct error ignored = { .fault = FAULT_NONE };
	json_t *host = NULL;

	if (path_join(folder, "env/host.json", path, &ignored))
		host = json_file_load(path, &ignored);
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		const char *label = s->plan.x.cells[i].label;
		struct error none = { .fault = FAULT_NONE };

		(void)snprintf(name, sizeof name, "env/platform-%s.json", label);
		json_t *facts =
			path_join(folder, name, path, &none) ? json_file_load(path, &none) : NULL;
		if (facts != NULL)
			(void)json_object_set_new(by_label, label, facts);
	}
	return json_pack(
		"{s:o, s:o}", "host", host != NULL ? host : json_object(), "platforms", by_label);
}

static bool tables_write(const struct summary *s, const char *folder, struct error *e)
{
	struct page p = { .is_broken = false };
	char path[PATH_MAX];

	csv_results(&p, s);
	if (!page_save(&p, folder, "results.csv", e))
		return false;
	csv_comparisons(&p, s);
	if (!page_save(&p, folder, "comparisons.csv", e))
		return false;
	csv_samples(&p, s);
	return page_save(&p, folder, "samples.csv", e) &&
	       path_join(folder, "summary.json", path, e) &&
	       json_file_save(path, json_summary(s), e);
}

static bool html_save(const struct summary *s, const char *folder, struct error *e)
{
	struct page p = { .is_broken = false };
	auto_json *environment = environment_load(s, folder);

	html_write(&p, s, environment);
	return page_save(&p, folder, "report.html", e);
}

bool report_make(const char *folder, FILE *terminal, struct error *e)
{
	auto_free struct summary *s = calloc(1, sizeof *s);

	if (s == NULL)
		return fail(e, FAULT_LATER, "make a report: no memory");
	bool is_good =
		summary_make(folder, s, e) && tables_write(s, folder, e) && html_save(s, folder, e);
	if (is_good) {
		table_print(terminal, s);
		(void)fprintf(terminal, "\n%s/report.html\n", folder);
		(void)fflush(terminal);
	}
	summary_done(s);
	return is_good;
}
