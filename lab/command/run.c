/* SPDX-License-Identifier: MIT */
#include "lab/command/command.h"
#include "lab/command/stop.h"

#include "lab/report/report.h"

#include <stdio.h>

static const char usage[] =
	"usage: mailvisor-lab run NAME|FILE [--quick] [--out DIRECTORY] [--platforms LIST]\n"
	"                         [--blocks N] [--messages N] [--seed N]\n"
	"                         [--servers LIST] [--packages DIRECTORY]\n"
	"                         [--server PROGRAM] [--image DIRECTORY] [--work DIRECTORY]\n"
	"                         [--external NAME=HOST:SMTP-PORT:POP3-PORT --password-file FILE]\n"
	"                         [--from ADDRESS] [--to ADDRESS]\n"
	"\n"
	"Deploys a mail server on every platform of the experiment again and again in random "
	"order,\n"
	"times every mail from sender to receiver, and writes report.html into DIRECTORY\n"
	"(default \"results/NAME-TIME\"). The same command with the same --out goes on where it\n"
	"was stopped.\n";

int command_run(int argc, char **argv)
{
	struct error e = { .fault = FAULT_NONE };
	struct command_options o;
	int status = STATUS_GOOD;

	if (!command_options_read(argc, argv, usage, &o, &status))
		return status;
	stop_on_signals();
	command_sweep(o.work);
	o.run.trial.is_cancelled = stop_flag();
	if (!command_image_make(&o, o.out, &e) || !run_experiment(&o.run, &e)) {
		status = command_failed(&e);
		if (e.fault == FAULT_GONE)
			(void)fprintf(stderr,
				"mailvisor-lab: the same command with --out %s goes on from here\n",
				o.out);
		return status;
	}
	return report_make(o.out, stdout, &e) ? STATUS_GOOD : command_failed(&e);
}

static const char report_usage[] =
	"usage: mailvisor-lab report DIRECTORY\n"
	"\n"
	"Makes report.html, summary.json and the CSV tables again from the samples in DIRECTORY.\n"
	"The same samples give the same bytes.\n";

int command_report(int argc, char **argv)
{
	struct error e = { .fault = FAULT_NONE };

	if (argc != 2 || argv[1][0] == '-') {
		(void)fputs(report_usage, stderr);
		return STATUS_USAGE;
	}
	return report_make(argv[1], stdout, &e) ? STATUS_GOOD : command_failed(&e);
}
