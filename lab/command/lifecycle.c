/* SPDX-License-Identifier: MIT */
/* lifecycle and consolidation: the promises that the study did not measure. */
#include "lab/command/life.h"

#include <stdio.h>

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

	is_good = is_good && lifecycle_run(&l.options, &plan, &measured, &e);
	promises_judge(&plan, &measured, &promises);
	if (measured.count > 0) {
		ledger_print(&measured, stdout);
		ledger_print(&promises, stdout);
		if (lifecycle_save(&l, &promises, &measured, &unsaved))
			(void)printf("\n%s\n", l.out);
		else
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
	for (unsigned i = 0; i < l->count; i++) {
		if (!consolidation_run(&l->options, l->platforms[i], &l->crowd, ledger, e))
			return fail_in(e, "%s", l->platforms[i]->name);
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
	if (is_good)
		(void)printf("\n%s\n", l.out);
	ledger_done(&ledger);
	return life_status(&l, is_good, &e);
}
