/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * command - the sub-commands of mailvisor-lab: arguments in, exit status out, no measuring logic.
 *
 * Exit status: 0 done, 1 failed (standard error says why), 2 wrong usage, 75 try again later
 * (EX_TEMPFAIL), 130 stopped on request (results are kept, the same command resumes).
 */
#include "lab/run/run.h"

enum {
	STATUS_GOOD = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_LATER = 75,
	STATUS_STOPPED = 130,
};

int command_run(int argc, char **argv);
int command_plan(int argc, char **argv);
int command_report(int argc, char **argv);
int command_compare(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_move(int argc, char **argv);
int command_durability(int argc, char **argv);
int command_lifecycle(int argc, char **argv);
int command_consolidation(int argc, char **argv);
int command_clean(int argc, char **argv);

/* Removes what killed labs left, below that work folder and elsewhere, and says what, on standard error. */
void command_sweep(const char *work);

/* Prints "mailvisor-lab: …" and returns the status that belongs to the fault. */
int command_failed(const struct error *e);

/* What run, plan and doctor have in common. */
struct command_options {
	struct run_options run;
	char out[PATH_MAX], work[PATH_MAX], server[PATH_MAX], image[PATH_MAX], packages[PATH_MAX];
	char password[128];
	bool has_image; /* given by hand: not built */
};
/* False: usage was wrong or help was asked for; *ret_status is the exit status. */
MUST_CHECK bool command_options_read(
	int argc, char **argv, const char *usage, struct command_options *ret, int *ret_status);
/* The appliance for virtual machines: built below the folder when the experiment needs one. */
MUST_CHECK bool command_image_make(struct command_options *o, const char *folder, struct error *e);
