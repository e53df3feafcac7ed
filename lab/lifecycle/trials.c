/* SPDX-License-Identifier: MIT */
/* What every platform can: begin, begin again from nothing, and lose its power. The others: trials_states.c. */
#include "lab/lifecycle/trials.h"

#include "base/clock.h"
#include "lab/image/image.h"
#include "lab/lifecycle/load.h"
#include "lab/platform/carry.h"
#include "lab/workload/wire.h"

#include <stdlib.h>

enum { FIRST_MAIL_WAIT_MS = 60000, FIRST_MAIL_BYTES = 1024 };

static double ms(uint64_t from_ns, uint64_t to_ns)
{
	return to_ns > from_ns ? (double)(to_ns - from_ns) / (double)NS_PER_MS : 0;
}

/* Until the first mail was acknowledged, and until a client had it whole. */
static bool first_mail(
	struct place *p, uint64_t *ret_250_ns, uint64_t *ret_fetched_ns, struct error *e)
{
	struct watch *w = NULL;
	struct inventory found;
	size_t count;
	struct watch_plan plan = { .deployment = &p->deployment,
		.from = "sender@a.example",
		.to = place_load_address(),
		.run = "first",
		.size_bytes = FIRST_MAIL_BYTES,
		.pause_ms = FIRST_MAIL_WAIT_MS,
		.is_cancelled = p->options->is_cancelled };

	plan.pause_ms = 1;
	if (!watch_start(&plan, &w, e))
		return false;
	bool is_there = watch_wait(w, 1, FIRST_MAIL_WAIT_MS);

	watch_stop(w);
	const struct watch_mail *mails = watch_mails(w, &count);

	for (size_t i = count; i > 0; i--)
		*ret_250_ns = mails[i - 1].is_acknowledged ? mails[i - 1].end_ns : *ret_250_ns;
	watch_free(w);
	if (!is_there)
		return fail(e, FAULT_LATER, "'%s' acknowledges no mail", p->platform->name);
	if (!place_inventory_load(p, &found, e))
		return false;
	*ret_fetched_ns = wire_now_ns();
	bool is_whole = found.count > 0 && found.mails[0].is_whole;

	inventory_done(&found);
	return is_whole || fail(e, FAULT_NEVER, "the first mail is not whole");
}

bool trial_boot(const struct life_options *o, const struct platform *platform, struct ledger *l,
	struct error *e)
{
	uint64_t begin_ns = wire_now_ns(), accepted_ns = 0, fetched_ns = 0;
	struct place p;

	if (!place_open(o, platform, &p, e))
		return false;
	bool is_done = place_deploy(&p, e) && first_mail(&p, &accepted_ns, &fetched_ns, e);

	if (is_done) {
		const struct deployment *d = &p.deployment;
		const char *name = platform->name;

		ledger_add(l, name, "power-on to the first 220", "ms",
			ms(d->spawn_ns, d->first_220_ns));
		ledger_add(
			l, name, "power-on to the first 250", "ms", ms(d->spawn_ns, accepted_ns));
		ledger_add(l, name, "power-on to the first mail fetched whole", "ms",
			ms(d->spawn_ns, fetched_ns));
		ledger_add(l, name, READING_FIRST_250, "ms", ms(begin_ns, accepted_ns));
	}
	place_close(&p);
	return is_done;
}

/* From installed packages to a server that takes mail: nothing is there before. */
bool trial_redeploy(const struct life_options *o, const struct platform *platform, struct ledger *l,
	struct error *e)
{
	uint64_t begin_ns = wire_now_ns(), accepted_ns = 0, fetched_ns = 0;
	struct life_options own = *o;
	char image[PATH_MAX];
	struct place p;

	if (!place_open(&own, platform, &p, e))
		return false;
	bool is_done = path_join(p.work, "image", image, e) &&
		       image_build(&(struct image_plan){ .directory = image,
					   .server_path = o->server_path },
			       e);

	p.plan.image_path = image;
	is_done = is_done && place_deploy(&p, e) && first_mail(&p, &accepted_ns, &fetched_ns, e);
	if (is_done)
		ledger_add(l, platform->name, READING_NOTHING_250, "ms", ms(begin_ns, accepted_ns));
	place_close(&p);
	return is_done;
}

/* Starts again where the power failed: the machine itself, or a new server on the data that is left. */
static bool begin_again(struct load *load, struct place *again, struct place **ret, struct error *e)
{
	struct place *p = &load->place;
	char kept[PLATFORM_PATH_BYTES];

	*ret = p;
	if (p->platform->states->boot != NULL) {
		p->is_up = p->platform->states->boot(&p->deployment, e);
		if (!p->is_up)
			p->platform->stop(&p->deployment);
		return p->is_up;
	}
	place_stop(p);
	*ret = again;
	if (!carry_kept(&p->plan, kept, e))
		return false;
	again->plan.data_from = kept;
	return place_deploy(again, e);
}

