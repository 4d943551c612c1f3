// hiredis, the calls with callbacks, with a poll loop. Callers share the one
// context.
#include "protocol.h"
#include <hiredis/async.h>
#include <poll.h>
#include <stdlib.h>

static const char *host;
static int port;
static redisAsyncContext *shared; // NULL when it is lost: hiredis has freed it
static char refusal[256];         // why the last connecting failed
static bool writing;
static size_t pending;

static void on_connect(const redisAsyncContext *c, int status)
{
	if (status != REDIS_OK) {
		snprintf(refusal, sizeof refusal, "%s", c->errstr);
		shared = NULL;
	}
}

static void on_disconnect(const redisAsyncContext *c, int status)
{
	(void)c;
	(void)status;
	shared = NULL;
}

// There is no reply when the connection is lost.
static void on_reply(redisAsyncContext *c, void *reply, void *out)
{
	pending--;
	if (reply)
		put_reply(out, reply);
	else
		put_failure(out, c->errstr);
}

static void start_writing(void *unused)
{
	(void)unused;
	writing = true;
}

static void stop_writing(void *unused)
{
	(void)unused;
	writing = false;
}

// It is always read from, so there are no hooks for that.
static void poll_once(void)
{
	struct pollfd ready = {.fd = shared->c.fd, .events = POLLIN | (writing ? POLLOUT : 0)};
	poll(&ready, 1, -1);
	if (ready.revents & POLLOUT)
		redisAsyncHandleWrite(shared);
	if (shared && ready.revents & ~POLLOUT)
		redisAsyncHandleRead(shared);
}

static void connect_again(void)
{
	shared = redisAsyncConnect(host, port);
	redisAsyncSetDisconnectCallback(shared, on_disconnect);
	shared->ev.addWrite = start_writing;
	shared->ev.delWrite = stop_writing;
	// This one asks to write, which ends with the connecting.
	redisAsyncSetConnectCallback(shared, on_connect);
	while (shared && writing)
		poll_once();
}

static void run(struct command *commands, size_t count, bool apart, FILE *out)
{
	(void)apart;
	if (!shared)
		connect_again();
	pending = shared ? count : 0;
	for (size_t i = 0; i < count; i++)
		if (shared)
			redisAsyncCommandArgv(shared, on_reply, out, commands[i].argc, commands[i].argv, commands[i].length);
		else
			put_failure(out, refusal);
	while (pending > 0)
		poll_once();
}

int main(int argc, char **argv)
{
	host = argv[argc - 2];
	port = atoi(argv[argc - 1]);
	connect_again();
	if (!shared) {
		fprintf(stderr, "%s\n", refusal);
		return 1;
	}
	serve("hiredis async", run);
	if (shared)
		redisAsyncFree(shared);
}
