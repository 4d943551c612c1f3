#include "protocol.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(x) #x
#define VERSION(major, minor, patch) TEXT(major) "." TEXT(minor) "." TEXT(patch)

// put_space separates the replies.
static void put_space(FILE *out)
{
	if (ftell(out) > 0)
		fputc(' ', out);
}

static void put_hex(FILE *out, char kind, const char *text, size_t length)
{
	fputc(kind, out);
	for (size_t i = 0; i < length; i++)
		fprintf(out, "%02x", (unsigned char)text[i]);
}

static void put_array(FILE *out, const redisReply *reply)
{
	char *items = NULL;
	size_t length = 0;
	FILE *inner = open_memstream(&items, &length);
	for (size_t i = 0; i < reply->elements; i++)
		put_reply(inner, reply->element[i]);
	fclose(inner);
	fprintf(out, "a(%s)", items);
	free(items);
}

void put_reply(FILE *out, const redisReply *reply)
{
	put_space(out);
	switch (reply->type) {
	case REDIS_REPLY_NIL:
		fputc('n', out);
		break;
	case REDIS_REPLY_INTEGER:
		fprintf(out, "i%lld", reply->integer);
		break;
	case REDIS_REPLY_ARRAY:
		put_array(out, reply);
		break;
	default:
		put_hex(out, reply->type == REDIS_REPLY_ERROR ? 'e' : 's', reply->str, reply->len);
	}
}

void put_failure(FILE *out, const char *text)
{
	put_space(out);
	put_hex(out, 'x', text, strlen(text));
}

// unhex gives the bytes of a word, in the word's own memory.
static size_t unhex(char *word)
{
	size_t length = 0;
	for (unsigned byte; sscanf(word + 2 * length, "%2x", &byte) == 1; length++)
		word[length] = (char)byte;
	return length;
}

// parse cuts the line into commands and returns how many.
static size_t parse(char *line, struct command *commands)
{
	size_t count = 1;
	commands[0].argc = 0;
	for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n")) {
		struct command *c = &commands[count - 1];
		if (strcmp(word, ";") == 0) {
			commands[count++].argc = 0;
			continue;
		}
		c->argv[c->argc] = word;
		c->length[c->argc++] = unhex(word);
	}
	return count;
}

static void answer(run_commands *run, char *line)
{
	const bool single = strncmp(line, "call ", 5) == 0;
	const bool apart = strncmp(line, "callers ", 8) == 0;
	char *words = strchr(line, ' ');
	size_t callers = apart ? strtoul(words, &words, 10) : 0;
	// There are not more commands than characters.
	struct command *commands = malloc((strlen(line) + callers) * sizeof *commands);
	size_t count = parse(words, commands);
	for (; count < callers; count++)
		commands[count] = commands[0];

	char *replies = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&replies, &length);
	run(commands, count, apart, out);
	fclose(out);
	printf(single ? "%s\n" : "a(%s)\n", replies);
	fflush(stdout);
	free(replies);
	free(commands);
}

void serve(const char *name, run_commands *run)
{
	signal(SIGPIPE, SIG_IGN); // A lost connection would end the program.
	printf("ready\tC\t%s\t%s\tREDIS_REPLY_NIL\n", name, VERSION(HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH));
	fflush(stdout);
	char *line = NULL;
	size_t size = 0;
	while (getline(&line, &size, stdin) > 0)
		answer(run, line);
	free(line);
}
