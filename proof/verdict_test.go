package proof

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redlock-proxy/proof/history"
)

// judge fails the test when no lock can have told its clients what was told, and
// writes down why.
func judge(t *testing.T, name any, rules history.Rules, ops []history.Op) {
	t.Helper()
	wrong := violations(rules, ops)
	if wrong.none() {
		return
	}
	const most = 10 // The file has them all.
	for _, w := range wrong.plain[:min(len(wrong.plain), most)] {
		t.Error(w)
	}
	stem := filepath.Join(chosen.dir, "violation-"+strings.ReplaceAll(fmt.Sprint(name), " ", "-"))
	text, err := history.Marshal(ops)
	write(t, stem+".json", text, err)
	for _, v := range wrong.verdicts {
		page := fmt.Sprintf("%s-%s.html", stem, v.Resource)
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

func (w wrong) none() bool { return len(w.plain) == 0 && len(w.verdicts) == 0 }

func violations(rules history.Rules, ops []history.Op) wrong {
	const most = 30 * time.Second // for each resource, which takes less than one
	return wrong{history.Plain(ops), rules.Linearizable(ops, most)}
}
