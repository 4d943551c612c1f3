package commands

import (
	"strconv"
	"time"
)

// TIME
func serverTime(_ *Table, c *Call) {
	now := time.Now().UnixMicro()
	c.Reply(Array{Bulk(strconv.FormatInt(now/1e6, 10)), Bulk(strconv.FormatInt(now%1e6, 10))})
}
