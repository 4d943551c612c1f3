// The lines between a driver and the test, see doc.go.
#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdio.h>

struct command {
	int argc;
	const char *argv[16];
	size_t length[16];
};

// run_commands sends all the commands before it waits for a reply: on the one
// connection that there is or, when apart, as callers that know nothing of each
// other. For each it puts a reply or a failure.
typedef void run_commands(struct command *commands, size_t count, bool apart, FILE *out);

void serve(const char *name, run_commands *run);

void put_reply(FILE *out, const redisReply *reply);
void put_failure(FILE *out, const char *text);
