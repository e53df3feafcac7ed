/* SPDX-License-Identifier: MIT */
#include "lab/run/external.h"

#include "base/clock.h"
#include "lab/platform/libvirt_target.h"
#include "lab/workload/wire.h"
#include "lab/workload/wire_tls.h"

#include <stdio.h>
#include <string.h>

static struct {
	char host[64];
	uint16_t smtp_port, pop3_port, imap_port; /* the last may be 0 */
	bool is_tls;                              /* they are those of TLS from the first byte */
} target;

/* Cuts the number behind the last colon off. */
static bool port_cut(struct slice *spec, uint16_t *ret)
{
	size_t colon = slice_find_last(*spec, ':');
	uint64_t port = 0;

	if (colon == spec->len || !slice_number(slice_skip(*spec, colon + 1), 65535, &port) ||
		port == 0)
		return false;
	*spec = slice_first(*spec, colon);
	*ret = (uint16_t)port;
	return true;
}

bool external_aim(struct slice spec, struct error *e)
{
	struct slice host = slice_skip(spec, sizeof EXTERNAL_PREFIX - 1);
	uint16_t ports[3] = { 0 };
	unsigned count = 0;

	/* From the right: the host may have colons of its own, but then it ends with a bracket. */
	while (count < COUNT(ports) && port_cut(&host, &ports[count]))
		count++;
	if (count < 2)
		return fail(e, FAULT_NEVER, "'%.*s': want HOST:SMTP-PORT:POP3-PORT[:IMAP-PORT]",
			S_FMT(slice_first(spec, 80)));
	target.imap_port = count == 3 ? ports[0] : 0;
	target.pop3_port = ports[count - 2];
	target.smtp_port = ports[count - 1];
	if (host.len >= 2 && host.at[0] == '[' && host.at[host.len - 1] == ']')
		host = (struct slice){ host.at + 1, host.len - 2 };
	if (host.len == 0 || !slice_text(host, target.host, sizeof target.host))
		return fail(e, FAULT_NEVER, "'%.*s': the host must be an IP address",
			S_FMT(slice_first(spec, 80)));
	return true;
}

bool platform_choose(const char *driver, const struct platform **ret, struct error *e)
{
	if (slice_starts(slice_of(driver), S(EXTERNAL_PREFIX))) {
		*ret = &platform_external;
		return external_aim(slice_of(driver), e);
	}
	bool is_libvirt = slice_starts(slice_of(driver), S(LIBVIRT_PREFIX)) ||
			  slice_same(slice_of(driver), S("libvirt"));

	*ret = platform_find(is_libvirt ? S("libvirt") : slice_of(driver));
	if (*ret == NULL && is_libvirt)
		return fail(e, FAULT_NEVER,
			"there is no platform 'libvirt': this lab was built without it");
	if (is_libvirt)
		return libvirt_aim(slice_of(driver), e);
	return *ret != NULL || fail(e, FAULT_NEVER, "there is no platform '%.60s'", driver);
}

static bool secure(struct wire *wire, struct wire_tls **ret, uint64_t until_ns, struct error *e)
{
	uint32_t took_us = 0;

	return !target.is_tls ||
	       (wire_tls_open(false, ret, e) && wire_secure(wire, *ret, until_ns, &took_us, e));
}

static bool greeted(uint16_t port, struct slice want, uint64_t until_ns, struct error *e)
{
	struct wire wire;
	struct wire_tls *tls = NULL;
	struct slice line;

	if (!wire_dial(&wire, target.host, port, until_ns, e))
		return false;
	bool is_good =
		secure(&wire, &tls, until_ns, e) && wire_line(&wire, until_ns, &line, e) &&
		(slice_starts(line, want) || fail(e, FAULT_LATER, "port %u greets with '%.*s'",
						     (unsigned)port, S_FMT(slice_first(line, 60))));
	wire_close(&wire);
	wire_tls_close(tls);
	return is_good;
}

static bool external_probe(const struct deploy_plan *plan, char ret_reason[PLATFORM_REASON_BYTES])
{
	struct error e = { .fault = FAULT_NONE };
	uint64_t until_ns = wire_now_ns() + 5 * NS_PER_S;

	if (plan != NULL)
		target.is_tls = plan->way.submit == SUBMIT_TLS;
	if (greeted(target.smtp_port, S("220"), until_ns, &e) &&
		greeted(target.pop3_port, S("+OK"), until_ns, &e))
		return true;
	(void)snprintf(ret_reason, PLATFORM_REASON_BYTES, "%s", e.text);
	return false;
}

static bool external_deploy(const struct deploy_plan *plan, struct deployment *ret, struct error *e)
{
	uint64_t until_ns = wire_now_ns() + plan->deadline_ms * NS_PER_MS;

	target.is_tls = plan->way.submit == SUBMIT_TLS;
	*ret = (struct deployment){ .platform = &platform_external,
		/* Whoever named the ports named those of the way. */
		.submission_port = target.smtp_port,
		.submissions_port = target.smtp_port,
		.pop3s_port = target.pop3_port,
		.imaps_port = target.imap_port,
		.smtp_port = target.smtp_port,
		.pop3_port = target.pop3_port,
		.imap_port = target.imap_port,
		.spawn_ns = 0,
		.first_220_ns = 0 };
	(void)snprintf(ret->host, sizeof ret->host, "%s", target.host);
	(void)snprintf(ret->facts_json, sizeof ret->facts_json, "{\"server\":\"%s\"}", target.host);
	return greeted(target.smtp_port, S("220"), until_ns, e) &&
	       greeted(target.pop3_port, S("+OK"), until_ns, e);
}

static bool external_is_alive(const struct deployment *d, char ret_reason[PLATFORM_REASON_BYTES])
{
	(void)d;
	return external_probe(NULL, ret_reason);
}

static void external_stop(struct deployment *d)
{
	d->platform = NULL;
}

static void external_describe(char ret_json[PLATFORM_FACTS_BYTES])
{
	(void)snprintf(ret_json, PLATFORM_FACTS_BYTES,
		"{\"note\":\"started by somebody else; one boot serves all trials\"}");
}

const struct platform platform_external = {
	.name = "external",
	.title = "Running server",
	.probe = external_probe,
	.deploy = external_deploy,
	.is_alive = external_is_alive,
	.stop = external_stop,
	.describe = external_describe,
};
