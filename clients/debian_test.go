package clients

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// debianClients are those that Debian packages. Their interpreters are called by
// path, as only Debian's own find its packages.
func debianClients() []client {
	const (
		python = "/usr/bin/python3"
		ruby   = "/usr/bin/ruby"
		php    = "/usr/bin/php"
		perl   = "/usr/bin/perl"
		lua    = "/usr/bin/lua5.1"
	)
	rows := []client{
		{
			name: "redis-py", language: "Python", errors: withoutERR,
			driver: script(python, "-B", "drivers/python/redis_py.py"),
			needs:  []string{python, packaged("python3-redis")},
		},
		{
			name: "redis.asyncio", language: "Python", errors: withoutERR,
			driver: script(python, "-B", "drivers/python/redis_asyncio.py"),
			needs:  []string{python, packaged("python3-redis")},
		},
		{
			name: "redis-rb", language: "Ruby",
			driver: script(ruby, "drivers/ruby/redis_rb.rb"),
			needs:  []string{ruby, packaged("ruby-redis")},
		},
		{
			name: "hiredis-rb", language: "Ruby",
			driver: script(ruby, "drivers/ruby/redis_rb.rb", "hiredis"),
			needs:  []string{ruby, packaged("ruby-redis"), packaged("ruby-hiredis")},
		},
		{
			name: "phpredis", language: "PHP",
			driver: script(php, "drivers/php/phpredis.php"),
			needs:  []string{php, packaged("php-redis")},
		},
		{
			name: "Predis", language: "PHP",
			driver: script(php, "drivers/php/predis.php"),
			needs:  []string{php, packaged("php-predis")},
		},
		{
			name: "Redis", language: "Perl", textNumbers: true,
			driver: script(perl, "drivers/perl/redis.pl", "Redis"),
			needs:  []string{perl, packaged("libredis-perl")},
		},
		{
			name: "Redis::Fast", language: "Perl", textNumbers: true,
			driver: script(perl, "drivers/perl/redis.pl", "Redis::Fast"),
			needs:  []string{perl, packaged("libredis-fast-perl")},
		},
		{
			name: "AnyEvent::Redis", language: "Perl", textNumbers: true,
			driver: script(perl, "drivers/perl/anyevent_redis.pl"),
			needs:  []string{perl, packaged("libanyevent-redis-perl")},
		},
		{
			name: "hiredis", language: "C",
			driver: compiled("gcc", "c/hiredis_sync.c", "c/protocol.c", "-lhiredis"),
			needs:  []string{"gcc", packaged("libhiredis-dev")},
		},
		{
			name: "hiredis async", language: "C",
			driver: compiled("gcc", "c/hiredis_async.c", "c/protocol.c", "-lhiredis"),
			needs:  []string{"gcc", packaged("libhiredis-dev")},
		},
		{
			name: "Poco::Redis", language: "C++",
			driver: compiled("g++", "cpp/poco_redis.cpp", "cpp/protocol.cpp",
				"-pthread", "-lPocoRedis", "-lPocoNet", "-lPocoFoundation"),
			needs: []string{"g++", packaged("libpoco-dev")},
		},
		{
			name: "redis-lua", language: "Lua",
			driver: script(lua, "drivers/lua/redis_lua.lua"),
			needs:  []string{lua, packaged("lua-redis")},
		},
		{
			name: "eredis", language: "Erlang", textNumbers: true,
			driver: script("/usr/bin/escript", "drivers/erlang/eredis.escript"),
			needs:  []string{"/usr/bin/escript", packaged("erlang-redis-client")},
		},
	}
	for i := range rows {
		rows[i].fromDebian = true
		rows[i].protocol = 2 // None of them knows RESP3, or asks for it by default.
	}
	return rows
}

// packaged is a folder that is there when Debian's package is installed.
func packaged(name string) string {
	return filepath.Join("/usr/share/doc", name)
}

// compiled is a driver in C or C++, built of sources in drivers and of options.
func compiled(compiler string, sources ...string) func(*testing.T) []string {
	return func(t *testing.T) []string {
		t.Helper()
		binary := filepath.Join(t.TempDir(), "driver")
		build := exec.Command(compiler, append([]string{"-O1", "-o", binary}, sources...)...)
		build.Dir = "drivers"
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", build.Args, err, out)
		}
		return []string{binary}
	}
}
