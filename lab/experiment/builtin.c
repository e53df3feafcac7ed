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

/* The same machine, other servers. Ours twice: its second name measures the noise. */
static const struct experiment_cell servers_cells[] = {
	{ .label = "mailvisor", .platform = "process", .server = "mailvisor" },
	{ .label = "mailvisor-again",
		.platform = "process",
		.server = "mailvisor",
		.is_control = true },
	{ .label = "postfix", .platform = "process", .server = "postfix" },
	{ .label = "exim", .platform = "process", .server = "exim" },
	{ .label = "opensmtpd", .platform = "process", .server = "opensmtpd" },
};

/* Rates that double: a knee is found within a factor of two, and a quarter of the time goes to the lowest four. */
static const unsigned load_rates[] = { 25, 50, 100, 200, 400, 800 };

static void paper_make(struct experiment *x)
{
	memcpy(x->claims, claims_of_the_study, claims_of_the_study_count * sizeof *x->claims);
	x->claim_count = claims_of_the_study_count;
}

static void servers_make(struct experiment *x)
{
	(void)snprintf(x->question, sizeof x->question,
		"Which mail server delivers a mail fastest, sender to receiver?");
	memset(x->cells, 0, sizeof x->cells);
	memcpy(x->cells, servers_cells, sizeof servers_cells);
	x->cell_count = COUNT(servers_cells);
}

static void load_make(struct experiment *x)
{
	(void)snprintf(x->question, sizeof x->question,
		"How many mails a second does each platform carry before they have to wait?");
	x->load.kind = LOAD_SWEEP;
	x->load.receive = RECEIVE_IDLE;
	x->load.rate_count = COUNT(load_rates);
	memcpy(x->load.rates, load_rates, sizeof load_rates);
	/* Mails of different sizes would give each step a mixture. */
	x->sizes[0] = 10 << 10;
	x->size_count = 1;
}

/* What the platforms of `paper` do with larger mails, up to what many servers take at most. */
static void sizes_make(struct experiment *x)
{
	static const uint32_t sizes[] = { 1 << 10, 10 << 10, 100 << 10, 1 << 20, 5 << 20,
		25 << 20 };

	(void)snprintf(x->question, sizeof x->question,
		"What does a mail cost by itself, and what does each KB of it cost?");
	memcpy(x->sizes, sizes, sizeof sizes);
	x->size_count = COUNT(sizes);
	x->per_size = 10;
	x->message_deadline_ms = 60000;
	x->disk_mib = 4096;
	x->memory_mib = 512;
}

/* Mails of different sizes would give each part of a load a mixture. */
static void load_like(struct experiment *x, enum load_kind kind, const char *question)
{
	(void)snprintf(x->question, sizeof x->question, "%s", question);
	x->load.kind = kind;
	x->load.receive = RECEIVE_IDLE;
	x->sizes[0] = 10 << 10;
	x->size_count = 1;
	x->per_size = 500;
}

/* 100 a second: a bare process carries several times that, software emulation about as much. */
static void overload_make(struct experiment *x)
{
	load_like(x, LOAD_OVERLOAD,
		"After five seconds of too much mail, how long until each platform has caught up?");
	x->load.rate = 100;
}

static void bursty_make(struct experiment *x)
{
	load_like(x, LOAD_BURSTY, "How long does a mail wait when mail comes in bursts?");
}

static void sessions_make(struct experiment *x)
{
	load_like(x, LOAD_PARTLY_OPEN,
		"How long does a mail take when clients send several over one connection?");
}

/* The reader stays connected: each mail has one handshake, its sender's. */
static void tls_make(struct experiment *x)
{
	x->load.receive = RECEIVE_IDLE;
}

/* The mails are few: what is asked is what a connection that only waits costs in memory. */
static void idle_make(struct experiment *x)
{
	load_like(x, LOAD_CLOSED, "What does a reader who only waits cost the server in memory?");
	x->load.idle_connections = 1000;
	x->per_size = 40;
	x->memory_mib = 512;
}

/* clang-format off */
static const struct {
	const char *name;
	const struct experiment *like;
	void (*make)(struct experiment *x); /* NULL: it is as it stands there */
} builtins[] = {
	{ "paper",       &paper,               paper_make },
	{ "servers",     &paper,               servers_make },
	{ "load",        &paper,               load_make },
	{ "size-sweep",  &paper,               sizes_make },
	{ "overload",    &paper,               overload_make },
	{ "bursty",      &paper,               bursty_make },
	{ "partly-open", &paper,               sessions_make },
	{ "idle",        &paper,               idle_make },
	{ "tls",         &builtin_tls,         tls_make },
	{ "timeline",    &builtin_timeline,    NULL },
	{ "devices",     &builtin_devices,     NULL },
	{ "filesystems", &builtin_filesystems, NULL },
	{ "storage",     &builtin_storage,     NULL },
	{ "screen",      &builtin_screen,      NULL },
};
/* clang-format on */

static bool refuse(struct slice name, struct error *e)
{
	auto_buf list = { .max = EXPERIMENT_TEXT_BYTES };

	for (size_t i = 0; i < COUNT(builtins); i++)
		(void)!buf_add_format(&list, "'%s', ", builtins[i].name);
	return fail(e, FAULT_NEVER, "there is no experiment '%.*s': %.*sor a file's path",
		S_FMT(slice_first(name, 60)), S_FMT(buf_slice(&list)));
}

/* Two minutes, also on a machine that is never quiet. */
static void quick_make(struct experiment *x, const char *name)
{
	(void)snprintf(x->name, sizeof x->name, "%.20s-quick", name);
	x->blocks = 3;
	x->rules.quiet_ms = 200;
	x->rules.reruns = 0;
	/* A load needs its mails, a large mail its time. */
	x->per_size = !load_is_plain(&x->load) ? x->per_size / 2 : x->per_size < 20 ? 2 : 20;
	x->load.step_s = x->load.kind == LOAD_SWEEP ? 1 : x->load.step_s;
}

bool experiment_builtin(struct slice name, bool is_quick, struct experiment *ret, struct error *e)
{
	size_t at = 0;

	while (at < COUNT(builtins) && !slice_same(name, slice_of(builtins[at].name)))
		at++;
	if (at == COUNT(builtins))
		return refuse(name, e);
	*ret = *builtins[at].like;
	ret->load = load_default;
	ret->rules = run_rules_default;
	(void)snprintf(ret->name, sizeof ret->name, "%s", builtins[at].name);
	if (builtins[at].make != NULL)
		builtins[at].make(ret);
	if (is_quick)
		quick_make(ret, builtins[at].name);
	return true;
}
