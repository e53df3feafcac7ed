/* SPDX-License-Identifier: MIT */
#include "admin/accounts.h"
#include "admin/archive.h"
#include "base/log.h"

#include <microhttpd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	ADMIN_ARENA_BYTES = 8 << 20,       /* a page of aliases with many targets */
	ADMIN_CONNECTION_BYTES = 32 << 10, /* a request's headers and its buffer */
	ADMIN_STACK_BYTES = 256 << 10,
	ADMIN_STREAM_BYTES = 64 << 10, /* of a streamed answer at once */
};

struct admin {
	struct admin_options options;
	struct MHD_Daemon *daemon;
};

/* What a request needs until its answer is sent. */
struct exchange {
	struct request request;
	struct answer answer;
	const struct route *route; /* NULL: the answer is there already */
	bool is_too_long;
};

static const char *query(void *http, const char *name)
{
	return MHD_lookup_connection_value(http, MHD_GET_ARGUMENT_KIND, name);
}

static bool has_lines(struct MHD_Connection *http)
{
	const char *type =
		MHD_lookup_connection_value(http, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);

	return type != NULL && strncmp(type, "application/x-ndjson", 20) == 0;
}

/* False: no memory. */
static bool body_begins(struct exchange *x, struct MHD_Connection *http)
{
	if (x->route != NULL && x->route->body == BODY_OBJECT_OR_LINES && has_lines(http))
		return bulk_begin(&x->request);
	if (x->route != NULL && x->route->body == BODY_MESSAGES)
		return taking_begin(&x->request);
	return true;
}

static struct exchange *exchange_new(
	struct admin *admin, struct MHD_Connection *http, const char *path, const char *method)
{
	struct exchange *x = calloc(1, sizeof *x);

	if (x == NULL)
		return NULL;
	x->request.options = &admin->options;
	x->request.query = query;
	x->request.http = http;
	x->request.body.max = LIMIT_ADMIN_BODY_BYTES;
	x->request.arena.max = ADMIN_ARENA_BYTES;
	x->route = route_find(method, slice_of(path), &x->request, &x->answer);
	if (!body_begins(x, http)) {
		free(x);
		return NULL;
	}
	return x;
}

static void exchange_free(struct exchange *x)
{
	json_decref(x->answer.json);
	buf_done(&x->answer.text);
	if (x->answer.stream.free != NULL)
		x->answer.stream.free(x->answer.stream.context);
	bulk_free(&x->request);
	taking_free(&x->request);
	json_decref(x->request.json);
	buf_done(&x->request.body);
	arena_done(&x->request.arena);
	free(x);
}

static void feed(struct exchange *x, struct slice bytes)
{
	if (x->request.bulk != NULL)
		bulk_feed(&x->request, bytes);
	else if (x->request.taking != NULL)
		taking_feed(&x->request, bytes);
	else if (!buf_add(&x->request.body, bytes))
		x->is_too_long = true;
}

/* False: the answer says what is wrong with the body. */
static bool read_object(struct exchange *x)
{
	struct slice body = buf_slice(&x->request.body);
	char text[JSON_ERROR_TEXT_LENGTH + 64], where[64];
	json_error_t why;

	x->request.json =
		json_loadb(body.at != NULL ? body.at : "", body.len, JSON_REJECT_DUPLICATES, &why);
	if (json_is_object(x->request.json))
		return true;
	(void)snprintf(text, sizeof text, "the body is not one JSON object%s%s",
		x->request.json == NULL ? ": " : "", x->request.json == NULL ? why.text : "");
	(void)snprintf(where, sizeof where, "line %d column %d", why.line, why.column);
	answer_problem(&x->answer, ANSWER_BAD_REQUEST, text, slice_of(where));
	return false;
}

static void run(struct exchange *x)
{
	if (x->route == NULL)
		return;
	if (x->is_too_long)
		answer_problem(
			&x->answer, ANSWER_TOO_LARGE, "the body is larger than 256 KiB", S("size"));
	else if (x->route->body == BODY_NONE || x->request.bulk != NULL ||
		 x->request.taking != NULL || read_object(x))
		x->route->run(&x->request, &x->answer);
}

static enum MHD_Result send_text(struct MHD_Connection *http, enum answer_status status,
	const char *type, char *text, size_t len, enum MHD_ResponseMemoryMode mode)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(len, text, mode);

	if (response == NULL)
		return MHD_NO;
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	enum MHD_Result result = MHD_queue_response(http, (unsigned)status, response);
	MHD_destroy_response(response);
	return result;
}