static bool cut_and_begin(struct load *load, struct place *again, struct ledger *l, struct error *e)
{
	const char *name = load->place.platform->name;
	struct place *now;
	uint64_t cut_ns = wire_now_ns();
	struct load_verdict v;

	load->place.platform->states->cut(&load->place.deployment);
	if (!begin_again(load, again, &now, e))
		return fail_in(e, "start again after the cut");
	watch_aim(load->watch, &now->deployment);
	if (!load_wait(load, LOAD_MAILS_AFTER, e) || !load_judge(load, now, &LOAD_ALL, &v, e))
		return false;
	ledger_add(l, name, READING_CUT_220, "ms", ms(cut_ns, now->deployment.first_220_ns));
	ledger_add(l, name, "power cut: longest time without a 250", "ms",
		(double)watch_mail_gap_ns(load->watch, cut_ns, cut_ns) / (double)NS_PER_MS);
	ledger_add(l, name, "power cut: mails acknowledged", "mails", (double)v.acknowledged);
	ledger_add(l, name, READING_CUT_LOST, "mails", (double)v.lost);
	ledger_add(l, name, "power cut: mails altered or there twice", "mails",
		(double)(v.altered + v.doubled));
	ledger_add(l, name, "power cut: older mails not as before", "mails",
		(double)load_still_wrong(&v));
	ledger_remark(l, name, READING_CUT_LOST, "%s",
		load->place.platform->is_virtual
			? "the machine is killed: its memory is lost, this machine's is not"
			: "kill -9: this machine's memory is not lost");
	return true;
}

bool trial_power_cut(const struct life_options *o, const struct platform *platform,
	struct ledger *l, struct error *e)
{
	auto_free struct place *again = calloc(1, sizeof *again);
	struct load load;

	if (again == NULL)
		return fail(e, FAULT_LATER, "cut the power: no memory");
	if (!load_begin(o, platform, false, &load, e))
		return false;
	load.place.plan.keeps_data = true;
	bool is_done = place_open(o, platform, again, e) && cut_and_begin(&load, again, l, e);

	place_close(again);
	load_end(&load);
	return is_done;
}

static bool fits_all(const struct platform *p, const char **ret_reason)
{
	(void)p;
	(void)ret_reason;
	return true;
}

static bool fits_virtual(const struct platform *p, const char **ret_reason)
{
	*ret_reason = "there is no image: the program itself is what is deployed";
	return p->is_virtual;
}

static bool fits_cut(const struct platform *p, const char **ret_reason)
{
	*ret_reason = "not supported: the driver cannot cut its power";
	return p->states != NULL && p->states->cut != NULL;
}

static bool fits_snapshot(const struct platform *p, const char **ret_reason)
{
	*ret_reason = "not supported: the platform has no snapshots";
	return p->states != NULL && p->states->snapshot != NULL && p->states->revert != NULL;
}

static bool fits_save(const struct platform *p, const char **ret_reason)
{
	*ret_reason = "not supported: the platform saves no state";
	return p->states != NULL && p->states->save != NULL && p->states->restore != NULL;
}

static bool fits_migrate(const struct platform *p, const char **ret_reason)
{
	*ret_reason = "not supported: the platform migrates nothing that runs";
	return p->states != NULL && p->states->migrate != NULL;
}

/* The control socket must be within our reach. */
static bool fits_backup(const struct platform *p, const char **ret_reason)
{
	*ret_reason = "not measured: the control socket is inside the guest; its backup is the "
		      "machine's snapshot";
	return !p->is_virtual;
}

/* clang-format off */
const struct trial_kind trial_kinds[] = {
	{ "boot",     trial_boot,      fits_all,      READING_FIRST_250,        FAILURES_BOOT },
	{ "redeploy", trial_redeploy,  fits_virtual,  READING_NOTHING_250,      "redeployment: trials that failed" },
	{ "cut",      trial_power_cut, fits_cut,      READING_CUT_LOST,         FAILURES_CUT },
	{ "snapshot", trial_snapshot,  fits_snapshot, READING_REVERT_DIFFERENT, FAILURES_SNAPSHOT },
	{ "save",     trial_save,      fits_save,     READING_SAVED_220,        "saved state: trials that failed" },
	{ "migrate",  trial_migrate,   fits_migrate,  READING_MIGRATE_GAP,      FAILURES_MIGRATE },
	{ "backup",   trial_backup,    fits_backup,   READING_BACKUP_LOST,      FAILURES_BACKUP },
	{ NULL,       NULL,            NULL,          NULL,                     NULL },
};
/* clang-format on */
