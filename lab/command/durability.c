/* SPDX-License-Identifier: MIT */
#include "lab/command/life.h"

#include "lab/durability/durability.h"

#include <stdio.h>

static const char usage[] =
	"usage: mailvisor-lab durability [--platforms LIST] [--hardware KEY=VALUE]... [--server "
	"PROGRAM]\n"
	"                                [--image DIRECTORY] [--work DIRECTORY]\n"
	"\n"
	"Is a mail on this machine's disk when the server says 250? Looks for the mail, on each "
	"platform,\n"
	"in the files that hold the server's data, and asks the kernel whether those pages are "
	"written.\n"
	"--hardware cache=unsafe shows what it is good for.\n";

static bool ask(struct place *p, struct durability_found *ret, struct error *e)
{
	return place_deploy(p, e) && durability_probe(&p->deployment, p->work,
					     p->accounts[0].address, place_load_address(), ret, e);
}

static void print(const struct platform *p, const struct durability_found *found)
{
	(void)printf("%-12s %-8s %s; a mail %.0f us, a flush of this disk %.0f us", p->name,
		durability_name(found->class), found->reason, found->accept_us, found->host_us);
	if (found->flushes != UINT64_MAX)
		(void)printf("; the machine asked for %llu flushes for %llu mails",
			(unsigned long long)found->flushes, (unsigned long long)found->flush_mails);
	(void)printf("\n");
	(void)fflush(stdout);
}

static bool ask_all(const struct life *l, struct error *e)
{
	static struct place p;
	struct durability_found found;
	bool is_good = true;

	for (unsigned i = 0; is_good && i < l->count; i++) {
		is_good = place_open(&l->options, l->platforms[i], &p, e) && ask(&p, &found, e);
		if (is_good)
			print(l->platforms[i], &found);
		place_close(&p);
	}
	return is_good;
}

int command_durability(int argc, char **argv)
{
	static struct life l;
	struct error e = { .fault = FAULT_NONE };
	int status = life_read(argc, argv, usage, &l);

	if (status >= 0)
		return status;
	bool is_good =
		life_platforms(&l, &e) && life_begin(&l, l.list != NULL, &e) && ask_all(&l, &e);

	return life_status(&l, is_good, &e);
}
