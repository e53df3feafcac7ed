/* SPDX-License-Identifier: MIT */
#include "lab/command/stop.h"

#include <signal.h>
#include <stddef.h>

static volatile bool is_asked;

static void on_signal(int number)
{
	(void)number;
	is_asked = true;
}

void stop_on_signals(void)
{
	struct sigaction stop = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };

	(void)sigaction(SIGINT, &stop, NULL);
	(void)sigaction(SIGTERM, &stop, NULL);
	(void)sigaction(SIGHUP, &stop, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

const volatile bool *stop_flag(void)
{
	return &is_asked;
}
