/* SPDX-License-Identifier: MIT */
#include "lab/experiment/claim.h"

#include "base/slice.h"

#include <inttypes.h>
#include <string.h>

/*
 * Khaji, Potluri, Kakelli, "A Performance Analysis of Virtual Mail Server on Type-2 Hypervisors", Walailak J. Sci. &
 * Tech. 18(13), 2021, doi 10.48048/wjst.2021.9845. The study says "about" or nothing: ten points and ten
 * milliseconds are how we read that.
 */
/* clang-format off */
const struct claim claims_of_the_study[] = {
	{ "C1", "1 KB: KVM is about 40 % better than VirtualBox", CLAIM_LESS, "kvm", "virtualbox", 1 << 10, 0, 40, 10 },
	{ "C2", "1 KB: VMware is about 25 % better than VirtualBox", CLAIM_LESS, "vmware", "virtualbox", 1 << 10, 0, 25, 10 },
	{ "C3", "3 KB: KVM is about 40 % better than VirtualBox", CLAIM_LESS, "kvm", "virtualbox", 3 << 10, 0, 40, 10 },
	{ "C4", "3 KB: KVM is about 40 % better than VMware", CLAIM_LESS, "kvm", "vmware", 3 << 10, 0, 40, 10 },
	{ "C5", "VMware's time rises by 55 ms from 1 KB to 3 KB", CLAIM_RISE, "vmware", "", 1 << 10, 3 << 10, 55, 10 },
	{ "C6", "10 KB: KVM is about 30 % better than VirtualBox", CLAIM_LESS, "kvm", "virtualbox", 10 << 10, 0, 30, 10 },
	{ "C7", "10 KB: KVM is about 30 % better than VMware", CLAIM_LESS, "kvm", "vmware", 10 << 10, 0, 30, 10 },
	{ "C8", "10 KB: VMware is close to VirtualBox, but better", CLAIM_CLOSE, "vmware", "virtualbox", 10 << 10, 0, 0, 10 },
	{ "C9", "KVM is best at every size", CLAIM_BEST, "kvm", "virtualbox, vmware", 0, 0, 0, 0 },
};
/* clang-format on */
const unsigned claims_of_the_study_count = COUNT(claims_of_the_study);

static const char *const kind_names[CLAIM_KIND_COUNT] = { "less", "rise", "close", "best" };

const char *claim_kind_name(enum claim_kind kind)
{
	return kind < CLAIM_KIND_COUNT ? kind_names[kind] : "unknown";
}

bool claim_kind_find(const char *name, enum claim_kind *ret)
{
	for (unsigned i = 0; i < CLAIM_KIND_COUNT; i++) {
		if (strcmp(kind_names[i], name) == 0) {
			*ret = (enum claim_kind)i;
			return true;
		}
	}
	return false;
}

bool claims_print(const struct claim *claims, unsigned count, struct buf *to)
{
	for (unsigned i = 0; i < count; i++) {
		const struct claim *c = &claims[i];

		if (!buf_add_format(to,
			    "claim %s {\n\ttext = \"%s\"\n\tkind = %s\n\tplatform = %s\n\tthan = "
			    "\"%s\"\n"
			    "\tsize = %" PRIu32 "\n\tto = %" PRIu32
			    "\n\tvalue = %u\n\tabout = %u\n}\n",
			    c->id, c->text, claim_kind_name(c->kind), c->platform, c->than,
			    c->size_bytes, c->to_bytes, c->value, c->about))
			return false;
	}
	return true;
}

static const char *missing(const struct claim *c)
{
	if (c->platform[0] == '\0')
		return "platform";
	if (c->kind != CLAIM_RISE && c->than[0] == '\0')
		return "than";
	if (c->kind != CLAIM_BEST && c->size_bytes == 0)
		return "size";
	if (c->kind == CLAIM_RISE && c->to_bytes <= c->size_bytes)
		return "to (a larger size)";
	if (c->kind != CLAIM_BEST && c->about == 0)
		return "about (how exact the claim is)";
	return NULL;
}

bool claims_check(const struct claim *claims, unsigned count, struct error *e)
{
	for (unsigned i = 0; i < count; i++) {
		const char *what = missing(&claims[i]);

		if (what != NULL)
			return fail(e, FAULT_NEVER, "claim %s (%s) needs %s", claims[i].id,
				claim_kind_name(claims[i].kind), what);
	}
	return true;
}
