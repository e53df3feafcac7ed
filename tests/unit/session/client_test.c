/* SPDX-License-Identifier: MIT */
/* Parking, waking, deadlines: what the pool sees of a session. */
#include "room.h"

#include <pthread.h>
#include <time.h>

#include "session/pop3.h"
#include "session/smtp.h"

static const struct {
	enum session_kind kind;
	struct slice banner, ok, drain;
} rows[] = {
	{ SESSION_SMTP, S_INIT("220 mail.test "), S_INIT("250 2.0.0 "), S_INIT("421 4.3.2 ") },
	{ SESSION_LMTP, S_INIT("220 mail.test "), S_INIT("250 2.0.0 "), S_INIT("421 4.3.2 ") },
	{ SESSION_POP3, S_INIT("+OK mail.test "), S_INIT("-ERR Log in first"),
		S_INIT("-ERR [SYS/TEMP] ") },
};

static void test_parks_and_wakes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct room r;
		uint64_t now;

		room_open(&r, rows[i].kind);
		now = clock_mono_ns(&r.clock);
		check_row(r.work->step(r.work, WAKE_NEW) == NEXT_PARK, i);
		check_row(r.work->park_until_ns >= now + 59 * NS_PER_S, i);
		check_row(room_hears(&r, rows[i].banner), i);
		room_send(&r, S("NOOP\r\n"));
		check_row(r.work->step(r.work, WAKE_BYTES) == NEXT_AGAIN, i);
		check_row(r.work->step(r.work, WAKE_NEW) == NEXT_PARK, i);
		check_row(room_hears(&r, rows[i].ok), i);
		check_row(r.work->step(r.work, WAKE_CALLED) == NEXT_PARK, i);
		room_close(&r);
	}
}

/* Half a command is in flight: no parking; and not for ever. */
static void test_half_a_command(void **state)
{
	struct room r;

	(void)state;
	room_open(&r, SESSION_SMTP);
	check(r.work->step(r.work, WAKE_NEW) == NEXT_PARK);
	check(room_hears(&r, S("220 ")));
	room_send(&r, S("NOO"));
	check(r.work->step(r.work, WAKE_BYTES) == NEXT_AGAIN);
	room_send(&r, S("P\r\n"));
	check(r.work->step(r.work, WAKE_NEW) == NEXT_AGAIN);
	check(r.work->step(r.work, WAKE_NEW) == NEXT_PARK);
	check(room_hears(&r, S("250 ")));
	room_send(&r, S("NOO"));
	check(r.work->step(r.work, WAKE_BYTES) == NEXT_AGAIN);
	r.ahead_ns += 6 * NS_PER_S;
	check(r.work->step(r.work, WAKE_NEW) == NEXT_CLOSE);
	room_close(&r);
	check(atomic_load(&r.counters.at[COUNT_TIMEOUTS]) == 1);
}

static void test_drain(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct room r;
		char got[256];
		ssize_t len;

		room_open(&r, rows[i].kind);
		check_row(r.work->step(r.work, WAKE_NEW) == NEXT_PARK, i);
		check_row(room_hears(&r, rows[i].banner), i);
		check_row(r.work->step(r.work, WAKE_DRAIN) == NEXT_CLOSE, i);
		r.work->end(r.work);
		len = read(r.client_fd, got, sizeof got);
		check_row(
			len > 0 && slice_starts((struct slice){ got, (size_t)len }, rows[i].drain),
			i);
		check_row(close(r.client_fd) == 0, i);
	}
}

static void test_idle_deadline(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct room r;

		room_open(&r, rows[i].kind);
		check_row(r.work->step(r.work, WAKE_NEW) == NEXT_PARK, i);
		/* The pool's clock may be a little early. */
		check_row(r.work->step(r.work, WAKE_TIMEOUT) == NEXT_PARK, i);
		r.ahead_ns += 61 * NS_PER_S;
		check_row(r.work->step(r.work, WAKE_TIMEOUT) == NEXT_CLOSE, i);
		check_row(atomic_load(&r.counters.at[COUNT_TIMEOUTS]) == 1, i);
		room_close(&r);
	}
}

/* The peer left, and had a last command before. */
static void test_gone(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct room r;

		room_open(&r, rows[i].kind);
		check_row(r.work->step(r.work, WAKE_NEW) == NEXT_PARK, i);
		check_row(room_hears(&r, rows[i].banner), i);
		room_send(&r, S("NOOP\r\n"));
		check_row(shutdown(r.client_fd, SHUT_WR) == 0, i);
		check_row(r.work->step(r.work, WAKE_GONE) == NEXT_AGAIN, i);
		check_row(r.work->step(r.work, WAKE_NEW) == NEXT_CLOSE, i);
		check_row(room_hears(&r, rows[i].ok), i);
		room_close(&r);
	}
}

/* A body that trickles: the bytes come in time, one by one, and half a minute goes by. */
static void *trickle(void *room)
{
	struct room *r = room;
	struct timespec moment = { .tv_nsec = 50 * 1000 * 1000 };

	(void)nanosleep(&moment, NULL);
	room_send(r, S("a"));
	(void)nanosleep(&moment, NULL);
	r->ahead_ns += 31 * NS_PER_S;
	room_send(r, S("b"));
	return NULL;
}

static void test_body_too_slow(void **state)
{
	struct room r;
	pthread_t thread;

	(void)state;
	room_open(&r, SESSION_SMTP);
	r.host.min_bytes_per_s = 100;
	r.host.data_wait_ms = 180 * 1000;
	check(r.work->step(r.work, WAKE_NEW) == NEXT_PARK);
	check(room_hears(&r, S("220 ")));
	room_send(&r, S("BDAT 100 LAST\r\n")); /* not allowed yet, and eaten all the same */
	check(pthread_create(&thread, NULL, trickle, &r) == 0);
	check(r.work->step(r.work, WAKE_BYTES) == NEXT_CLOSE);
	check(pthread_join(thread, NULL) == 0);
	check(atomic_load(&r.counters.at[COUNT_TOO_SLOW]) == 1);
	room_close(&r);
}

static void test_body_timeout(void **state)
{
	struct room r;

	(void)state;
	room_open(&r, SESSION_SMTP);
	r.host.data_wait_ms = 50;
	check(r.work->step(r.work, WAKE_NEW) == NEXT_PARK);
	check(room_hears(&r, S("220 ")));
	room_send(&r, S("BDAT 100 LAST\r\nabc"));
	check(r.work->step(r.work, WAKE_BYTES) == NEXT_CLOSE);
	check(atomic_load(&r.counters.at[COUNT_TIMEOUTS]) == 1);
	room_close(&r);
}

/* A parked session is small: that many sleep on a small machine. */
static void test_structs_are_small(void **state)
{
	(void)state;
	check(sizeof(struct smtp) <= 512);
	check(sizeof(struct pop3) <= 1024);
	check(sizeof(struct maildrop_row) == 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parks_and_wakes),
		cmocka_unit_test(test_half_a_command),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_idle_deadline),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_body_too_slow),
		cmocka_unit_test(test_body_timeout),
		cmocka_unit_test(test_structs_are_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
