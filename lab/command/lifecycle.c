/* SPDX-License-Identifier: MIT */
/* lifecycle and consolidation: the promises that the study did not measure. */
#include "lab/command/life.h"

#include "lab/doctor/host.h"
#include "lab/files/json_file.h"
#include "lab/report/report.h"

#include <stdio.h>

enum { LIFECYCLE_REPEATS_DEFAULT = 3, CONSOLIDATION_REPEATS_DEFAULT = 1 };

/* Where it was measured: the machine, and each platform's versions. */
static bool environment_save(const struct life *l, struct error *e)
{
	char folder[PATH_MAX], path[PATH_MAX], facts[PLATFORM_FACTS_BYTES], name[64];

	if (!path_join(l->out, "env", folder, e) || !folder_make(folder, e) ||
		!path_join(folder, "host.json", path, e) ||
		!json_file_save(path, host_facts(l->work), e))
		return false;
	for (unsigned i = 0; i < l->count; i++) {
		(void)snprintf(name, sizeof name, "platform-%s.json", l->platforms[i]->name);
		l->platforms[i]->describe(facts);
		if (!path_join(folder, name, path, e) ||
			!json_file_save(path, json_facts(facts), e))
			return false;
	}
	return true;
}

static const char lifecycle_usage[] =
	"usage: mailvisor-lab lifecycle [--platforms LIST] [--trials LIST] [--repeats N] [--mails "
	"N]\n"
	"                               [--out DIRECTORY] [--server PROGRAM] [--image DIRECTORY]\n"
	"                               [--work DIRECTORY]\n"
	"\n"
	"Boots, redeploys, cuts the power, reverts to snapshots, saves, migrates, backs up and "
	"moves a mail\n"
	"server under load, verifies every mail by hash, and says which promises hold. Trials: "
	"boot,\n"
	"redeploy, cut, snapshot, save, migrate, backup, move. Results: DIRECTORY/sections, for "
	"the report\n"
	"(default \"results/lifecycle-TIME\").\n";

static bool lifecycle_save(
	const struct life *l, struct ledger *promises, struct ledger *measured, struct error *e)
{
	return ledger_save(promises, l->out, "20-promises", "Promises of virtual mail servers",
		       "What the study promises without having measured it. A promise holds on a "
		       "platform when every repeat was within its bound.",
		       e) &&
	       ledger_save(measured, l->out, "21-lifecycle", "A mail server's life",
		       "Mail came in all the time and somebody connected every 10 ms. Afterwards "
		       "every mail was compared by SHA-256, UID, flags and date; what was "
		       "acknowledged must be there.",
		       e);
}

int command_lifecycle(int argc, char **argv)
{
	static struct life l;
	static struct ledger measured, promises;
	struct error e = { .fault = FAULT_NONE }, unsaved = { .fault = FAULT_NONE };
	int status = life_read(argc, argv, lifecycle_usage, &l);

	if (status >= 0)
		return status;
	bool is_good = life_platforms(&l, &e) && life_begin(&l, l.list != NULL, &e);
	struct life_plan plan = { l.platforms, l.count, l.trials };

	if (l.options.repeats == 0)
		l.options.repeats = LIFECYCLE_REPEATS_DEFAULT;

	is_good = is_good && lifecycle_run(&l.options, &plan, &measured, &e);
	promises_judge(&plan, &measured, &promises);
	if (measured.count > 0) {
		ledger_print(&measured, stdout);
		ledger_print(&promises, stdout);
		if (!lifecycle_save(&l, &promises, &measured, &unsaved) ||
			!environment_save(&l, &unsaved) || !report_make(l.out, stdout, &unsaved))
			(void)command_failed(&unsaved);
	}
	ledger_done(&measured);
	ledger_done(&promises);
	return life_status(
		&l, is_good && unsaved.fault == FAULT_NONE, e.fault != FAULT_NONE ? &e : &unsaved);
}

static const char consolidation_usage[] = "usage: mailvisor-lab consolidation [--platforms LIST] "
					  "[--domains N] [--rate MAILS-PER-SECOND]\n"
					  "                                   [--seconds N] [--p95 "
					  "MS] [--memory MIB] [--out DIRECTORY]\n"
					  "                                   [--server PROGRAM] "
					  "[--image DIRECTORY] [--work DIRECTORY]\n"
					  "\n"
					  "Many domains in one server against a server for each: "
					  "for 1, 2, 4 ... up to N domains, each with\n"
					  "mail at the rate, how much memory and how late are 95 "
					  "of 100 mails; and how many domains fit the\n"
					  "objective (--p95, --memory of all servers together).\n";

static bool consolidation_all(const struct life *l, struct ledger *ledger, struct error *e)
{
	struct consolidation_plan plan = l->crowd;
	unsigned repeats =
		l->options.repeats == 0 ? CONSOLIDATION_REPEATS_DEFAULT : l->options.repeats;

	/* Each repeat has its own arrivals, and both arrangements in it the same. */
	for (unsigned r = 0; r < repeats; r++, plan.seed++) {
		for (unsigned i = 0; i < l->count; i++) {
			if (!consolidation_run(&l->options, l->platforms[i], &plan, ledger, e))
				return fail_in(e, "%s", l->platforms[i]->name);
		}
	}
	return true;
}

int command_consolidation(int argc, char **argv)
{
	static struct life l;
	static struct ledger ledger;
	struct error e = { .fault = FAULT_NONE };
	int status = life_read(argc, argv, consolidation_usage, &l);

	if (status >= 0)
		return status;
	bool is_good = life_platforms(&l, &e) && life_begin(&l, l.list != NULL, &e) &&
		       consolidation_all(&l, &ledger, &e);

	ledger_print(&ledger, stdout);
	is_good = is_good && ledger_save(&ledger, l.out, "30-consolidation",
				     "Many domains in one server, or a server for each",
				     "Both arrangements got the same mails at the same times "
				     "(Poisson arrivals). "
				     "Latency is from when a mail was due to its 250; memory is "
				     "the proportional "
				     "set size of all servers together.",
				     &e);
	is_good = is_good && environment_save(&l, &e) && report_make(l.out, stdout, &e);
	ledger_done(&ledger);
	return life_status(&l, is_good, &e);
}
