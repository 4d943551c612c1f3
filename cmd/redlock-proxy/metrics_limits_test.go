package main

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"redlock-proxy/internal/redistest"
)

// TestMetricsOfLimits: each that clients can reach without a load of their own.
func TestMetricsOfLimits(t *testing.T) {
	t.Parallel()
	const perConnection, perResource = 100, 110
	s := newCalmScene(t, "--max-holds=1", fmt.Sprint("--max-waiters-per-resource=", perResource))
	holder, first, second, more := connect(t, s.running), connect(t, s.running), connect(t, s.running), connect(t, s.running)
	s.want(holder.do("LOCK hidden-a 60000 TOKEN hidden-token"), "*2")
	wait := "LOCK hidden-a 60000 BLOCK 60000\r\n"
	first.send(strings.Repeat(wait, perConnection) + "LOCK hidden-b 60000 BLOCK 60000")
	s.await(`limit_hits_total{limit="waits_per_connection"}`, 1)
	s.await("waiting_locks", perConnection)
	second.send(strings.Repeat(wait, perResource-perConnection) + "PING")
	s.await("waiting_locks", perResource)
	s.want(more.do("LOCK hidden-a 60000 BLOCK 60000"), "-LIMIT")
	s.await(`limit_hits_total{limit="max_waiters_per_resource"}`, 1)
	s.await(`operations_total{operation="lock",outcome="limit"}`, 1)

	s.want(more.do("LOCK hidden-c 60000 AUTOEXTEND"), "*2")
	s.want(more.do("LOCK hidden-d 60000 AUTOEXTEND"), "-LIMIT")
	s.await(`limit_hits_total{limit="max_holds"}`, 1)

	var names []string
	for i := range 200 {
		names = append(names, fmt.Sprint("c", i))
	}
	connect(t, s.running).send("SUBSCRIBE " + strings.Join(names, " ") + "\r\nSUBSCRIBE x" + strings.Join(names, " x"))
	s.await(`limit_hits_total{limit="subscriptions"}`, 1)

	// Waiting ends with the proxy's: who waits hears LEAVING.
	s.stop()
	s.await(`operations_total{operation="lock",outcome="leaving"}`, perResource)
	s.await(`error_replies_total{code="LEAVING"}`, perResource)
	for _, c := range []*client{holder, first, second, more} {
		_ = c.conn.Close()
	}
}

// TestMetricsOfWrongPasswords: one address may have so many looked at at once.
func TestMetricsOfWrongPasswords(t *testing.T) {
	t.Parallel()
	s := newCalmScene(t, "--requirepass=hidden-password")
	for range 50 {
		connect(t, s.running).send("AUTH hidden-wrong")
	}
	s.awaitThat(`limit_hits_total{limit="wrong_passwords"}`, positive)
}

// TestMetricsOfRefusedArguments: a resource that is too long is invalid, by each
// command.
func TestMetricsOfRefusedArguments(t *testing.T) {
	t.Parallel()
	s := newCalmScene(t)
	c, long := connect(t, s.running), strings.Repeat("hidden-", 200)
	for operation, command := range map[string]string{"lock": "LOCK " + long + " 1000", "extend": "EXTEND " + long + " hidden-token 1000", "unlock": "UNLOCK " + long + " hidden-token"} {
		s.want(c.do(command), "-ERR resource too long")
		s.await(`operations_total{operation="`+operation+`",outcome="invalid"}`, 1)
	}
}

// TestMetricsOfOverload: nodes are far away, and LOCKs wait longer for their turn than
// a quarter of --node-timeout.
func TestMetricsOfOverload(t *testing.T) {
	t.Parallel()
	args := []string{"--first-start=force", "--node-timeout=8s"}
	var wires []*redistest.Wire
	for _, server := range redistest.Start(t, 3) {
		wires = append(wires, redistest.StartWire(t, server.Addr()))
		args = append(args, "--node=redis://"+wires[len(wires)-1].Addr())
	}
	s := newCalmScene(t, args...)
	c := connect(t, s.running)
	for _, w := range wires {
		w.Delay(3 * time.Second)
	}
	// What comes while the first are under way waits until they are answered.
	sent := 0
	eventually(t, "LOCKs are refused", func() bool {
		sent++
		c.send(fmt.Sprintf("LOCK hidden-b%d 60000", sent))
		return s.scrape()[`redlock_proxy_limit_hits_total{limit="overload"}`] > 0
	})
	s.awaitThat(`operations_total{operation="lock",outcome="overloaded"}`, positive)
	for _, w := range wires {
		w.Delay(0)
	}
	_ = c.conn.Close()
}

// TestMetricsOfNodesThatDoNotVote: one is a replica and refused, which is seen for as
// long as it answers, and another waits for a third that is away at the first start.
func TestMetricsOfNodesThatDoNotVote(t *testing.T) {
	t.Parallel()
	servers := redistest.Start(t, 3)
	if err := servers[0].Client().Do(t.Context(), "REPLICAOF", "127.0.0.1", "1").Err(); err != nil {
		t.Fatal(err)
	}
	servers[2].Kill()
	s := newCalmScene(t, nodeFlags(servers)...)
	s.servers = servers
	s.await(s.node(0, "up", ""), 0)
	s.await(s.node(0, "state", `,state="refused"`), 1)
	s.await(s.node(0, "state", `,state="down"`), 0)
	s.await(s.node(2, "state", `,state="down"`), 1)
	s.await(s.node(1, "state", `,state="waiting"`), 1)
	servers[0].Kill()
	s.await(s.node(0, "state", `,state="down"`), 1)
	s.await(s.node(0, "state", `,state="refused"`), 0)
}

// TestMetricsOfUnreadReplies: clients ask for large ones and read none. Who is cut off
// for that after ten seconds makes room again, so that more and more come.
func TestMetricsOfUnreadReplies(t *testing.T) {
	t.Parallel()
	socket, file := filepath.Join(t.TempDir(), "s"), "user default on nopass ~* +@all\n"
	for i := range 60 {
		file += fmt.Sprintf("user u%d off", i)
		for j := range 75 {
			file += fmt.Sprintf(" ~%0200d", j)
		}
		file += "\n" // 0.9 MB in ACL LIST
	}
	s := newCalmScene(t, "--listen=unix://"+socket, "--aclfile="+write(t, "users.acl", file))
	s.stderr.await(t, "address="+regexp.QuoteMeta(socket))
	eventually(t, "replies are given up", func() bool {
		for range 20 { // some 75 fill the room of 64 MiB
			var d net.Dialer
			conn, err := d.DialContext(t.Context(), "unix", socket)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = conn.Close() })
			if _, err := io.WriteString(conn, "ACL LIST\r\n"); err != nil {
				t.Fatal(err)
			}
		}
		return s.scrape()["redlock_proxy_unread_replies_total"] > 0
	})
}
