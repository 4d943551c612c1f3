package redlock

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// memory is about keys that the node throws away by itself.
func (e *examination) memory(v *visit) {
	policy, limit := v.facts.policy, infoField(v.info, "maxmemory")
	switch {
	case policy == "" || policy == "noeviction":
	case limit == "0":
		e.say(LevelWarn, v.name, "maxmemory-policy is %s, and would evict locks once maxmemory is set; set maxmemory-policy noeviction", policy)
	default:
		e.say(LevelUnsafe, v.name, "maxmemory-policy is %s, and evicts locks when maxmemory is used up; set maxmemory-policy noeviction", policy)
	}
}

// durability says what a node keeps over a restart, which the guard does not
// rely on: it can not know whether the last write was on the disk.
func (e *examination) durability(ctx context.Context, v *visit) {
	kept := "appendonly no: locks survive no crash"
	if infoField(v.info, "aof_enabled") == "1" {
		kept = "appendonly yes"
		if sync := v.setting(ctx, "appendfsync"); sync != "" {
			kept = fmt.Sprintf("appendonly yes, appendfsync %s", sync)
		}
	}
	e.say(LevelOK, v.name, "%s; however it is set, after a restart the node casts no votes until all locks have lapsed", kept)
}

// setting is one of the node's, "" where the rights do not show it.
func (v *visit) setting(ctx context.Context, name string) string {
	get := redis.NewCmd(ctx, "config", "get", name)
	if err := v.ask(ctx, get); err != nil {
		return ""
	}
	if list, _ := get.Val().([]any); len(list) == 2 {
		value, _ := list[1].(string)
		return value
	}
	return ""
}
