/* SPDX-License-Identifier: MIT */
/*
 * One thing changed at a time, or several by plan: how clients come, what the timeline costs, which
 * of a machine's parts matter.
 */
#include "lab/experiment/builtin.h"

#define COMMON                                                                                     \
	.warmup = 10, .literal_count = 5, .poll_interval_us = 1000, .message_deadline_ms = 10000,  \
	.deploy_deadline_ms = 120000, .cpu_count = 1, .memory_mib = 256, .disk_mib = 512,          \
	.sesoi_percent = 5, .seed = 20210513, .from = "alice@a.example", .to = "alice@b.example"

/* clang-format off */
#define WAY(name, kind, again) { .label = name, .platform = "process", \
	.way = { .submit = kind, .resumes = again } }

/* All pairs of five cells at one size: twelve blocks pass Holm's first step (2/2^12 < 0.05/10) with room. */
const struct experiment builtin_tls = {
	.name = "tls",
	.question = "What does TLS cost a mail that a user hands in, and what does resuming a session save?",
	.cells = {
		WAY("in-clear", SUBMIT_PLAIN, false),
		{ .label = "in-clear-again", .platform = "process", .is_control = true,
			.way = { .submit = SUBMIT_PLAIN } },
		WAY("starttls", SUBMIT_STARTTLS, false),
		WAY("starttls-resumed", SUBMIT_STARTTLS, true),
		WAY("tls", SUBMIT_TLS, false),
		WAY("tls-resumed", SUBMIT_TLS, true),
	},
	.cell_count = 6,
	.sizes = { 10 << 10 }, .size_count = 1, .blocks = 12, .per_size = 100,
	COMMON,
};

/* Our server says what happened to a mail, in its log and in its store; without, it says only what goes wrong. */
#define QUIET .sets = { "log.level=warn", "trace.keep=0h" }, .set_count = 2

/* One comparison at two sizes: 16 blocks give an interval of a few percent on a machine that is quiet. */
const struct experiment builtin_timeline = {
	.name = "timeline",
	.question = "What does it cost the server to write every mail's timeline?",
	.cells = {
		{ .label = "timeline-on", .platform = "process" },
		{ .label = "timeline-on-again", .platform = "process", .is_control = true },
		{ .label = "timeline-off", .platform = "process", QUIET },
	},
	.cell_count = 3,
	.sizes = { 1 << 10, 10 << 10 }, .size_count = 2, .blocks = 16, .per_size = 200,
	COMMON,
};

/*
 * A fraction of all 64 combinations of six parts with two levels each, chosen so that no part is mixed up with another
 * part or with any two others' interplay (resolution IV): the parts of a row are A, B, C, D, ABC and BCD
 * (Box, Hunter and Hunter, "Statistics for Experimenters", table of 2^(6-2) designs). Each of the 16 machines is one
 * such row; the report has each part's effect over all of them. Ten blocks pass Holm's first step for six parts at
 * two sizes (2/2^10 < 0.05/12).
 */
#define PART(a, low, high) ((a) ? (high) : (low))
#define MACHINE(a, b, c, d) { .label = "m" #a #b #c #d, .platform = "tcg", \
	.cpu_count = PART(a, 1, 2), .memory_mib = PART(b, 256, 512), .hardware = { { \
	[HARDWARE_NIC] = PART(c, NIC_VIRTIO, NIC_E1000), [HARDWARE_DISK] = PART(d, DISK_VIRTIO_BLK, DISK_AHCI), \
	[HARDWARE_CACHE] = PART(a ^ b ^ c, CACHE_WRITEBACK, CACHE_NONE), \
	[HARDWARE_FS] = PART(b ^ c ^ d, FS_EXT4, FS_XFS), [HARDWARE_KERNEL] = KERNEL_GENERIC } } }

const struct experiment builtin_screen = {
	.name = "screen",
	.question = "Which of a virtual machine's processors, memory, card, disk, cache and file system matter to a mail?",
	.cells = {
		MACHINE(0, 0, 0, 0), MACHINE(1, 0, 0, 0), MACHINE(0, 1, 0, 0), MACHINE(1, 1, 0, 0),
		MACHINE(0, 0, 1, 0), MACHINE(1, 0, 1, 0), MACHINE(0, 1, 1, 0), MACHINE(1, 1, 1, 0),
		MACHINE(0, 0, 0, 1), MACHINE(1, 0, 0, 1), MACHINE(0, 1, 0, 1), MACHINE(1, 1, 0, 1),
		MACHINE(0, 0, 1, 1), MACHINE(1, 0, 1, 1), MACHINE(0, 1, 1, 1), MACHINE(1, 1, 1, 1),
	},
	.cell_count = 16,
	.sizes = { 1 << 10, 10 << 10 }, .size_count = 2, .blocks = 10, .per_size = 40,
	COMMON,
};
/* clang-format on */
