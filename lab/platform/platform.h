/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * platform - the places where a mail server can run: bare process, container, virtual machines.
 *
 * One platform is one `static const struct platform` in its own file and one line in the list of
 * platform.c. The lab deploys a fresh server for each trial, measures it through its sockets only, and
 * stops it. deploy() returns when the server has answered 220 on SMTP and +OK on POP3 and every
 * account of the plan can log in; what it made on the way is gone again when it fails or is stopped.
 * Not here: sending mail, timing mail, statistics, which order (lab/workload, lab/stats, lab/run).
 * Threads: one deployment at a time, all calls from the lab's main thread. deploy() watches
 * plan->is_cancelled and gives up within about a second (FAULT_GONE) when it becomes true.
 * Ownership: the plan is borrowed for the call of deploy and must outlive the deployment; a driver's
 * own state hangs at deployment.state and is freed by stop().
 * Limits: PLATFORM_* below. Every wait in a driver has a deadline (plan->deadline_ms in all).
 */
#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"
#include "lab/hardware/hardware.h"
#include "lab/workload/way.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	PLATFORM_NAME_BYTES = 16,
	PLATFORM_REASON_BYTES = 256,
	PLATFORM_PATH_BYTES = 512,
	/* one JSON object about devices, versions and flush behaviour */
	PLATFORM_FACTS_BYTES = 8192,
	PLATFORM_STAGE_COUNT = 12, /* stages of one deployment that a driver may report */
	/* accounts in a plan: a trial needs two, examples a few more */
	PLATFORM_ACCOUNT_COUNT = 64,
};

/* What a trial wants to have. Text is NUL-terminated; accounts belong to one of the domains. */
struct deploy_account {
	const char *address; /* "alice@a.example" */
	/* never on a command line: driver passes it by stdin or a 0600 file */
	const char *password;
};

struct server;
struct deploy_plan {
	const char *const *domains;
	unsigned domain_count;
	const struct deploy_account *accounts;
	unsigned account_count;
	unsigned cpu_count;
	uint64_t memory_bytes;
	uint64_t disk_bytes;
	struct hardware hardware; /* what differs from the defaults, platform_takes() */
	struct mail_way way;      /* the doors that its clients need */
	const char *const
		*sets; /* "KEY=VALUE" for our server, on top of the lab's own; set_count of them */
	unsigned set_count;
	const char *server_path; /* the `mailvisor` program */
	/* another mail server than ours; NULL or server_mailvisor: ours. Process and container only. */
	const struct server *server;
	const char *packages_path; /* root of unpacked packages for it; NULL: what is installed */
	/* directory with the appliance's kernel and initramfs; virtual machines */
	const char *image_path;
	const char *work_path; /* an existing empty directory of this trial: data, sockets, logs */
	/* What another server left (carry.h): copied, not changed. NULL: nothing, a fresh server. */
	const char *data_from;
	bool keeps_data;                   /* stop() leaves the data in work_path */
	uint64_t deadline_ms;              /* for the whole deployment */
	const volatile bool *is_cancelled; /* NULL: never; set by SIGINT and SIGTERM */
};

/* A point of a deployment, nanoseconds of CLOCK_MONOTONIC on the lab's machine. */
struct deploy_stage {
	const char *name; /* a literal: "spawn", "kernel", "init", "banner", "accounts", "ready" */
	uint64_t at_ns;
};

struct deployment {
	const struct platform *platform;
	char host[64]; /* an address to connect to from the lab's own network namespace */
	uint16_t smtp_port, pop3_port;
	uint16_t submission_port, lmtp_port, imap_port; /* 0: not offered */
	uint16_t submissions_port, pop3s_port,
		imaps_port; /* TLS from the first byte; 0: not offered */
	/* spawn -> first 220: the two times every driver fills; the rest as far as it sees them. */
	uint64_t spawn_ns, first_220_ns;
	struct deploy_stage stages[PLATFORM_STAGE_COUNT];
	unsigned stage_count;
	/* What was really there: one JSON object, e.g. {"accel":"tcg","disk":"virtio-blk cache=none"}. */
	char facts_json[PLATFORM_FACTS_BYTES];
	char console_path[PLATFORM_PATH_BYTES]; /* serial console or standard error; "" when none */
	char timeline_path
		[PLATFORM_PATH_BYTES]; /* the server's log on this machine; "" when not readable */
	void *state;                   /* the driver's */
};

/* What the platform used so far, for cost per message; unknown values are UINT64_MAX. */
struct platform_usage {
	uint64_t cpu_ns;       /* all processes of the platform, user and system */
	uint64_t memory_bytes; /* resident now (PSS where the kernel tells it) */
	uint64_t write_bytes;  /* to disk */
	/* that a machine asked its disk for, or our server its file system; leaving the virtual processor */
	uint64_t flushes, exits; /* counters.h */
};

