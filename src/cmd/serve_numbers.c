/* SPDX-License-Identifier: MIT */
#include "cmd/server.h"
#include "mail/password.h"
#include "mail/spool.h"

#include <stdio.h>
#include <unistd.h>

struct number {
	const char *name;
	uint64_t value;
	bool is_total;
};

static void tell_all(admin_number_fn *tell, void *context, const char *group,
	const struct number *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		tell(context, group, numbers[i].name, numbers[i].value, numbers[i].is_total);
}

static void tell_net(struct server *s, admin_number_fn *tell, void *context)
{
	struct pool_stats pool;
	struct listen_stats listen;

	pool_stats_get(s->pool, &pool);
	listen_stats_get(s->listen, &listen);
	const struct number numbers[] = {
		{ "open", listen.open, false },
		{ "accepted", listen.accepted, true },
		{ "refused", listen.refused_total, true },
		{ "refused_per_address", listen.refused_per_address, true },
	};
	const struct number threads[] = {
		{ "workers", pool.workers, false },
		{ "busy", pool.busy, false },
		{ "parked", pool.parked, false },
		{ "queued", pool.queued, false },
		{ "sessions", pool.sessions, false },
		{ "steps", pool.steps, true },
		{ "wakes", pool.wakes, true },
	};
	tell_all(tell, context, "connections", numbers, COUNT(numbers));
	tell_all(tell, context, "pool", threads, COUNT(threads));
}

static void tell_store(struct server *s, admin_number_fn *tell, void *context)
{
	struct store_stats store;
	struct password_stats password;

	store_stats_get(s->mail.store, &store);
	password_stats_get(s->mail.password, &password);
	const struct number numbers[] = {
		{ "syncs", store.syncs, true },
		{ "transactions", store.transactions, true },
		{ "commits", store.commits, true },
		{ "conflicts", store.conflicts, true },
		{ "bytes_written", store.bytes_written, true },
		{ "blobs_written", store.blobs_written, true },
		{ "blobs_dropped", store.blobs_dropped, true },
	};
	const struct number logins[] = {
		{ "logins", password.logins, true },
		{ "cache_hits", password.cache_hits, true },
		{ "hashes", password.hashes, true },
		{ "wrong", password.wrong, true },
	};
	tell_all(tell, context, "store", numbers, COUNT(numbers));
	tell_all(tell, context, "password", logins, COUNT(logins));
}

static void tell_relay(struct server *s, admin_number_fn *tell, void *context)
{
	struct deliver_stats deliver = { 0 };
	struct spool_stats spool;

	if (s->deliver != NULL)
		deliver_stats_get(s->deliver, &deliver);
	spool_stats_get(s->mail.spool, &spool);
	const struct number numbers[] = {
		{ "waiting", spool.waiting, false },
		{ "taken", spool.taken, false },
		{ "held", spool.held, false },
		{ "attempts", deliver.attempts, true },
		{ "relayed", deliver.relayed, true },
		{ "deferred", deliver.deferred, true },
		{ "bounced", deliver.bounced, true },
	};
	tell_all(tell, context, "relay", numbers, COUNT(numbers));
}

void serve_numbers(void *context, admin_number_fn *tell, void *tell_context)
{
	struct server *s = context;

	for (size_t i = 0; i < SESSION_COUNTERS; i++)
		tell(tell_context, "sessions", session_counter_names[i],
			atomic_load_explicit(&s->counters.at[i], memory_order_relaxed), true);
	tell_net(s, tell, tell_context);
	tell_store(s, tell, tell_context);
	tell_relay(s, tell, tell_context);
	tell(tell_context, "log", "dropped", log_dropped_count(), true);
}

size_t serve_facts(void *context, struct admin_fact *room, size_t room_count)
{
	const struct server *s = context;
	const struct admin_fact facts[] = {
		{ .name = "version", .text = S(MAILVISOR_VERSION) },
		{ .name = "pid", .number = (uint64_t)getpid() },
		{ .name = "user", .number = (uint64_t)geteuid() },
		{ .name = "data", .text = slice_of(s->data) },
		{ .name = "started", .number = s->started_s },
		{ .name = "store", .text = slice_of(store_engine_of(s->mail.store)->name) },
		{ .name = "relay", .text = slice_of(s->config.relay_host) },
		{ .name = "sandbox", .text = slice_of(s->sandbox_text) },
		{ .name = "certificate_expires",
			.number = s->tls != NULL ? tls_config_expires_s(s->tls) : 0 },
	};
	size_t count = 0;

	for (size_t i = 0; i < COUNT(facts) && count < room_count; i++)
		room[count++] = facts[i];
	for (size_t i = 0; i < s->listener_count && count < room_count; i++)
		room[count++] = (struct admin_fact){ .name = s->listener_names[i],
			.text = slice_of(s->listeners[i].address),
			.is_listener = true };
	return count;
}
