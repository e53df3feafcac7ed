/* SPDX-License-Identifier: MIT */
#include "cmd/client/client.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	CALL_URL_BYTES = 4096,
	CALL_ANSWER_BYTES = 64 << 20, /* a page of 1,000 aliases with all their targets */
	CALL_CONNECT_S = 10,
	CALL_SILENCE_S = 120, /* removing a large account takes its time */
};

/* Where curl finds the socket. */
struct door {
	int fd; /* of its directory, or -1 */
	char path[WHERE_PATH_BYTES];
};

static void door_done(struct door *d)
{
	if (d->fd >= 0)
		(void)close(d->fd);
}

/* A socket's address has room for 107 bytes (unix(7)); one with a longer path is reached through its directory, as in proc(5). */
static void door_find(struct door *d, const char *socket)
{
	const char *name = strrchr(socket, '/');

	*d = (struct door){ .fd = -1 };
	(void)snprintf(d->path, sizeof d->path, "%s", socket);
	if (name == NULL || strlen(socket) < sizeof((struct sockaddr_un *)NULL)->sun_path)
		return;
	d->path[name - socket] = '\0';
	d->fd = open(d->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (d->fd >= 0)
		(void)snprintf(d->path, sizeof d->path, "/proc/self/fd/%d%s", d->fd, name);
}

/* What curl's functions are given. */
struct transfer {
	CURL *curl;
	const struct call *call;
	struct buf answer;
};

static void transfer_done(struct transfer *t)
{
	curl_easy_cleanup(t->curl);
	buf_done(&t->answer);
}

static bool is_good(CURL *curl)
{
	long status = 0;

	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	return status >= 200 && status < 300;
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *context)
{
	struct transfer *t = context;
	struct slice piece = { bytes, size * count };
	bool is_taken = t->call->take != NULL && is_good(t->curl)
				? t->call->take(t->call->context, piece)
				: buf_add(&t->answer, piece);

	return is_taken ? size * count : 0;
}

static size_t on_more(char *room, size_t size, size_t count, void *context)
{
	const struct call *call = context;
	long got = call->more(call->context, room, size * count);

	return got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

static bool add_escaped(CURL *curl, struct buf *url, const char *text)
{
	char *escaped = curl_easy_escape(curl, text, 0);
	bool is_added = escaped != NULL && buf_add(url, slice_of(escaped));

	curl_free(escaped);
	return is_added;
}

/* The host in it means nothing: the socket's path says where. */
static bool make_url(CURL *curl, const struct call *call, struct buf *url)
{
	if (!buf_add_format(url, "http://mailvisor/v1/%s", call->collection) ||
		(call->name != NULL &&
			(!buf_add_byte(url, '/') || !add_escaped(curl, url, call->name))))
		return false;
	char mark = '?';
	for (size_t i = 0; i + 1 < COUNT(call->query) && call->query[i] != NULL; i += 2) {
		if (call->query[i + 1] == NULL)
			continue;
		if (!buf_add_byte(url, mark) || !buf_add_format(url, "%s=", call->query[i]) ||
			!add_escaped(curl, url, call->query[i + 1]))
			return false;
		mark = '&';
	}
	return buf_add_byte(url, '\0');
}

static void set_options(CURL *curl, const struct door *door, const struct call *call,
	const char *url, struct transfer *t)
{
	(void)curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, door->path);
	(void)curl_easy_setopt(curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
	(void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CALL_CONNECT_S);
	(void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)CALL_SILENCE_S);
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
	if (call->more != NULL) {
		(void)curl_easy_setopt(curl, CURLOPT_POST, 1L);
		(void)curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_more);
		(void)curl_easy_setopt(curl, CURLOPT_READDATA, call);
	}
}

/* With words that say what to do about it. */
static int no_server(const struct client *c, const struct call *call, CURLcode code)
{
	if (code == CURLE_ABORTED_BY_CALLBACK || (code == CURLE_WRITE_ERROR && call->take != NULL))
		return EXIT_FAILED; /* `more` or `take` has told why */
	/* The second: a path that is too long, of a directory that is not there. */
	if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST)
		(void)fprintf(stderr,
			"mailvisor: no server answers at '%s': is it running, may you use the "
			"socket, and is "
			"--data right?\n",
			c->socket);
	else
		(void)fprintf(stderr, "mailvisor: talk to '%s': %s\n", c->socket,
			curl_easy_strerror(code));
	return EXIT_LATER;
}

/* The server's {"error": ...} as one line. */
static int tell_problem(const struct client *c, long http_status, const json_t *json)
{
	const json_t *error = json_object_get(json, "error");
	const char *where = text_of(error, "where"), *what = text_of(error, "what");

	if (error == NULL)
		(void)fprintf(stderr, "mailvisor: the server answered with HTTP status %ld\n",
			http_status);
	else
		(void)fprintf(
			stderr, "mailvisor: %s%s%s\n", where, where[0] != '\0' ? ": " : "", what);
	(void)call_print_json(c, json);
	return http_status == 503 ? EXIT_LATER : EXIT_FAILED;
}

