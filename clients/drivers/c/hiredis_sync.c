// hiredis, the blocking calls. A caller is a context of its own.
#include "protocol.h"
#include <stdlib.h>

static const char *host;
static int port;
static redisContext *shared;

// A failure stays with the context, and receive_from is told of it.
static void send_to(redisContext *c, struct command *command)
{
	int done = 0;
	redisAppendCommandArgv(c, command->argc, command->argv, command->length);
	while (!done && redisBufferWrite(c, &done) == REDIS_OK)
		;
}

static void receive_from(redisContext *c, FILE *out)
{
	redisReply *reply;
	if (redisGetReply(c, (void **)&reply) != REDIS_OK) {
		put_failure(out, c->errstr);
		return;
	}
	put_reply(out, reply);
	freeReplyObject(reply);
}

static void run(struct command *commands, size_t count, bool apart, FILE *out)
{
	redisContext **contexts = malloc(count * sizeof *contexts);
	if (shared->err)
		redisReconnect(shared);
	for (size_t i = 0; i < count; i++)
		contexts[i] = apart ? redisConnect(host, port) : shared;
	for (size_t i = 0; i < count; i++)
		send_to(contexts[i], &commands[i]);
	for (size_t i = 0; i < count; i++)
		receive_from(contexts[i], out);
	for (size_t i = 0; i < count && apart; i++)
		redisFree(contexts[i]);
	free(contexts);
}

int main(int argc, char **argv)
{
	host = argv[argc - 2];
	port = atoi(argv[argc - 1]);
	shared = redisConnect(host, port);
	if (shared->err) {
		fprintf(stderr, "%s\n", shared->errstr);
		return 1;
	}
	serve("hiredis", run);
	redisFree(shared);
}
