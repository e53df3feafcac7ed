/* SPDX-License-Identifier: MIT */
/*
 * self_signed - the certificate of a server that has no other yet. Beside tls.c, the second user of
 * OpenSSL in net.
 */
#include "net/tls.h"
#include "net/tls_lib.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	GOOD_FOR_DAYS = 3652,      /* ten years: nobody renews what nobody verifies */
	BACKDATE_S = 24 * 60 * 60, /* clocks of fresh machines are wrong, and zones get mixed up */
	COMMON_NAME_BYTES = 64,    /* RFC 5280 A.1, ub-common-name */
	PATH_BYTES = 4096,
};

static bool add_extension(X509 *cert, int kind, const char *value)
{
	X509V3_CTX about;
	X509_EXTENSION *extension;
	bool is_added;

	X509V3_set_ctx_nodb(&about);
	X509V3_set_ctx(&about, cert, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &about, kind, value);
	is_added = extension != NULL && X509_add_ext(cert, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return is_added;
}

/* RFC 5280 4.1.2.2: positive, unique, at most 20 octets. */
static bool add_serial(X509 *cert)
{
	unsigned char random[16];
	BIGNUM *number = NULL;
	bool is_added;

	if (RAND_bytes(random, sizeof random) != 1)
		return false;
	random[0] &= 0x7f;
	number = BN_bin2bn(random, sizeof random, NULL);
	is_added =
		number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
	BN_free(number);
	return is_added;
}

static bool add_names(X509 *cert, const char *host)
{
	X509_NAME *subject = X509_get_subject_name(cert);
	unsigned char address[sizeof(struct in6_addr)];
	bool is_address =
		inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
	size_t len = strlen(host);
	const char *common = len <= COMMON_NAME_BYTES ? host : "mailvisor";
	char alternative[300];

	(void)snprintf(alternative, sizeof alternative, "%s:%s", is_address ? "IP" : "DNS", host);
	return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
		       (const unsigned char *)common, -1, -1, 0) == 1 &&
	       X509_set_issuer_name(cert, subject) == 1 &&
	       add_extension(cert, NID_subject_alt_name, alternative);
}

static X509 *make_cert(EVP_PKEY *key, const char *host)
{
	X509 *cert = X509_new();

	if (cert == NULL)
		return NULL;
	if (X509_set_version(cert, X509_VERSION_3) == 1 && add_serial(cert) &&
		X509_gmtime_adj(X509_getm_notBefore(cert), -BACKDATE_S) != NULL &&
		X509_time_adj_ex(X509_getm_notAfter(cert), GOOD_FOR_DAYS, 0, NULL) != NULL &&
		X509_set_pubkey(cert, key) == 1 && add_names(cert, host) &&
		add_extension(cert, NID_basic_constraints, "critical,CA:FALSE") &&
		add_extension(cert, NID_key_usage, "critical,digitalSignature") &&
		add_extension(cert, NID_ext_key_usage, "serverAuth") &&
		add_extension(cert, NID_subject_key_identifier, "hash") &&
		X509_sign(cert, key, EVP_sha256()) != 0)
		return cert;
	X509_free(cert);
	return NULL;
}

/* So that the rename survives a power cut. */
static bool sync_folder(const char *path, struct error *e)
{
	char folder[PATH_BYTES];
	const char *slash = strrchr(path, '/');
	size_t len = slash == NULL ? 0 : (size_t)(slash - path);
	auto_fd fd = -1;

	if (slash == NULL)
		(void)snprintf(folder, sizeof folder, ".");
	else
		(void)snprintf(folder, sizeof folder, "%.*s", len == 0 ? 1 : (int)len, path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		return fail(e, FAULT_LATER, "sync the folder '%s': %m", folder);
	return true;
}

static bool write_temporary(const char *path, struct slice text, mode_t mode, struct error *e)
{
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);

	if (fd < 0)
		return fail(e, FAULT_NEVER, "create '%s': %m", path);
	/* A file left by an earlier try keeps its old mode. */
	if (fchmod(fd, mode) != 0)
		return fail(e, FAULT_NEVER, "set the mode of '%s': %m", path);
	while (text.len > 0) {
		ssize_t done = write(fd, text.at, text.len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return fail(e, FAULT_LATER, "write '%s': %m", path);
		text = slice_skip(text, (size_t)done);
	}
	if (fsync(fd) != 0)
		return fail(e, FAULT_LATER, "sync '%s': %m", path);
	return true;
}

static bool write_file(const char *path, BIO *from, mode_t mode, struct error *e)
{
	char temporary[PATH_BYTES];
	char *at = NULL;
	long len = BIO_get_mem_data(from, &at);

	if (len <= 0 || strlen(path) + 16 > sizeof temporary)
		return fail(e, FAULT_NEVER, "write '%.100s': the path is too long", path);
	(void)snprintf(temporary, sizeof temporary, "%.*s.new", (int)sizeof temporary - 16, path);
	if (!write_temporary(temporary, (struct slice){ at, (size_t)len }, mode, e))
		return false;
	if (rename(temporary, path) != 0)
		return fail(e, FAULT_LATER, "rename '%s' to '%s': %m", temporary, path);
	return sync_folder(path, e);
}

/* The key first: a certificate without its key is the worse half of an interrupted first start. */
static bool write_both(const char *cert_path, const char *key_path, const X509 *cert,
	const EVP_PKEY *key, struct error *e)
{
	BIO *cert_text = BIO_new(BIO_s_mem());
	BIO *key_text = BIO_new(BIO_s_secmem());
	bool is_written;

	if (cert_text == NULL || key_text == NULL || PEM_write_bio_X509(cert_text, cert) != 1 ||
		PEM_write_bio_PKCS8PrivateKey(key_text, key, NULL, NULL, 0, NULL, NULL) != 1)
		is_written = tls_lib_fail(e, FAULT_LATER, "encode the certificate", cert_path);
	else
		is_written = write_file(key_path, key_text, 0600, e) &&
			     write_file(cert_path, cert_text, 0644, e);
	BIO_free(cert_text);
	BIO_free(key_text);
	return is_written;
}

bool tls_make_self_signed(
	const char *cert_path, const char *key_path, struct slice host, struct error *e)
{
	char name[256]; /* RFC 1035 2.3.4: at most 255 octets */
	EVP_PKEY *key;
	X509 *cert;
	bool is_written;

	if (!slice_text(host, name, sizeof name) || name[0] == '\0' ||
		strpbrk(name, ",;\\\n") != NULL)
		return fail(e, FAULT_NEVER, "make a certificate for '%.*s': not a host name",
			host.len > 100 ? 100 : (int)host.len, host.at);
	ERR_clear_error();
	key = EVP_EC_gen("P-256");
	cert = key == NULL ? NULL : make_cert(key, name);
	if (cert == NULL)
		is_written = tls_lib_fail(e, FAULT_LATER, "make a certificate for", name);
	else
		is_written = write_both(cert_path, key_path, cert, key, e);
	X509_free(cert);
	EVP_PKEY_free(key);
	return is_written;
}
