/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * log - one event, one line, logfmt.
 *
 *     t=2026-11-23T05:26:30.123456Z ev=smtp.accepted msg=01jd… bytes=10240 peer="[192.0.2.1]:4711"
 *
 * Event names are documented in docs/log.md: tests may assert on them, operators may grep them.
 * Values from outside are quoted, so that a peer cannot write a second line. Secrets have no field
 * type. Only session, deliver, admin and cmd log; everything below returns errors.
 * Threads: any. Lines go through a ring to one writer thread, so logging never waits for the disk;
 * when the ring is full, lines are dropped and counted (log.dropped says how many).
 * Before log_start() and after log_stop() lines are written at once to stderr.
 */
#include "base/slice.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log_field {
	const char *name;
	struct slice text; /* used when text.at is set, else number */
	uint64_t number;
};
#define LOG_TEXT(n, s)                                                                             \
	{                                                                                          \
		.name = (n), .text = (s)                                                           \
	}
#define LOG_COUNT(n, v)                                                                            \
	{                                                                                          \
		.name = (n), .number = (v)                                                         \
	}
#define log_event(level, event, ...)                                                               \
	log_write(level, event, (const struct log_field[]){ __VA_ARGS__ },                         \
		COUNT(((const struct log_field[]){ __VA_ARGS__ })))

/* Starts the writer: path NULL or "-" is stderr. Lines above `level` are not written. */
struct error;
MUST_CHECK bool log_start(const char *path, enum log_level level, struct error *e);
/* Writes what is queued and stops the writer. */
void log_stop(void);
/* Opens the file again (after rotation) and sets the level. */
void log_reopen(enum log_level level);
bool log_is_on(enum log_level level);
void log_write(enum log_level level, const char *event, const struct log_field *fields,
	size_t field_count);
/* Adds ` name=value` as log_write does, for modules that prepare lines (the timeline). */
struct buf;
bool log_add_field(struct buf *line, const struct log_field *field);
/* Queues prepared text: whole lines, each ending with \n. */
void log_lines(struct slice lines);
/* Lines dropped since the start. */
uint64_t log_dropped_count(void);
