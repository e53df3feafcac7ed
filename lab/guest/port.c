/* SPDX-License-Identifier: MIT */
#include "lab/guest/port.h"

#include "base/slice.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/input.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define PORTS_PATH "/sys/class/virtio-ports"
#define LOG_PORT "mailvisor.log"

enum {
	PATH_BYTES = 320, /* a directory entry (255) and what stands around it */
	PORT_COUNT = 32,  /* what one virtio-serial bus has */
	INPUT_COUNT = 32, /* event devices we look at: a machine has two or three */
	EVENT_COUNT = 16, /* read at once */
	KEY_BITS = KEY_MAX + 1,
	PIPE_BYTES = 16 << 10,
	PIPE_TURNS = 4, /* 64 KiB, all that a pipe holds: PID 1 has other things to do */
};

static bool port_is_log(const char *entry)
{
	char path[PATH_BYTES], name[64];
	auto_fd fd = -1;
	ssize_t got;

	(void)snprintf(path, sizeof path, PORTS_PATH "/%s/name", entry);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, name, sizeof name);
	return got > 0 && slice_same(slice_trim((struct slice){ name, (size_t)got }), S(LOG_PORT));
}

int port_log_open(void)
{
	DIR *ports = opendir(PORTS_PATH);
	struct dirent *entry;
	char path[PATH_BYTES] = "";

	if (ports == NULL)
		return -1;
	for (unsigned i = 0; i < PORT_COUNT && (entry = readdir(ports)) != NULL; i++) {
		if (entry->d_name[0] != '.' && port_is_log(entry->d_name))
			(void)snprintf(path, sizeof path, "/dev/%s", entry->d_name);
	}
	(void)closedir(ports);
	return path[0] == '\0' ? -1 : open(path, O_WRONLY | O_CLOEXEC);
}

int port_line_open(const char *path)
{
	auto_fd fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	struct termios line;

	if (fd >= 0 && tcgetattr(fd, &line) == 0) {
		cfmakeraw(&line);
		(void)tcsetattr(fd, TCSANOW, &line);
	}
	return fd_give(&fd);
}

static bool input_has_power_key(int fd)
{
	unsigned char keys[KEY_BITS / 8 + 1] = { 0 };

	return ioctl(fd, EVIOCGBIT(EV_KEY, sizeof keys), keys) >= 0 &&
	       (keys[KEY_POWER / 8] >> (KEY_POWER % 8) & 1) != 0;
}

unsigned port_buttons_open(int ret_fds[PORT_BUTTON_COUNT])
{
	char path[PATH_BYTES];
	unsigned count = 0;

	for (unsigned i = 0; i < INPUT_COUNT && count < PORT_BUTTON_COUNT; i++) {
		(void)snprintf(path, sizeof path, "/dev/input/event%u", i);
		auto_fd fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

		if (fd >= 0 && input_has_power_key(fd))
			ret_fds[count++] = fd_give(&fd);
	}
	return count;
}

bool port_button_pressed(int fd)
{
	struct input_event events[EVENT_COUNT];
	bool is_pressed = false;
	ssize_t got = read(fd, events, sizeof events);

	for (size_t i = 0; got > 0 && i < (size_t)got / sizeof events[0]; i++)
		is_pressed |= events[i].type == EV_KEY && events[i].code == KEY_POWER &&
			      events[i].value != 0;
	return is_pressed;
}

bool port_pipe_open(int ret_ends[2])
{
	/* Only our end is non-blocking: the programs shall wait rather than lose a line. */
	return pipe2(ret_ends, O_CLOEXEC) == 0 && fcntl(ret_ends[0], F_SETFL, O_NONBLOCK) == 0;
}

void port_pipe_move(int from_fd, int log_fd)
{
	static char room[PIPE_BYTES];

	for (unsigned i = 0; i < PIPE_TURNS; i++) {
		ssize_t got = read(from_fd, room, sizeof room);

		for (ssize_t at = 0, put; at < got; at += put) {
			put = write(log_fd, room + at, (size_t)(got - at));
			if (put <= 0)
				return;
		}
		if (got < (ssize_t)sizeof room)
			return;
	}
}
