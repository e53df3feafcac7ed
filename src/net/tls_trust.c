/* SPDX-License-Identifier: MIT */
#include "net/tls_lib.h"

#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/stat.h>

static bool read_authorities(SSL_CTX *context, const char *ca_path, struct error *e)
{
	struct stat status;

	if (stat(ca_path, &status) < 0)
		return fail(e, FAULT_NEVER, "read the authorities '%s': %m", ca_path);
	int is_read = S_ISDIR(status.st_mode) ? SSL_CTX_load_verify_dir(context, ca_path)
					      : SSL_CTX_load_verify_file(context, ca_path);
	return is_read == 1 || tls_lib_fail(e, FAULT_NEVER, "read the authorities", ca_path);
}

bool tls_trust_open(const char *ca_path, struct tls_trust **ret, struct error *e)
{
	struct tls_trust *t = calloc(1, sizeof *t);

	tls_lib_forget();
	if (t != NULL)
		t->context = SSL_CTX_new(TLS_client_method());
	if (t == NULL || t->context == NULL) {
		tls_trust_close(t);
		return fail(e, FAULT_LATER, "read the authorities '%s': out of memory", ca_path);
	}
	tls_lib_settle(t->context);
	SSL_CTX_set_verify(t->context, SSL_VERIFY_PEER, NULL);
	if (!read_authorities(t->context, ca_path, e)) {
		tls_trust_close(t);
		return false;
	}
	*ret = t;
	return true;
}

void tls_trust_close(struct tls_trust *t)
{
	if (t == NULL)
		return;
	SSL_CTX_free(t->context);
	free(t);
}

bool tls_trust_expect(SSL *ssl, const char *name)
{
	/* RFC 9525 6.3: "*" stands for one whole label, and what the subject says is no name. */
	SSL_set_hostflags(
		ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	return SSL_set1_host(ssl, name) == 1; /* an address is looked for among the addresses */
}
