package proxy_test

import (
	"testing"

	"redlock-proxy/internal/redistest"
)

// sameServerCommands are the commands about the server, its clients and its
// users that Redis 7.0 and the proxy must answer with the same bytes. Replies
// that tell of what is there, such as COMMAND or CLIENT LIST, differ of course.
var sameServerCommands = []string{
	"COMMAND NOSUCH\r\n", "COMMAND ''\r\n", "COMMAND COUNT x\r\n", "COMMAND LIST x\r\n", "COMMAND LIST FILTERBY\r\n", "COMMAND LIST FILTERBY PATTERN\r\n",
	"COMMAND LIST FILTERBY NOSUCH x\r\n", "COMMAND LIST FILTERBY MODULE x\r\n", "COMMAND LIST FILTERBY PATTERN pin?\r\n", "COMMAND LIST FILTERBY pattern NoSuch*\r\n",
	"COMMAND LIST FILTERBY ACLCAT nosuch\r\n", "COMMAND INFO nosuch\r\n", "COMMAND INFO client|nosuch nosuch\r\n", "COMMAND DOCS nosuch\r\n", "COMMAND DOCS client|nosuch\r\n",
	"COMMAND GETKEYS\r\n", "COMMAND GETKEYS NOSUCH a\r\n", "COMMAND GETKEYS PING a\r\n", "COMMAND GETKEYS CLIENT NOSUCH\r\n", "COMMAND GETKEYS CLIENT LIST\r\n", "COMMAND GETKEYSANDFLAGS\r\n",
	"COMMAND GETKEYSANDFLAGS PING a\r\n", "COMMAND HELP x\r\n",

	"CLIENT LIST x\r\n", "CLIENT LIST TYPE\r\n", "CLIENT LIST TYPE nosuch\r\n", "CLIENT LIST TYPE normal x\r\n", "CLIENT LIST TYPE replica\r\n", "CLIENT LIST TYPE master\r\n", "CLIENT LIST TYPE pubsub\r\n",
	"CLIENT LIST ID\r\n", "CLIENT LIST ID x\r\n", "CLIENT LIST ID 0\r\n", "CLIENT LIST ID -1\r\n", "CLIENT LIST ID 99999\r\n",
	"CLIENT KILL\r\n", "CLIENT KILL 1.2.3.4:5\r\n", "CLIENT KILL ID\r\n", "CLIENT KILL ID x\r\n", "CLIENT KILL ID 0\r\n", "CLIENT KILL ID 99999\r\n", "CLIENT KILL USER nosuch\r\n", "CLIENT KILL TYPE nosuch\r\n",
	"CLIENT KILL TYPE pubsub\r\n", "CLIENT KILL TYPE master\r\n", "CLIENT KILL SKIPME x\r\n", "CLIENT KILL SKIPME x ID 99999\r\n", "CLIENT KILL SKIPME yes ID 99999\r\n", "CLIENT KILL NOSUCH x\r\n",
	"CLIENT KILL ADDR 1.2.3.4:5\r\n", "CLIENT KILL LADDR 1.2.3.4:5\r\n", "CLIENT KILL ID 1 ADDR\r\n", "CLIENT KILL ID 99999 USER default\r\n",
	"CLIENT UNBLOCK\r\n", "CLIENT UNBLOCK x\r\n", "CLIENT UNBLOCK 99999\r\n", "CLIENT UNBLOCK 99999 timeout\r\n", "CLIENT UNBLOCK 99999 ERROR\r\n", "CLIENT UNBLOCK 99999 NOSUCH\r\n", "CLIENT UNBLOCK x NOSUCH\r\n",
	"CLIENT PAUSE\r\n", "CLIENT PAUSE x\r\n", "CLIENT PAUSE -1\r\n", "CLIENT PAUSE 0\r\n", "CLIENT PAUSE 0 x\r\n", "CLIENT PAUSE x NOSUCH\r\n", "CLIENT PAUSE 1 write\r\nCLIENT UNPAUSE\r\n", "CLIENT UNPAUSE x\r\n",
	"CLIENT GETREDIR\r\n", "CLIENT TRACKINGINFO\r\n", "CLIENT CACHING\r\n", "CLIENT CACHING yes\r\n",
	"CLIENT REPLY OFF\r\nPING\r\nNOSUCH\r\nCLIENT REPLY ON\r\nPING\r\n", "CLIENT REPLY SKIP\r\nPING\r\nECHO a\r\n", "CLIENT REPLY OFF\r\nCLIENT REPLY SKIP\r\nPING\r\nCLIENT REPLY ON\r\nPING\r\n",
	"CLIENT REPLY SKIP\r\nRESET\r\nECHO a\r\n", "CLIENT REPLY OFF\r\nSUBSCRIBE a\r\nUNSUBSCRIBE a\r\nCLIENT REPLY ON\r\n", "CLIENT REPLY SKIP\r\nSUBSCRIBE a b\r\n",
	"CLIENT REPLY skip\r\nCLIENT REPLY ON\r\n", "CLIENT REPLY SKIP\r\nCLIENT REPLY SKIP\r\nPING\r\nECHO a\r\n", "CLIENT REPLY OFF\r\nRESET\r\nPING\r\n", "CLIENT REPLY OFF\r\nCLIENT REPLY x\r\nCLIENT REPLY ON\r\n",

	"CONFIG\r\n", "CONFIG NOSUCH\r\n", "CONFIG GET\r\n", "CONFIG GET nosuch\r\n", "CONFIG GET maxclient?\r\n", "CONFIG GET MAXCLIENTS\r\n", "CONFIG GET maxclients maxclient[st]\r\n", "CONFIG GET '\\maxclients'\r\n",
	"CONFIG SET\r\n", "CONFIG SET a\r\n", "CONFIG RESETSTAT\r\n", "CONFIG RESETSTAT x\r\n", "CONFIG REWRITE\r\n", "CONFIG REWRITE x\r\n",
	"SLOWLOG\r\n", "SLOWLOG NOSUCH\r\n", "SLOWLOG GET x\r\n", "SLOWLOG GET -2\r\n", "SLOWLOG GET 1 2\r\n", "SLOWLOG GET -1\r\n", "SLOWLOG GET 0\r\n", "SLOWLOG LEN\r\n", "SLOWLOG LEN x\r\n", "SLOWLOG RESET\r\n",
	"ROLE\r\n", "ROLE x\r\n", "TIME x\r\n", "DBSIZE\r\n", "DBSIZE x\r\n", "READONLY\r\n", "READONLY x\r\n", "READWRITE\r\n", "ASKING\r\n",
	"CLUSTER\r\n", "CLUSTER NOSUCH\r\n", "CLUSTER NODES\r\n", "CLUSTER SLOTS\r\n", "CLUSTER SHARDS\r\n", "CLUSTER INFO\r\n", "CLUSTER INFO x\r\n", "CLUSTER KEYSLOT a\r\n", "CLUSTER KEYSLOT\r\n", "CLUSTER MYID\r\n", "CLUSTER RESET\r\n",
	"CLUSTER REPLICAS x\r\n", "CLUSTER SLAVES x\r\n", "CLUSTER LINKS\r\n", "CLUSTER COUNTKEYSINSLOT 1\r\n", "CLUSTER GETKEYSINSLOT 1 2\r\n", "CLUSTER GETKEYSINSLOT 1\r\n",
	"LATENCY\r\n", "LATENCY NOSUCH\r\n", "LATENCY LATEST\r\n", "LATENCY LATEST x\r\n", "LATENCY HISTORY x\r\n", "LATENCY HISTORY\r\n", "LATENCY RESET\r\n", "LATENCY RESET x\r\n", "LATENCY HISTOGRAM nosuch\r\n",
	"MEMORY\r\n", "MEMORY NOSUCH\r\n", "MEMORY USAGE\r\n", "MEMORY USAGE nosuch\r\n", "MEMORY USAGE nosuch SAMPLES 5\r\n",
	"WAIT\r\n", "WAIT 0\r\n", "WAIT 0 0\r\n", "WAIT x 0\r\n", "WAIT 0 x\r\n", "WAIT 0 -1\r\n", "WAIT x x\r\n", "WAIT 0 0 0\r\n",
	"EXEC\r\n", "DISCARD\r\n", "ACL\r\n", "ACL NOSUCH\r\n", "ACL WHOAMI\r\n", "ACL WHOAMI x\r\n", "ACL LIST x\r\n", "ACL LIST\r\n", "ACL USERS\r\n", "ACL USERS x\r\n", "ACL GETUSER\r\n", "ACL GETUSER nosuch\r\n", "ACL GETUSER default\r\n",
	"ACL CAT nosuch\r\n", "ACL CAT a b\r\n", "ACL LOAD x\r\n", "ACL DRYRUN\r\n", "ACL DRYRUN default\r\n", "ACL DRYRUN nosuch ping\r\n", "ACL DRYRUN default nosuch\r\n", "ACL DRYRUN default ping\r\n", "ACL DRYRUN default ping a b c\r\n", "ACL DRYRUN default echo\r\n",

	"SUBSCRIBE\r\n", "SUBSCRIBE a\r\n", "SUBSCRIBE a b a\r\n", "SUBSCRIBE ''\r\n", command("SUBSCRIBE", "a\r\nb"), "PSUBSCRIBE a* b\r\n", "PSUBSCRIBE\r\n", "SSUBSCRIBE a\r\n", "UNSUBSCRIBE\r\n", "UNSUBSCRIBE a b\r\n", "PUNSUBSCRIBE\r\n", "SUNSUBSCRIBE\r\n", "SUNSUBSCRIBE a\r\n",
	"SUBSCRIBE a b\r\nPSUBSCRIBE c\r\nSSUBSCRIBE d\r\nUNSUBSCRIBE a\r\nPUNSUBSCRIBE c\r\nSUNSUBSCRIBE d\r\nUNSUBSCRIBE b\r\nPING\r\n", "PSUBSCRIBE a\r\nPUNSUBSCRIBE\r\nPUNSUBSCRIBE\r\nPING\r\n", "SUBSCRIBE a\r\nUNSUBSCRIBE\r\nECHO a\r\n",
	"SUBSCRIBE a\r\nPING\r\nPING b\r\nPING a b c\r\n", "SUBSCRIBE a\r\nECHO x\r\nSELECT 0\r\nNOSUCH\r\nECHO\r\n", "PSUBSCRIBE a\r\nCLIENT GETNAME\r\nHELLO 4\r\n", "SUBSCRIBE a\r\nRESET\r\nECHO x\r\n", "SUBSCRIBE a\r\nQUIT\r\n", "SUBSCRIBE a\r\nAUTH x y\r\n",
	"PUBSUB\r\n", "PUBSUB NOSUCH\r\n", "PUBSUB CHANNELS\r\n", "PUBSUB NUMSUB\r\n", "PUBSUB NUMSUB a b\r\n", "PUBSUB NUMPAT\r\n", "PUBSUB NUMPAT x\r\n",
	"INFO nosuch\r\n", "INFO cluster\r\n", "INFO keyspace\r\n", "INFO modules\r\n",
}

func TestServerCommandsAreAnsweredAsByRedis(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t, 1)[0]
	f := start(t, setup{maxClients: 10000})
	if err := redis.Client().ConfigSet(t.Context(), "maxclients", "10000").Err(); err != nil {
		t.Fatal(err)
	}
	compareWithRedis(t, f, redis.Addr(), sameServerCommands)
}
