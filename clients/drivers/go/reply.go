package main

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

const null = "n"

func text(s string) string          { return "s" + hex.EncodeToString([]byte(s)) }
func refused(message string) string { return "e" + hex.EncodeToString([]byte(message)) }
func failed(err error) string       { return "x" + hex.EncodeToString([]byte(err.Error())) }
func array(items []string) string   { return "a(" + strings.Join(items, " ") + ")" }

// value writes what libraries make of replies.
func value(v any) string {
	switch v := v.(type) {
	case nil:
		return null
	case int64:
		return "i" + strconv.FormatInt(v, 10)
	case string:
		return text(v)
	case []byte:
		return text(string(v))
	case []any:
		var items []string
		for _, item := range v {
			items = append(items, value(item))
		}
		return array(items)
	}
	return failed(fmt.Errorf("a %T is nothing that a lock server answers: %v", v, v))
}

// anys makes of words the arguments that most libraries take.
func anys(words []string) []any {
	var args []any
	for _, w := range words {
		args = append(args, w)
	}
	return args
}
