/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * port - the ways between the appliance and its host: log out, power button in.
 *
 * The log goes through a virtio-serial port named "mailvisor.log" when the host offers one: a
 * serial line moves one byte an exit, which under software emulation costs more than the mail.
 * Without a port a device of the kernel's command line takes it, or the console.
 */
#include <stdbool.h>

/* A descriptor to write to, or -1 when there is no such port. */
int port_log_open(void);
/* The same for a serial line: bytes leave it as they are written. -1: it cannot be opened. */
int port_line_open(const char *path);
/*
 * A pipe in front of the log's descriptor, for programs that open their /dev/stdout again: a port can be opened only
 * once. ret_ends[1] is for them; when ret_ends[0] is readable, port_pipe_move hands on what is there. False: no pipe.
 */
bool port_pipe_open(int ret_ends[2]);
void port_pipe_move(int from_fd, int log_fd);
/*
 * Descriptors that become readable when the machine is asked to go off: the ACPI button, in either
 * of its two forms, and keyboards that have such a key. Returns how many there are.
 */
enum { PORT_BUTTON_COUNT = 4 };
unsigned port_buttons_open(int ret_fds[PORT_BUTTON_COUNT]);
/* Reads what is there: was the button among it? */
bool port_button_pressed(int fd);
