package redlock

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// defects are what was found wrong in sixteen ways when lock libraries were
// read, and the tests that show that it does not happen here. Those of the two
// files beside this one were written for it; the others were there.
func defects() []defect {
	return []defect{
		{1, "node-redlock 5.0-beta: a node won in the first attempt refuses the second", []string{
			"TestARetryIsNotRefusedByItsOwnKey", "TestTokenMakesARetryAGrant"}},
		{2, "node-redlock 5.0-beta: grants what has expired, and counts from before the wait", []string{
			"TestLockThatComesTooLateIsUndone", "TestAnExtensionThatComesTooLateIsNotConfirmed", "TestAWaitIsNotTakenFromTheValidity"}},
		{3, "node-redlock 5.0-beta: asks eleven times to release what has lapsed, then fails", []string{
			"TestALapsedLockIsNotAskedForAgainAndAgain"}},
		{4, "redsync 4.17: a caller who leaves takes the cleaning up with him", []string{
			"TestGrantThatNobodyWaitsForIsUndone", "TestAWaiterThatLeavesIsNeverGranted"}},
		{5, "redsync 4.17: a node that swallows requests stalls Extend and Unlock", []string{
			"TestABlackHoleStallsNothing", "TestPausedNodeIsNotWaitedForAndLeftClean"}},
		{6, "go-redis 9: SET NX is sent again after a lost reply and finds itself", []string{
			"TestNothingIsSentTwice", "TestLockWhoseRepliesAreLostIsNeverTakenForHeld"}},
		{7, "redlock-universal 0.8.5: cleans up only where it was answered; extends in two trips, in a loop, from too late a time", []string{
			"TestLockWhoseRepliesAreLostIsNeverTakenForHeld", "TestExtendIsOneRoundTrip", "TestAHoldIsNotCountedFromTheReply",
			"TestAShortHoldIsNotExtendedInALoop", "TestLockIsHeldUntilUnlock"}},
		{8, "pottery 3.0: releases while acquires are under way, which come later and stay", []string{
			"TestALateAcquireLeavesNoKey"}},
		{9, "redlock-py: one node's error ends a lock that a majority granted, and leaves it there", []string{
			"TestAGrantIsNotRefusedForOneNodesError", "TestReleaseThatCouldNotBeSentGoesOut"}},
		{10, "redlock-rb, rslock 0.7: an extension that fails releases what is still valid", []string{
			"TestAFailedExtendReleasesNothing"}},
		{11, "rslock 0.7: too late is not undone, no connection is no key, a short ttl wraps around", []string{
			"TestLockThatComesTooLateIsUndone", "TestUnlockWhoseRepliesAreLostIsNeverNotHeld", "TestShortTTLsAreHeldToTheirEnd"}},
		{12, "redlock-php: N/2+1 as a fraction asks all of three; the token is the time", []string{
			"TestNoMoreThanAMajorityIsNeeded", "TestTokensAreNotTheTime"}},
		{13, "RedLock.net 2.3: an extension sets what had lapsed, goes on for ever, and nobody hears of a loss", []string{
			"TestExtendNeverShortensAndNeverRevives", "TestExtendReleasesWhatIsLeftOfALapsedLock",
			"TestAHoldIsNotHeldForLongerThanAllowed", "TestAHoldIsLostInTime"}},
		{14, "Redisson 4 RedissonRedLock: one node after the other, no validity, a minority's keys stay", []string{
			"TestPausedNodeIsNotWaitedForAndLeftClean", "TestLockThatComesTooLateIsUndone", "TestDriftCoversFastClocks",
			"TestAWaitIsNotTakenFromTheValidity", "TestALockThatLosesLeavesNoKeys"}},
		{15, "redis-py 8.1: a release that fails has forgotten the token", []string{
			"TestAFailedUnlockCanBeRepeated"}},
		{16, "rueidislock 1.0.79: the expiry is a time of the client's clock; all keys may be on one Redis", []string{
			"TestTheTTLIsNotOfOurClock", "TestBadOptionsAreRefused", "TestNodesThatAreNoMembers"}},
	}
}

type defect struct {
	number int
	what   string // the library, its version and what it does, in short
	tests  []string
}

// disorder compares the table with the tests that there are, by the file they
// are in, and says what is wrong with it.
func disorder(table []defect, tests map[string]string) (found []string) {
	named := map[string]bool{}
	for i, d := range table {
		if d.number != i+1 {
			found = append(found, fmt.Sprintf("row %d has the number %d", i+1, d.number))
		}
		if len(d.tests) == 0 {
			found = append(found, fmt.Sprintf("%d has no test", d.number))
		}
		for _, name := range d.tests {
			named[name] = true
			if tests[name] == "" {
				found = append(found, fmt.Sprintf("%d names %s, which does not exist", d.number, name))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		if strings.HasPrefix(tests[name], "defects_") && tests[name] != "defects_test.go" && !named[name] {
			found = append(found, name+" is for no defect")
		}
	}
	return found
}

// testFunctions finds the tests of this package in its source.
func testFunctions(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]string{}
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if file.Name.Name != "redlock" {
			continue
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				tests[f.Name.Name] = name
			}
		}
	}
	return tests
}

func TestEveryDefectHasATest(t *testing.T) {
	t.Parallel()
	tests := testFunctions(t)
	if len(defects()) != 16 {
		t.Errorf("%d rows, want 16", len(defects()))
	}
	for _, wrong := range disorder(defects(), tests) {
		t.Error(wrong)
	}
	// The controls: a test that was renamed, a row that was lost, a test that was
	// forgotten.
	renamed := defects()
	renamed[3].tests = []string{"TestThatWasRenamed"}
	lost := slices.Delete(defects(), 4, 5)
	tests["TestForgotten"] = "defects_lock_test.go"
	for what, table := range map[string][]defect{"TestThatWasRenamed": renamed, "row 5": lost, "TestForgotten": defects()} {
		if !strings.Contains(strings.Join(disorder(table, tests), "\n"), what) {
			t.Errorf("nothing is said of %s", what)
		}
	}
}