static int perform(struct transfer *t, const struct client *c, json_t **ret)
{
	const struct buf *answer = &t->answer;
	CURLcode code = curl_easy_perform(t->curl);
	long http_status = 0;
	json_error_t why;

	if (code != CURLE_OK)
		return no_server(c, t->call, code);
	if (t->call->take != NULL && is_good(t->curl))
		return EXIT_DONE;
	(void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &http_status);
	json_t *json = json_loadb(answer->at != NULL ? answer->at : "", answer->len, 0, &why);
	if (http_status >= 200 && http_status < 300 && json != NULL) {
		*ret = json;
		return EXIT_DONE;
	}
	int status = tell_problem(c, http_status, json);
	json_decref(json);
	return status;
}

/* NULL: out of memory. */
static struct curl_slist *make_headers(const struct call *call)
{
	struct curl_slist *headers = NULL;
	const char *type = call->more != NULL ? "application/x-ndjson" : "application/json";
	char line[128];

	(void)snprintf(line, sizeof line, "Content-Type: %s",
		call->content_type != NULL ? call->content_type : type);
	headers = curl_slist_append(headers, line);
	headers = curl_slist_append(headers, "Expect:");
	if (call->more != NULL)
		headers = curl_slist_append(headers, "Transfer-Encoding: chunked");
	return headers;
}

int call_send(const struct client *c, const struct call *call, json_t **ret)
{
	ON_EXIT(transfer_done)
	struct transfer t = {
		.curl = curl_easy_init(), .call = call, .answer = { .max = CALL_ANSWER_BYTES }
	};
	auto_buf url = { .max = CALL_URL_BYTES };
	ON_EXIT(door_done) struct door door;
	struct curl_slist *headers = make_headers(call);
	char *body = call->body != NULL ? json_dumps(call->body, JSON_COMPACT) : NULL;
	int status = EXIT_FAILED;

	door_find(&door, c->socket);
	if (t.curl == NULL || headers == NULL || !make_url(t.curl, call, &url)) {
		(void)fputs("mailvisor: the name is too long, or out of memory\n", stderr);
	} else {
		set_options(t.curl, &door, call, url.at, &t);
		(void)curl_easy_setopt(t.curl, CURLOPT_HTTPHEADER, headers);
		if (body != NULL)
			(void)curl_easy_setopt(t.curl, CURLOPT_POSTFIELDS, body);
		status = perform(&t, c, ret);
	}
	curl_slist_free_all(headers);
	if (body != NULL)
		explicit_bzero(body, strlen(body)); /* may hold a password */
	free(body);
	return status;
}

int call_list(const struct client *c, const char *collection, const char *domain, json_t **ret)
{
	json_t *all = json_array(), *next = NULL;
	int status;

	do {
		json_t *page = NULL;
		const struct call call = { .method = "GET",
			.collection = collection,
			.query = { "limit", "1000", "domain", domain, "after",
				json_string_value(next) } };

		status = call_send(c, &call, &page);
		json_decref(next);
		next = NULL;
		if (status != EXIT_DONE)
			break;
		(void)json_array_extend(all, json_object_get(page, "items"));
		next = json_incref(json_object_get(page, "next"));
		json_decref(page);
	} while (next != NULL); /* ends: keys only grow */
	if (status == EXIT_DONE)
		*ret = all;
	else
		json_decref(all);
	return status;
}

bool call_print_json(const struct client *c, const json_t *json)
{
	if (!c->is_json || json == NULL)
		return false;
	(void)json_dumpf(json, stdout, JSON_INDENT(2));
	(void)putchar('\n');
	return true;
}

int change_send(const struct client *c, const struct call *call, const char *what, const char *name,
	const char *done)
{
	json_t *json = NULL;
	int status = call_send(c, call, &json);

	if (status != EXIT_DONE)
		return status;
	if (!call_print_json(c, json))
		(void)printf("%s %s: %s\n", what, name, done);
	json_decref(json);
	return EXIT_DONE;
}

int list_send(const struct client *c, const char *collection, const char *domain, struct table t,
	row_fn *add_row)
{
	json_t *items = NULL;
	int status = call_list(c, collection, domain, &items);

	if (status != EXIT_DONE)
		return status;
	if (!call_print_json(c, items)) {
		for (size_t i = 0; i < json_array_size(items); i++)
			add_row(&t, json_array_get(items, i));
		table_print(&t);
	}
	json_decref(items);
	return EXIT_DONE;
}

int show_send(const struct client *c, const char *collection, const char *name, struct table t,
	row_fn *add_row)
{
	const struct call call = { .method = "GET", .collection = collection, .name = name };
	json_t *json = NULL;
	int status = call_send(c, &call, &json);

	if (status != EXIT_DONE)
		return status;
	if (!call_print_json(c, json)) {
		add_row(&t, json);
		table_print(&t);
	}
	json_decref(json);
	return EXIT_DONE;
}