static ssize_t stream_more(void *context, uint64_t at, char *room, size_t size)
{
	const struct answer_stream *stream = context;
	long count = stream->more(stream->context, room, size);

	(void)at;
	if (count < 0)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	return count == 0 ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)count;
}

static void stream_free(void *context)
{
	struct answer_stream *stream = context;

	stream->free(stream->context);
	free(stream);
}

/* The stream belongs to the response from now on: it lives until the last byte is sent. */
static enum MHD_Result send_stream(struct MHD_Connection *http, struct exchange *x)
{
	struct answer_stream *stream = malloc(sizeof *stream);
	struct MHD_Response *response;

	if (stream == NULL)
		return MHD_NO;
	*stream = x->answer.stream;
	response = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, ADMIN_STREAM_BYTES, stream_more, stream, stream_free);
	if (response == NULL) {
		free(stream);
		return MHD_NO;
	}
	x->answer.stream.free = NULL;
	(void)MHD_add_response_header(
		response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/x-mailvisor-messages");
	enum MHD_Result result = MHD_queue_response(http, (unsigned)x->answer.status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result send_answer(struct MHD_Connection *http, struct exchange *x)
{
	static char no_memory[] = "{\"error\": {\"status\": 503, \"what\": \"out of memory\"}}\n";
	char *text;

	if (x->answer.stream.more != NULL)
		return send_stream(http, x);
	if (x->answer.json == NULL && x->answer.text.at != NULL)
		return send_text(http, x->answer.status, "text/plain; version=0.0.4",
			x->answer.text.at, x->answer.text.len, MHD_RESPMEM_MUST_COPY);
	text = x->answer.json != NULL ? json_dumps(x->answer.json, JSON_INDENT(1)) : NULL;
	if (text == NULL)
		return send_text(http, ANSWER_LATER, "application/json", no_memory,
			strlen(no_memory), MHD_RESPMEM_PERSISTENT);
	return send_text(http, x->answer.status, "application/json", text, strlen(text),
		MHD_RESPMEM_MUST_FREE);
}

/* libmicrohttpd calls this with the headers, with each piece of the body, and at its end. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *http, const char *path,
	const char *method, const char *version, const char *bytes, size_t *byte_count,
	void **state)
{
	struct exchange *x = *state;

	(void)version;
	if (x == NULL) {
		*state = exchange_new(context, http, path, method);
		return *state != NULL ? MHD_YES : MHD_NO;
	}
	if (*byte_count > 0) {
		feed(x, (struct slice){ bytes, *byte_count });
		*byte_count = 0;
		return MHD_YES;
	}
	run(x);
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0)
		log_event(LOG_LEVEL_INFO, "admin.request", LOG_TEXT("method", slice_of(method)),
			LOG_TEXT("path", slice_of(path)),
			LOG_COUNT("status", (uint64_t)x->answer.status));
	return send_answer(http, x);
}

static void on_end(void *context, struct MHD_Connection *http, void **state,
	enum MHD_RequestTerminationCode why)
{
	(void)context;
	(void)http;
	(void)why;
	if (*state != NULL)
		exchange_free(*state);
	*state = NULL;
}

/* Its words go nowhere: a peer that leaves early is no event of ours. */
static void drop_words(void *context, const char *format, va_list words)
{
	(void)context;
	(void)format;
	(void)words;
}

bool admin_start(const struct admin_options *options, struct admin **ret, struct error *e)
{
	struct admin *a = calloc(1, sizeof *a);

	if (a != NULL) {
		a->options = *options;
		a->daemon = MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION |
						     MHD_USE_INTERNAL_POLLING_THREAD |
						     MHD_USE_POLL | MHD_USE_ITC,
			0, NULL, NULL, on_request, a, MHD_OPTION_EXTERNAL_LOGGER, drop_words, NULL,
			MHD_OPTION_LISTEN_SOCKET, options->fd, MHD_OPTION_CONNECTION_LIMIT,
			(unsigned)LIMIT_ADMIN_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
			(unsigned)ADMIN_WAIT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
			(size_t)ADMIN_CONNECTION_BYTES, MHD_OPTION_THREAD_STACK_SIZE,
			(size_t)ADMIN_STACK_BYTES, MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL,
			MHD_OPTION_END);
	}
	if (a == NULL || a->daemon == NULL) {
		free(a);
		(void)close(options->fd);
		return fail(e, FAULT_LATER, "start the control interface: no memory, or no thread");
	}
	*ret = a;
	return true;
}

void admin_stop(struct admin *a)
{
	if (a == NULL)
		return;
	MHD_stop_daemon(a->daemon); /* waits for requests that run; closes the socket */
	free(a);
}
