/* SPDX-License-Identifier: MIT */
#include "net/listen.h"

#include "base/clock.h"
#include "base/lock.h"
#include "net/crowd.h"
#include "net/peer.h"
#include "net/thread.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
	ACCEPTS_PER_ROUND = 64, /* of one listener, before the others get their turn */
	PAUSE_MS = 100, /* without descriptors or memory; clients wait in the kernel's queue */
	ACCEPT_STACK_BYTES = 256 << 10, /* on_client makes a TLS-free session and logs */
};

struct listen {
	struct listen_options options;
	int stop_fd;
	pthread_t thread;
	struct pollfd *wishes; /* the listeners' and then stop_fd */
	struct lock lock;
	/* under lock: */
	struct crowd crowd;
	struct listen_stats stats;
};

enum admission { ADMITTED, FULL, FULL_FOR_ADDRESS };

static enum admission admit(struct listen *l, const union peer_name *name)
{
	struct peer_key key;

	HOLDING(&l->lock);
	if (l->stats.open >= l->options.session_max) {
		l->stats.refused_total++;
		return FULL;
	}
	if (peer_key_of(name, &key) && !crowd_add(&l->crowd, key, l->options.per_address_max)) {
		l->stats.refused_per_address++;
		return FULL_FOR_ADDRESS;
	}
	l->stats.accepted++;
	l->stats.open++;
	return ADMITTED;
}

static void count_out(struct listen *l, const struct peer_key *key)
{
	HOLDING(&l->lock);
	invariant(l->stats.open > 0);
	l->stats.open--;
	if (key != NULL)
		crowd_remove(&l->crowd, *key);
}

void listen_client_gone(struct listen *l, struct slice peer_address)
{
	struct peer_key key;

	count_out(l, peer_key_parse(peer_address, &key) ? &key : NULL);
}

static void welcome(
	struct listen *l, const struct listener *from, const union peer_name *name, int fd)
{
	enum admission admission = admit(l, name);

	if (admission == ADMITTED) {
		struct peer_key key;

		if (!l->options.on_client(l->options.context, from, fd))
			count_out(l, peer_key_of(name, &key) ? &key : NULL);
		return;
	}
	l->options.on_refused(l->options.context, from, fd, admission == FULL_FOR_ADDRESS);
	fd_close(&fd);
}

/* False: our own trouble, mostly too few descriptors; trying again at once would only spin. */
static bool accept_some(struct listen *l, const struct listener *from)
{
	for (int i = 0; i < ACCEPTS_PER_ROUND; i++) {
		union peer_name name = { .room = { .ss_family = AF_UNSPEC } };
		socklen_t len = sizeof name;
		int fd = accept4(from->fd, &name.any, &len, SOCK_CLOEXEC);

		if (fd >= 0) {
			welcome(l, from, &name, fd);
			continue;
		}
		switch (errno) {
		case EAGAIN:
			return true;
		case EMFILE:
		case ENFILE:
		case ENOBUFS:
		case ENOMEM:
		case EBADF:
		case EINVAL:
		case ENOTSOCK:
			return false;
		default: /* that client's trouble: accept(2) names a dozen */
			break;
		}
	}
	return true;
}

/* Waits without looking at the listeners; false when it is time to stop. */
static bool pause_accepting(struct listen *l)
{
	struct pollfd stop = { .fd = l->stop_fd, .events = POLLIN };

	{
		HOLDING(&l->lock);
		l->stats.pauses++;
	}
	return poll(&stop, 1, PAUSE_MS) <= 0;
}

static void *listen_main(void *context)
{
	struct listen *l = context;
	size_t count = l->options.listener_count;

	thread_name("accept");
	for (;;) {
		bool is_short = false;

		if (poll(l->wishes, count + 1, -1) < 0 && errno != EINTR)
			is_short = true;
		if (l->wishes[count].revents != 0)
			return NULL;
		for (size_t i = 0; i < count; i++) {
			if (l->wishes[i].revents != 0 && !accept_some(l, &l->options.listeners[i]))
				is_short = true;
		}
		if (is_short && !pause_accepting(l))
			return NULL;
	}
}

void listen_stats_get(struct listen *l, struct listen_stats *ret)
{
	HOLDING(&l->lock);
	*ret = l->stats;
}

static void close_listeners(const struct listen_options *options)
{
	for (size_t i = 0; i < options->listener_count; i++) {
		struct listener *at = &options->listeners[i];
		struct slice address = slice_of(at->address);

		/* The file is ours; a restart would replace it anyway. */
		if (at->fd >= 0 && slice_starts(address, S("unix:")))
			(void)unlink(slice_skip(address, 5).at);
		fd_close(&at->fd);
	}
}

void listen_stop(struct listen *l)
{
	uint64_t one = 1;

	invariant(write(l->stop_fd, &one, sizeof one) == sizeof one);
	invariant(pthread_join(l->thread, NULL) == 0);
	close_listeners(&l->options);
}

void listen_free(struct listen *l)
{
	if (l == NULL)
		return;
	fd_close(&l->stop_fd);
	crowd_done(&l->crowd);
	lock_done(&l->lock);
	free(l->wishes);
	free(l);
}

static bool start(struct listen *l, struct error *e)
{
	size_t count = l->options.listener_count;

	l->wishes = calloc(count + 1, sizeof *l->wishes);
	if (l->wishes == NULL || l->stop_fd < 0)
		return fail(e, FAULT_LATER, "prepare to accept clients: %m");
	for (size_t i = 0; i < count; i++)
		l->wishes[i] =
			(struct pollfd){ .fd = l->options.listeners[i].fd, .events = POLLIN };
	l->wishes[count] = (struct pollfd){ .fd = l->stop_fd, .events = POLLIN };
	return thread_start(&l->thread, "accept", ACCEPT_STACK_BYTES, listen_main, l, e);
}

bool listen_start(const struct listen_options *options, struct listen **ret, struct error *e)
{
	struct listen *l = calloc(1, sizeof *l);

	if (l == NULL)
		return fail(e, FAULT_LATER, "prepare to accept clients: %m");
	l->options = *options;
	lock_init(&l->lock, RANK_PEERS);
	l->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (start(l, e)) {
		*ret = l;
		return true;
	}
	listen_free(l);
	return false;
}
