package clients

import (
	"strings"
	"testing"
)

// matrix lists all clients, in the order of the table.
func matrix() []client {
	all := []client{
		redisCLI("redis-cli", 2),
		redisCLI("redis-cli -3", 3),
		goClient("go-redis", 3),
		goClient("redigo", 2),
		goClient("radix", 2),
		goClient("rueidis", 3).withErrors(withoutERR),
		goClient("valkey-go", 3).withErrors(withoutERR),
		nodeClient("ioredis 5", 2, "ioredis.mjs", "ioredis", "ioredis5"),
		nodeClient("ioredis 6", 3, "ioredis.mjs", "ioredis", "ioredis6"),
		nodeClient("iovalkey", 2, "ioredis.mjs", "iovalkey", "iovalkey"),
		nodeClient("node-redis 4", 2, "noderedis4.mjs"),
		nodeClient("node-redis 5", 2, "noderedis.mjs", "noderedis5"),
		nodeClient("node-redis 6", 3, "noderedis.mjs", "noderedis6"),
		nodeClient("valkey-glide", 3, "glide.mjs").withErrors(glideError),
	}
	return append(all, debianClients()...)
}

// goClient is one of those that drivers/go knows by their name.
func goClient(name string, protocol int) client {
	return client{name: name, language: "Go", protocol: protocol, driver: goDriver(name)}
}

// redisCLI is redis-cli with the options that are in the name.
func redisCLI(name string, protocol int) client {
	return client{
		name:       name,
		language:   "shell",
		protocol:   protocol,
		driver:     goDriver(name),
		needs:      []string{"redis-cli"},
		fromDebian: true,
	}
}

func goDriver(name string) func(*testing.T) []string {
	return func(t *testing.T) []string {
		t.Helper()
		binary, err := built.goDriver()
		if err != nil {
			t.Fatal(err)
		}
		return []string{binary, name}
	}
}

// nodeClient is one whose driver is a file in drivers/node.
func nodeClient(name string, protocol int, file string, args ...string) client {
	const folder = "drivers/node/"
	return client{
		name:     name,
		language: "JavaScript",
		protocol: protocol,
		driver:   script(append([]string{"node", folder + file}, args...)...),
		needs:    []string{"node", folder + "node_modules"},
	}
}

func (c client) withErrors(errors func(text string) string) client {
	c.errors = errors
	return c
}

// withoutERR drops the code that says nothing.
func withoutERR(text string) string { return strings.TrimPrefix(text, "ERR ") }

// glideError puts a colon behind the code, and a sentence in place of ERR.
func glideError(text string) string {
	code, rest, _ := strings.Cut(text, " ")
	if code == "ERR" {
		return "An error was signalled by the server: - ResponseError: " + rest
	}
	return code + ": " + rest
}
