/* SPDX-License-Identifier: MIT */
#include "lab/report/report.h"

#include "lab/files/file.h"
#include "lab/files/json_file.h"
#include "lab/report/chart.h"
#include "lab/report/chart_life.h"
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
	return json_pack("{s:o, s:o, s:o}", "host", host != NULL ? host : json_object(),
		"platforms", by_label, "sections", sections_load(folder));
}

static bool tables_write(const struct summary *s, const char *folder, struct error *e)
{
	static const struct {
		const char *name;
		void (*write)(struct page *p, const struct summary *s);
	} tables[] = {
		{ "results.csv", csv_results },
		{ "comparisons.csv", csv_comparisons },
		{ "trials.csv", csv_trials },
		{ "factors.csv", csv_factors },
		{ "samples.csv", csv_samples },
	};
	struct page p = { .is_broken = false };
	char path[PATH_MAX];

	for (size_t i = 0; i < COUNT(tables); i++) {
		tables[i].write(&p, s);
		if (!page_save(&p, folder, tables[i].name, e))
			return false;
	}
	return path_join(folder, "summary.json", path, e) &&
	       json_file_save(path, json_summary(s), e);
}

static bool text_save(const struct summary *s, const json_t *environment,
	const struct figures *figures, bool is_markdown, const char *folder, struct error *e)
{
	struct doc d = { .is_markdown = is_markdown, .figures = figures };

	report_write(&d, s, environment);
	return page_save(&d.out, folder, is_markdown ? "report.md" : "report.html", e);
}

static bool texts_save(const struct summary *s, const char *folder, struct error *e)
{
	auto_json *environment = environment_load(s, folder);
	auto_free struct figures *figures = calloc(1, sizeof *figures);

	if (figures == NULL || environment == NULL)
		return fail(e, FAULT_LATER, "make a report: no memory");
	charts_draw(figures, s);
	charts_life_draw(figures, json_object_get(environment, "sections"));
	bool is_good = figures_save(figures, folder, e) &&
		       text_save(s, environment, figures, false, folder, e) &&
		       text_save(s, environment, figures, true, folder, e);
	figures_done(figures);
	return is_good;
}

/* A life cycle, say: no mails, only tables of readings. */
static bool is_sections_only(const char *folder)
{
	struct error ignored = { .fault = FAULT_NONE };
	char plan[PATH_MAX], sections[PATH_MAX];

	return path_join(folder, "plan.json", plan, &ignored) && !file_is_there(plan) &&
	       path_join(folder, "sections", sections, &ignored) && file_is_there(sections);
}

static bool sections_save(const char *folder, const json_t *environment,
	const struct figures *figures, bool is_markdown, struct error *e)
{
	struct doc d = { .is_markdown = is_markdown, .figures = figures };

	sections_write(&d, environment);
	return page_save(&d.out, folder, is_markdown ? "report.md" : "report.html", e);
}

static bool sections_report(const char *folder, FILE *terminal, struct error *e)
{
	auto_free struct summary *nothing = calloc(1, sizeof *nothing);
	auto_json *environment = nothing == NULL ? NULL : environment_load(nothing, folder);

	auto_free struct figures *figures = calloc(1, sizeof *figures);
	if (environment == NULL || figures == NULL)
		return fail(e, FAULT_LATER, "make a report: no memory");
	charts_life_draw(figures, json_object_get(environment, "sections"));
	bool is_good = (figures->count == 0 || figures_save(figures, folder, e)) &&
		       sections_save(folder, environment, figures, false, e) &&
		       sections_save(folder, environment, figures, true, e);
	figures_done(figures);
	if (is_good)
		(void)fprintf(terminal, "%s/report.html\n", folder);
	return is_good;
}

bool report_make(const char *folder, FILE *terminal, struct error *e)
{
	if (is_sections_only(folder))
		return sections_report(folder, terminal, e);
	auto_free struct summary *s = calloc(1, sizeof *s);
	if (s == NULL)
		return fail(e, FAULT_LATER, "make a report: no memory");
	bool is_good = summary_make(folder, s, e) && tables_write(s, folder, e) &&
		       texts_save(s, folder, e);
	if (is_good) {
		table_print(terminal, s);
		(void)fprintf(terminal, "\n%s/report.html\n", folder);
		(void)fflush(terminal);
	}
	summary_done(s);
	return is_good;
}
