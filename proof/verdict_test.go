package proof

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"redlock-proxy/proof/history"
)

// judge fails the test when no lock can have told its clients what was told, and
// writes down why.
func judge(t *testing.T, seed uint64, rules history.Rules, ops []history.Op) {
	t.Helper()
	wrong := violations(rules, ops)
	if len(wrong.plain) == 0 && len(wrong.verdicts) == 0 {
		return
	}
	for _, w := range wrong.plain {
		t.Error(w)
	}
	name := filepath.Join(chosen.dir, fmt.Sprintf("violation-%d", seed))
	text, err := history.Marshal(ops)
	write(t, name+".json", text, err)
	for _, v := range wrong.verdicts {
		page := fmt.Sprintf("%s-%s.html", name, v.Resource)
		t.Errorf("the history of %s: %s, see %s", v.Resource, v.Result, page)
		f, err := os.Create(page)
		if err == nil {
			err = v.Picture(f)
			_ = f.Close() // A page that is cut short shows.
		}
		if err != nil {
			t.Error(err)
		}
	}
}

func write(t *testing.T, name string, text []byte, err error) {
	t.Helper()
	if err == nil {
		err = os.WriteFile(name, text, 0o600)
	}
	if err != nil {
		t.Error(err)
		return
	}
	t.Errorf("all operations: %s", name)
}

// wrong is what the two checks say.
type wrong struct {
	plain    []string
	verdicts []history.Verdict
}

func violations(rules history.Rules, ops []history.Op) wrong {
	const most = 30 * time.Second // for each resource, which takes less than one
	return wrong{history.Plain(ops), rules.Linearizable(ops, most)}
}
