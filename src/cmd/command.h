/* SPDX-License-Identifier: MIT */
#pragma once
/* command - the sub-commands of the server's executable; the table is in main.c. */

/* argv[0] is the sub-command's own name. Each returns the process's exit status. */
int serve_command(int argc, char **argv);
int session_command(int argc, char **argv);
int check_command(int argc, char **argv);
int config_command(int argc, char **argv);
int check_config_command(int argc, char **argv);