/* What one operation of struct platform_states took. */
struct platform_span {
	uint64_t begin_ns, end_ns; /* CLOCK_MONOTONIC, from the command to its end */
	uint64_t
		paused_ns; /* how long the guest stood still, as the hypervisor says; UINT64_MAX: unknown */
	uint64_t bytes; /* written or moved for it; UINT64_MAX: unknown */
};

/*
 * What can be done with a deployment beside serving; NULL where the platform cannot. After snapshot, revert,
 * migrate and boot it serves on at the same address and ports (revert and boot break its connections: ask
 * its ports, as for any server); after save and cut its machine is gone, and only boot (after cut) or
 * stop may follow. A failure leaves it serving where that is possible; is_alive tells.
 */
struct platform_states {
	/* Keeps memory and disk under that name (letters and digits) in the machine's own disk. Needs
	 * hardware format qcow2 where the platform has formats. */
	bool (*snapshot)(
		struct deployment *d, const char *name, struct platform_span *ret, struct error *e);
	bool (*revert)(
		struct deployment *d, const char *name, struct platform_span *ret, struct error *e);
	/* Writes memory and disk into the directory, which is there and empty, and ends the machine. */
	bool (*save)(struct deployment *d, const char *directory, struct platform_span *ret,
		struct error *e);
	/* A deployment out of what save() wrote, like deploy(); the directory stays as it is and serves again. */
	bool (*restore)(const struct deploy_plan *plan, const char *directory,
		struct deployment *ret, struct error *e);
	/* To a second machine on this host, while it serves. */
	bool (*migrate)(struct deployment *d, struct platform_span *ret, struct error *e);
	/* The power fails: everything of the machine is killed at once; its disk stays. */
	void (*cut)(struct deployment *d);
	/* After cut(): starts again from the same disk; returns when it serves, like deploy(). The stages
	 * and times in *d are then those of this start. */
	bool (*boot)(struct deployment *d, struct error *e);
};

struct platform {
	const char *name;  /* "process": in files and on the command line */
	const char *title; /* "Bare process": in the report */
	bool is_virtual;   /* has its own kernel: needs plan->image_path */
	bool is_hardware;  /* runs on the processor's own virtualisation */
	unsigned hardware; /* bits 1 << enum hardware_key: what of plan->hardware it lets choose */
	/*
	 * Can this machine run it? True: yes. False: an answer, with one sentence of reason, e.g. "/dev/kvm
	 * does not start a guest: the processor has no virtualisation". May take a few seconds; cleans up.
	 */
	bool (*probe)(const struct deploy_plan *plan, char ret_reason[PLATFORM_REASON_BYTES]);
	/* A fresh server on an empty disk, with the plan's domains and accounts, ready to serve. */
	bool (*deploy)(const struct deploy_plan *plan, struct deployment *ret, struct error *e);
	/* Optional (NULL). Reads the usage now; false when it cannot. */
	bool (*usage)(const struct deployment *d, struct platform_usage *ret);
	/* Is it still there? False, with a reason, when it died (a guest panicked, a process ended). */
	bool (*is_alive)(const struct deployment *d, char ret_reason[PLATFORM_REASON_BYTES]);
	/* Ends it, waits for its processes, removes namespaces, cgroups, taps and its disk. Never fails;
	 * fine on a deployment that died. Console and log files stay in work_path for the record. */
	void (*stop)(struct deployment *d);
	/* Version of the platform's software, kernel, device models: one JSON object for the report. */
	void (*describe)(char ret_json[PLATFORM_FACTS_BYTES]);
	/* Optional. Ends and removes machines of labs that are gone, and adds a line for each to `said`. */
	void (*sweep)(struct buf *said);
	const struct platform_states *states; /* NULL: it can none of that */
};

/* All we have, in the order of the report: process, container, uml, tcg, kvm, virtualbox,
 * vmware, and libvirt where it was there when the lab was built. Ends with NULL. */
extern const struct platform *const platforms[];
/* Does it let choose all that differs from the defaults? The reason names what not. */
bool platform_takes(const struct platform *platform, const struct hardware *h,
	char ret_reason[PLATFORM_REASON_BYTES]);
/*
 * Would it run on virtualisation inside virtualisation, because this machine is a guest itself? Then it can
 * show that it works, but its times are those of two hypervisors, and no report may show them.
 */
bool platform_is_nested(const struct platform *platform, char ret_reason[PLATFORM_REASON_BYTES]);
/* Does /proc/cpuinfo's text say that a hypervisor is below? */
bool platform_cpuinfo_is_virtual(struct slice text);
/* By name; NULL when there is none. */
const struct platform *platform_find(struct slice name);
