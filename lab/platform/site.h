/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * site - what every deployment has, whatever it runs on: an address, a keeper, a cgroup, settings.
 *
 * The drivers (process, container, qemu) say which program to keep and what it stands on; address,
 * readiness, usage and the end are the same code for all, so that they cannot differ between them.
 * Memory: deployment.state is a struct site, freed by site_stop. Threads: the lab's main thread.
 */
#include "lab/platform/keeper.h"
#include "lab/platform/platform.h"

#include <jansson.h>

enum {
	SITE_SET_COUNT = 16, /* settings of the server; as many as the guest takes */
	SITE_SET_BYTES = 96,
	SITE_WORD_COUNT = 16 + 2 * SITE_SET_COUNT,
	SITE_GRACE_MS = 12000, /* a server drains for at most 10 s (wait.stop) */
};

struct qmp;
struct site {
	const struct deploy_plan *plan;
	char image_path[PLATFORM_PATH_BYTES]; /* the plan's, or one beside it with other drivers */
	struct keeper keeper;
	struct cgroup group;
	struct lan_seat seat;
	bool has_lan;
	uint16_t submission_port;
	char sets[SITE_SET_COUNT][SITE_SET_BYTES];
	unsigned set_count;
	int tap_fd;      /* QEMU's, until it has it; -1: none */
	struct qmp *qmp; /* NULL: not QEMU, or not yet */
	void *own;       /* another driver's, which frees it */
	bool has_moved;  /* an odd number of times: its tap has the second name */
	bool (*watch)(struct site *s, struct deployment *d, struct error *e); /* may be NULL */
	/* Its network driver may stop for good when packets come before it is there: nobody asks its ports
	 * until PID 1 has said that it has a network. */
	bool is_shy;
	bool (*part)(struct site *s, struct deployment *d); /* before the end; may be NULL */
	uint64_t console_seen_bytes;
	json_t *facts;
	/* Of machines that another program keeps (VirtualBox, VMware): its name for it; "": none. */
	char machine[PLATFORM_PATH_BYTES];
	bool (*looks)(struct site *s, char *ret_reason); /* is_alive of such a one */
	bool is_outside;                                 /* stepped out of the lab's network */
};

/* Address, ports, cgroup and settings; fills what it can of *ret. On failure nothing is left. */
MUST_CHECK bool site_open(const struct deploy_plan *plan, const struct platform *platform,
	struct deployment *ret, struct error *e);
/* The same at a seat of the lab's network that was taken before (lan_seat_at); NULL: any. */
MUST_CHECK bool site_open_at(const struct deploy_plan *plan, const struct platform *platform,
	const struct lan_seat *seat, struct deployment *ret, struct error *e);
/* The same for a machine that is reached through ports of 127.0.0.1 on the machine's own network. */
MUST_CHECK bool site_open_outside(const struct deploy_plan *plan, const struct platform *platform,
	struct deployment *ret, struct error *e);
struct site *site_of(const struct deployment *d);
/* The domains and accounts, in the syntax of `mailvisor serve --setup`, as a file only we can read. */
MUST_CHECK bool site_setup_write(const struct deploy_plan *plan, const char *path, struct error *e);
/* A path in the deployment's work directory; false: too long. */
MUST_CHECK bool site_path(const struct deploy_plan *plan, const char *name,
	char ret[PLATFORM_PATH_BYTES], struct error *e);
/* "SERVER serve --data DATA --setup SETUP --set …", ends with NULL and borrows. */
void site_words(const struct site *s, const char *server, const char *data, const char *setup,
	const char *ret_words[SITE_WORD_COUNT]);
/* Starts the program under a keeper: notes the time, the command line and the log file. */
MUST_CHECK bool site_start(struct deployment *d, struct keeper_plan *plan, struct error *e);
/* An operation that begins now; for site_span_end. */
struct platform_span site_span(void);
struct platform_span site_span_end(struct platform_span begun);
void site_stage(struct deployment *d, const char *name);
/* Waits for 220, +OK and the accounts; writes the facts. */
MUST_CHECK bool site_ready(struct deployment *d, struct error *e);
/* The same for all drivers: platform.usage, .is_alive, .stop. */
bool site_usage(const struct deployment *d, struct platform_usage *ret);
bool site_is_alive(const struct deployment *d, char ret_reason[PLATFORM_REASON_BYTES]);
void site_stop(struct deployment *d);
/* platform.states of those that only can be killed: everything of it, at once. */
extern const struct platform_states site_states;
/* As JSON text, cut to nothing when it is too long; gives the object back. */
void site_facts_print(json_t *facts, char ret[PLATFORM_FACTS_BYTES]);
