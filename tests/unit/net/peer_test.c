/* SPDX-License-Identifier: MIT */
#include "net/peer.h"

#include "check.h"

#include <arpa/inet.h>
#include <string.h>

static union peer_name name_of(const char *address, uint16_t port)
{
	union peer_name name = { .in = { .sin_family = AF_INET, .sin_port = htons(port) } };

	if (inet_pton(AF_INET, address, &name.in.sin_addr) == 1)
		return name;
	name.in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
	check(inet_pton(AF_INET6, address, &name.in6.sin6_addr) == 1);
	return name;
}

static void test_text(void **state)
{
	static const struct {
		const char *address, *text, *bare;
		uint16_t port;
		bool is_loopback;
	} rows[] = {
		{ "192.0.2.1", "[192.0.2.1]:4711", "192.0.2.1", 4711, false },
		{ "127.0.0.1", "[127.0.0.1]:1", "127.0.0.1", 1, true },
		{ "127.255.255.254", "[127.255.255.254]:65535", "127.255.255.254", 65535, true },
		{ "128.0.0.1", "[128.0.0.1]:25", "128.0.0.1", 25, false },
		{ "::1", "[::1]:25", "::1", 25, true },
		{ "2001:db8::1", "[2001:db8::1]:25", "2001:db8::1", 25, false },
		{ "::ffff:192.0.2.9", "[192.0.2.9]:25", "192.0.2.9", 25, false },
		{ "::ffff:127.0.0.1", "[127.0.0.1]:25", "127.0.0.1", 25, true },
		{ "1111:2222:3333:4444:5555:6666:7777:8888",
			"[1111:2222:3333:4444:5555:6666:7777:8888]:65535",
			"1111:2222:3333:4444:5555:6666:7777:8888", 65535, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		union peer_name name = name_of(rows[i].address, rows[i].port);
		struct peer p = { .text = "" };

		peer_of(&name, &p);
		check_row(slice_same((struct slice){ p.text, p.text_len }, slice_of(rows[i].text)),
			i);
		check_row(slice_same(peer_address(&p), slice_of(rows[i].bare)), i);
		check_row(p.is_loopback == rows[i].is_loopback, i);
		check_row(peer_port(&name) == rows[i].port, i);
	}
}

static void test_key(void **state)
{
	static const struct {
		const char *a, *b;
		bool is_same;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "192.0.2.1", "::ffff:192.0.2.1", true },
		{ "2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true },
		{ "2001:db8::1", "2001:db8:0:1::1", false },
	};
	struct peer_key none;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		union peer_name name = name_of(rows[i].a, 25);
		struct peer_key a, b;

		check_row(peer_key_of(&name, &a) && peer_key_parse(slice_of(rows[i].b), &b), i);
		check_row((memcmp(&a, &b, sizeof a) == 0) == rows[i].is_same, i);
	}
	check(!peer_key_parse(S(""), &none) && !peer_key_parse(S("unix"), &none));
	check(!peer_key_parse(S("192.0.2"), &none) && !peer_key_parse(S("::1::"), &none));
	check(!peer_key_of(&(union peer_name){ .any = { .sa_family = AF_UNIX } }, &none));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
