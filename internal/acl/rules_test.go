package acl

import (
	"strings"
	"testing"
)

func TestRulesDoWhatTheyDoInRedis(t *testing.T) {
	r := startReal(t)
	for _, rules := range []string{
		"",
		"on",
		"ON OFF on",
		"on nopass",
		"on >secret",
		"on >secret >secret >other",
		"on nopass >secret",
		"on >secret nopass",
		"on >secret resetpass",
		"on >a#b<c!d",
		"on >one >two <one",
		"on <none",
		"on #" + strings.Repeat("0a", 32),
		"on #" + strings.Repeat("0a", 32) + " !" + strings.Repeat("0a", 32),
		"on #" + strings.Repeat("0A", 32),
		"on #" + strings.Repeat("0g", 32),
		"on #0a",
		"!0a",
		"~jobs:* +set",
		"~a ~b ~a +set +del",
		"~* +set",
		"allkeys +set",
		"ALLKEYS resetkeys +set",
		"~* ~a",
		"~a ~* +set",
		"~ +set",
		"%W~jobs:* +set +get",
		"%R~jobs:* +set +get",
		"%RW~jobs:* +set",
		"%wr~jobs:* +set",
		"%R~a %W~a +set",
		"~a %R~a +set",
		"%RR~a",
		"%X~a",
		"~** +set",
		"~a\\* ~[x-z]b? +@write",
		"&news",
		"&news &news &b*",
		"&*",
		"&* &news",
		"allchannels resetchannels &news",
		"+@all",
		"allcommands",
		"+@all nocommands",
		"+@all -@all +get",
		"+@ALL -GET +Set -CLIENT|KILL",
		"+@all -@admin",
		"+@all -@dangerous +keys",
		"+@read -get",
		"+@read -get +@read",
		"+@write +@fast -@string +set",
		"+client",
		"+client|list",
		"+client -client|kill",
		"+client|list +client",
		"+client|list -client",
		"-client +client|list -client|list",
		"+@connection",
		"+@slow -@connection",
		"+@all -client +client|id",
		"+acl|whoami +config|get",
		"+@scripting +@transaction",
		"+nonesuch",
		"-nonesuch",
		"+@nonesuch",
		"-@nonesuch",
		"+client|nonesuch",
		"-client|nonesuch",
		"+client|",
		"-client|",
		"+client|list|x",
		"-client|list|x",
		"-select|0",
		"+",
		"-",
		"+@",
		"nonesuch",
		"@all",
		"on >secret ~a +set reset",
		"reset on >secret",
		"skip-sanitize-payload",
		"skip-sanitize-payload sanitize-payload",
		"(+set ~a)",
		"+get ~b (+set ~a)",
		"( +set ~a ) ( +del %W~b %R~c )",
		"()",
		"(+set ~*) (+del ~*) clearselectors +rpush ~a",
		"(+set ~*) reset",
		"(+set ~* ~a)",
		"(on)",
		"(>secret)",
		"(+nonesuch)",
		"(+set ~a",
		"(",
		")",
		"+set ~a)",
		"+@all ~a (-@all +set ~b) (+@all -set ~jobs:* &*)",
	} {
		r.compare(rules)
	}
}

// word makes a random rule. What this package does otherwise on purpose is not
// among them; see the package's comment.
func (r *real) word(random func(int) int) string {
	pick := func(of ...string) string { return of[random(len(of))] }
	sign := pick("+", "-")
	switch random(12) {
	case 0:
		return pick("on", "off", "nopass", "resetpass", "reset", "sanitize-payload", "clearselectors")
	case 1:
		return pick(">one", ">two", "<one", "<two", "#"+strings.Repeat("ab", 32))
	case 2, 3:
		return pick("~", "~", "%R~", "%W~", "%RW~") + pick("a", "a*b", "?", "[a-c]*", "jobs:*", "\\a")
	case 4:
		return pick("resetkeys", "allkeys", "resetchannels", "allchannels", "&a", "&b*", "~**")
	case 5:
		return pick("+@all", "-@all", "allcommands", "nocommands")
	case 6, 7:
		return sign + "@" + Categories()[random(len(Categories()))]
	case 8:
		return sign + pick("set", "del", "rpush", "client", "config", "client|kill", "client|list", "config|get", "acl|cat")
	case 9:
		command := r.commands[random(len(r.commands))].Name
		return pick(")", "~b)", "(+set ~a*)", "( %W~jobs:* +@write -del )", "(~* +@all -"+command+" )")
	}
	return sign + r.commands[random(len(r.commands))].Name
}

func TestRandomRulesDoWhatTheyDoInRedis(t *testing.T) {
	r, random := startReal(t), choices(t)
	taken := 0
	for range *rounds {
		var words []string
		for range 1 + random.IntN(9) {
			words = append(words, r.word(random.IntN))
		}
		rules := strings.Join(words, " ")
		r.compare(rules)
		if _, err := Parse(strings.NewReader("user alice "+rules), r.commands); err == nil {
			taken++
		}
	}
	if taken < *rounds/4 {
		t.Errorf("only %d of %d lists of rules were fine, the others show little", taken, *rounds)
	}
}
