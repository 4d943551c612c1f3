package redlock

import (
	"errors"
	"strings"
	"testing"
)

// TestLookingAfterLocksWithTheLeastRights: all but LOCKS works, which needs +scan,
// as GUARANTEES.md says.
func TestLookingAfterLocksWithTheLeastRights(t *testing.T) {
	t.Parallel()
	for _, scan := range []bool{false, true} {
		rights := leastRights(t)
		if scan {
			rights = append(rights, "+scan")
		}
		l := limit(t, rights, "", FirstStartForce)
		g := mustLock(t, l.q, Request{Resource: "a", TTL: limitedTTL, Fence: true})
		settled(t, l.q)
		if s := wantSurvey(t, l.q, "a", "held 3: 1 1 1"); s.Fence != g.Fence {
			t.Errorf("%+v", s)
		}
		page, err := l.q.List(t.Context(), ListRequest{Count: 100})
		switch {
		case err != nil:
			t.Errorf("the first page: %v", err)
		case scan && (page.Skipped != nil || len(page.Locks) != 1):
			t.Errorf("with the right: %+v", page)
		case !scan && (len(page.Skipped) != 1 || !strings.Contains(page.Skipped[0].Error(), "'scan'")):
			t.Errorf("without the right: %+v", page)
		}
		page, err = l.q.List(t.Context(), ListRequest{Count: 100, Cursor: page.Cursor})
		if scan && err != nil || !scan && !errors.Is(err, ErrNoQuorum) {
			t.Errorf("the second page: %+v, %v", page, err)
		}
		if err := l.q.ForceUnlock(t.Context(), "a"); err != nil {
			t.Error(err)
		}
		if scan {
			l.wantNothingDenied(t)
		}
	}
}
