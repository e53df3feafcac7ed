/* SPDX-License-Identifier: MIT */
#include "lab/experiment/builtin.h"

#include <stdio.h>
#include <string.h>

/*
 * The study's evaluation, repaired: its sizes (1, 3 and 10 KB in its results, 5 KB in its method), its closed
 * loop of one mail at a time over a new connection, and enough fresh deployments to say something.
 * Twelve blocks: with fewer than eleven no exact test can reach significance after Holm's correction
 * (2/2^11 = 0.001; the family of all pairs of 5 platforms at 4 sizes needs 0.05/40 = 0.00125), and twelve
 * puts each of six cells at each position equally often.
 */
static const struct experiment paper = {
	.name = "paper",
	.question = "On which platform does a virtual mail server deliver a mail fastest, sender to receiver?",
	.cells = {
		{ .label = "process", .platform = "process" },
		{ .label = "process-again", .platform = "process", .is_control = true },
		{ .label = "container", .platform = "container" },
		{ .label = "uml", .platform = "uml" },
		{ .label = "tcg", .platform = "tcg" },
		{ .label = "kvm", .platform = "kvm" },
		{ .label = "virtualbox", .platform = "virtualbox" },
		{ .label = "vmware", .platform = "vmware" },
	},
	.cell_count = 8,
	.sizes = { 1 << 10, 3 << 10, 5 << 10, 10 << 10 },
	.size_count = 4,
	.blocks = 12,
	.per_size = 40,
	.warmup = 10,
	.literal_count = 5,
	.poll_interval_us = 1000,
	.message_deadline_ms = 10000,
	.deploy_deadline_ms = 60000,
	.cpu_count = 1,
	.memory_mib = 256,
	.disk_mib = 512,
	.sesoi_percent = 5,
	.seed = 20210513,
	.from = "alice@a.example",
	.to = "alice@b.example",
};

static const struct experiment *const builtins[] = { &paper, &builtin_devices, &builtin_filesystems,
	&builtin_storage };

static bool refuse(struct slice name, struct error *e)
{
	auto_buf list = { .max = EXPERIMENT_TEXT_BYTES };

	for (size_t i = 0; i < COUNT(builtins); i++)
		(void)!buf_add_format(&list, "'%s', ", builtins[i]->name);
	return fail(e, FAULT_NEVER, "there is no experiment '%.*s': %.*sor a file's path",
		S_FMT(slice_first(name, 60)), S_FMT(buf_slice(&list)));
}

bool experiment_builtin(struct slice name, bool is_quick, struct experiment *ret, struct error *e)
{
	const struct experiment *found = NULL;

	for (size_t i = 0; i < COUNT(builtins); i++) {
		if (slice_same(name, slice_of(builtins[i]->name)))
			found = builtins[i];
	}
	if (found == NULL)
		return refuse(name, e);
	*ret = *found;
	ret->load = load_default;
	ret->rules = run_rules_default;
	if (found == &paper) {
		memcpy(ret->claims, claims_of_the_study,
			claims_of_the_study_count * sizeof *ret->claims);
		ret->claim_count = claims_of_the_study_count;
	}
	if (is_quick) {
		(void)snprintf(ret->name, sizeof ret->name, "%.20s-quick", found->name);
		ret->blocks = 3;
		/* Two minutes, also on a machine that is never quiet. */
		ret->rules.quiet_ms = 200;
		ret->rules.reruns = 0;
		ret->per_size = 20;
	}
	return true;
}
