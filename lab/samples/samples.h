/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * samples - the raw measurements of one trial: one record a message, in a file that explains itself.
 *
 * A file is blocks of 4096 bytes. The first holds text (what this is, the fields, whose trial), the
 * others 31 records of 128 bytes little-endian and a trailer with the count and a CRC-32C, so damage
 * is found and named. Nothing is aggregated when it is measured: all numbers are computed later.
 * Not here: what a percentile is (lab/stats), how a message was sent (lab/workload).
 * Ownership: a sample_file owns its array; sample_file_done frees it. The parser borrows its input.
 * Limits: SAMPLES_* below. A file is written whole and synced at a trial's end.
 */
#include "base/error.h"
#include "base/slice.h"

enum {
	SAMPLES_BLOCK_BYTES = 4096,
	SAMPLES_RECORD_BYTES = 128,
	SAMPLES_PER_BLOCK = 31,
	SAMPLES_FILE_BYTES_MAX = 256 << 20, /* two million messages; a trial has hundreds */
	SAMPLES_LABEL_BYTES = 96,
	SAMPLES_WAIT_BYTES = 6, /* of the two waits: three days in nanoseconds */
};

/* The timeline of a message as a client sees it (docs/lab.md). */
enum sample_point {
	POINT_DUE,      /* t0: when it was to start */
	POINT_START,    /* t1: before connect */
	POINT_BANNER,   /* t2: 220 read */
	POINT_HELLO,    /* t3: EHLO answered */
	POINT_MAIL,     /* t4 */
	POINT_RCPT,     /* t5 */
	POINT_DATA,     /* t6: 354 read */
	POINT_SENT,     /* t7: last byte of "." handed to the kernel */
	POINT_ACCEPTED, /* t8: 250 read */
	POINT_SEEN,     /* t9: the receiver sees a new mail */
	POINT_FETCHED,  /* t10: body there and its hash is right */
	SAMPLE_POINT_COUNT
};

enum sample_outcome {
	OUTCOME_DELIVERED, /* exactly this mail, hash right */
	OUTCOME_REFUSED,   /* the server answered 4xx or 5xx */
	OUTCOME_BROKEN,    /* the connection failed or fell silent while sending */
	OUTCOME_LOST,      /* acknowledged, and not in the mailbox before the deadline */
	OUTCOME_CORRUPT,   /* came, with another hash or size */
	OUTCOME_COUNT
};

enum {
	SAMPLE_IS_WARMUP = 1 << 0,     /* kept, shown as cold start, not part of the results */
	SAMPLE_IS_DUPLICATED = 1 << 1, /* came more than once */
	SAMPLE_IS_LATE = 1 << 2,       /* came after its deadline */
	/* the receiver saw it before the sender read the 250: t9 (and t10) stand at t8 */
	SAMPLE_IS_SEEN_FIRST = 1 << 3,
	SAMPLE_IS_SCHEDULED =
		1 << 5, /* t0 was planned before: latency counts from it (sample_latency_ns) */
	SAMPLE_IS_UNCHECKED = 1 << 4, /* the log says that it was delivered; nobody fetched it */
	SAMPLE_IS_RESUMED = 1 << 7,   /* the handshake took a TLS session up again */
	SAMPLE_TLS_IS_FIRST =
		1 << 6, /* tls_us lies before t2 (TLS from the start), not behind it */
};

#define SAMPLE_NEVER UINT64_MAX

struct sample {
	uint32_t sequence;
	uint32_t size_bytes; /* the RFC 5322 message with CRLF, before dot-stuffing */
	uint16_t outcome, flags;
	uint32_t poll_count;
	uint16_t reply_code;
	uint16_t step;     /* of a load sweep; else 0 */
	uint32_t tls_us;   /* of t2 - t1 or t3 - t2: the handshake; 0: no TLS */
	uint32_t login_us; /* of t3 - t2: AUTH and its answer; 0: none */
	/* between the last two looks into the mailbox: the resolution of t9 */
	uint64_t poll_gap_ns;
	/* of t1 - t0: waited for a sender, since all were busy with a slow server; the rest is the instrument's */
	uint64_t wait_ns;
	uint64_t at_ns[SAMPLE_POINT_COUNT]; /* [0] CLOCK_MONOTONIC, the others since [0] or never */
};

struct sample_file {
	char run[SAMPLES_LABEL_BYTES], trial[SAMPLES_LABEL_BYTES];
	struct sample *samples;
	size_t count;
};

MUST_CHECK bool samples_write(const char *path, const struct sample_file *file, struct error *e);
MUST_CHECK bool samples_read(const char *path, struct sample_file *ret, struct error *e);
/* The parser itself: everything or nothing, for any bytes. */
MUST_CHECK bool samples_parse(struct slice bytes, struct sample_file *ret, struct error *e);
void sample_file_done(struct sample_file *file);
/*
 * From t1, or from t0 when that was a planned time: a mail that started late has waited since then. Only of a
 * mail that was delivered.
 */
uint64_t sample_latency_ns(const struct sample *s);
/* Between two points that were reached, without the handshake and the login that lie there. */
uint64_t sample_span_ns(const struct sample *s, enum sample_point from, enum sample_point to);
const char *sample_outcome_name(unsigned outcome);
/* CRC-32C (Castagnoli), as in RFC 3720 B.4. */
uint32_t crc32c(const void *bytes, size_t count);
