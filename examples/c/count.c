/* Counts the number in FILE up by one, under a lock on RESOURCE:
 *
 *   cc -o count count.c -lhiredis && ./count jobs:42 /tmp/counter */

#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

enum { TTL = 5000 }; /* ms; longer than the task ever takes, for nothing extends the lock */

/* By default hiredis waits for ever, and never sends a command twice. To wait
 * with LOCK ... BLOCK ms (not in this version), set a timeout above ms. */
static const struct timeval timeout = {.tv_sec = 1};

static long long now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* ask sends a command, once more when the connection broke: safe with a TOKEN. */
static redisReply *ask(redisContext *c, const char *format, ...) {
	redisReply *reply = NULL;
	for (int tries = 0; reply == NULL && tries < 2; tries++) {
		if (c->err && redisReconnect(c) != REDIS_OK)
			break;
		redisSetTimeout(c, timeout);
		va_list args;
		va_start(args, format);
		reply = redisvCommand(c, format, args);
		va_end(args);
	}
	return reply;
}

static int count(const char *file) {
	long long n;
	FILE *f = fopen(file, "r");
	int ok = f && fscanf(f, "%lld", &n) == 1;
	if (f)
		fclose(f);
	if (!ok)
		return EXIT_FAILURE;
	usleep(50000); /* the work */
	if (!(f = fopen(file, "w")))
		return EXIT_FAILURE;
	fprintf(f, "%lld\n", n + 1);
	return fclose(f) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* refused says why there is no lock; 0 when there is one. */
static int refused(const redisContext *c, const char *resource, const redisReply *reply) {
	static const char *const not_now[] = {"NOQUORUM ", "TOOLATE ", "LEAVING ", "LIMIT "};
	if (reply && reply->type == REDIS_REPLY_ARRAY)
		return 0;
	if (reply && reply->type == REDIS_REPLY_NIL) {
		fprintf(stderr, "%s: held by another, try again later\n", resource);
		return EX_TEMPFAIL;
	}
	fprintf(stderr, "%s: %s\n", resource, reply ? reply->str : c->errstr);
	for (int i = 0; reply && i < 4; i++)
		if (strncmp(reply->str, not_now[i], strlen(not_now[i])) == 0)
			return EX_UNAVAILABLE;
	return EXIT_FAILURE;
}

/* with_lock runs the task while it holds resource. A signal that ends the
 * process leaves the lock to its ttl. */
static int with_lock(redisContext *c, const char *resource, int (*task)(const char *), const char *file) {
	unsigned char bytes[16];
	char token[2 * sizeof bytes + 1]; /* a secret: who knows it can release the lock */
	if (getentropy(bytes, sizeof bytes) != 0)
		return EXIT_FAILURE;
	for (size_t i = 0; i < sizeof bytes; i++)
		sprintf(token + 2 * i, "%02x", bytes[i]);

	long long sent = now();
	redisReply *grant = ask(c, "LOCK %s %d TOKEN %s", resource, TTL, token);
	int code = refused(c, resource, grant);
	long long until = code ? 0 : sent + grant->element[1]->integer;
	freeReplyObject(grant);
	if (code)
		return code;

	code = task(file);

	int lost = now() >= until;
	redisReply *released = ask(c, "UNLOCK %s %s", resource, token);
	if (released && released->type == REDIS_REPLY_INTEGER)
		lost |= released->integer == 0;
	else
		fprintf(stderr, "%s is not released and ends with its ttl: %s\n", resource,
			released ? released->str : c->errstr);
	freeReplyObject(released);
	if (!lost || code)
		return code;
	fprintf(stderr, "%s: the lock was lost before the task had ended\n", resource);
	return EX_SOFTWARE;
}

int main(int argc, char **argv) {
	char host[256] = "127.0.0.1";
	int port = 7379;
	const char *proxy = getenv("REDLOCK_PROXY");
	if (argc != 3 || (proxy && sscanf(proxy, "%255[^:]:%d", host, &port) != 2)) {
		fprintf(stderr, "usage: [REDLOCK_PROXY=host:port] count RESOURCE FILE\n");
		return EX_USAGE;
	}
	signal(SIGPIPE, SIG_IGN); /* a lost connection is an error and not the end */
	redisContext *c = redisConnectWithTimeout(host, port, timeout);
	if (!c || c->err) {
		fprintf(stderr, "%s:%d: %s\n", host, port, c ? c->errstr : "out of memory");
		return EXIT_FAILURE;
	}
	int code = with_lock(c, argv[1], count, argv[2]);
	redisFree(c);
	return code;
}
