package audit_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"halo.dev/halo/internal/audit"
)

type line struct {
	entry          audit.Entry
	previous, hash audit.Hash
}

// written makes a log of five entries.
func written(t testing.TB) (lines []line, head audit.Head) {
	t.Helper()
	for number := int64(1); number <= 5; number++ {
		entry := audit.Entry{Number: number, At: time.Unix(1_700_000_000+number, 123_000).UTC(), Actor: 10, Action: audit.AssessmentRead, Subject: 40 + number, Detail: "d"}
		next, err := head.Next(entry)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line{entry, head.Hash, next.Hash})
		head = next
	}
	return lines, head
}

func verify(lines []line, head audit.Head) error {
	var v audit.Verifier
	for _, l := range lines {
		if err := v.Check(l.entry, l.previous, l.hash); err != nil {
			return err
		}
	}
	return v.End(head)
}

func TestWhatWasWrittenVerifies(t *testing.T) {
	if err := verify(written(t)); err != nil {
		t.Error(err)
	}
	if err := verify(nil, audit.Head{}); err != nil {
		t.Errorf("an empty log: %v", err)
	}
}

// TestTheHashNeverChanges holds the arithmetic: logs outlive programs.
func TestTheHashNeverChanges(t *testing.T) {
	_, head := written(t)
	const want = "86d60211a9b12d16f0ecb70f7cf0e0c2b10041331b14543d01ebfde75930963f"
	if head.Hash.String() != want {
		t.Errorf("the hash is %s", head.Hash)
	}
}

func TestEveryChangeShows(t *testing.T) {
	for name, c := range map[string]struct {
		change func(lines []line, head *audit.Head) []line
		number int64
	}{
		"the time":     {func(l []line, _ *audit.Head) []line { l[2].entry.At = l[2].entry.At.Add(time.Microsecond); return l }, 3},
		"the actor":    {func(l []line, _ *audit.Head) []line { l[2].entry.Actor++; return l }, 3},
		"the action":   {func(l []line, _ *audit.Head) []line { l[2].entry.Action = audit.ReportRead; return l }, 3},
		"the subject":  {func(l []line, _ *audit.Head) []line { l[2].entry.Subject++; return l }, 3},
		"the detail":   {func(l []line, _ *audit.Head) []line { l[2].entry.Detail = ""; return l }, 3},
		"the hash":     {func(l []line, _ *audit.Head) []line { l[2].hash[31]++; return l }, 3},
		"the link":     {func(l []line, _ *audit.Head) []line { l[2].previous[0]++; return l }, 3},
		"one missing":  {func(l []line, _ *audit.Head) []line { return slices.Delete(l, 2, 3) }, 3},
		"one twice":    {func(l []line, _ *audit.Head) []line { return slices.Insert(l, 2, l[1]) }, 3},
		"two swapped":  {func(l []line, _ *audit.Head) []line { l[2], l[3] = l[3], l[2]; return l }, 3},
		"no beginning": {func(l []line, _ *audit.Head) []line { return l[1:] }, 1},
		"no end":       {func(l []line, _ *audit.Head) []line { return l[:4] }, 5},
		"nothing left": {func([]line, *audit.Head) []line { return nil }, 1},
		"another end":  {func(l []line, head *audit.Head) []line { head.Hash[0]++; return l }, 5},
		"no head":      {func(l []line, head *audit.Head) []line { *head = audit.Head{}; return l }, 5},
		"not ours":     {func(l []line, _ *audit.Head) []line { l[2].entry.Detail = "\n"; return l }, 3},
	} {
		lines, head := written(t)
		err := verify(c.change(lines, &head), head)
		var fault audit.Fault
		if !errors.As(err, &fault) || fault.Number != c.number || fault.Problem == "" {
			t.Errorf("%s: %v, want a fault at %d", name, err, c.number)
		}
	}
}

func TestAnEntryIsRefusedThatDoesNotFit(t *testing.T) {
	good := audit.Entry{Number: 1, Action: audit.SignedIn}
	if _, err := (audit.Head{}).Next(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*audit.Entry){
		"no action":        func(e *audit.Entry) { e.Action = "" },
		"a long action":    func(e *audit.Entry) { e.Action = audit.Action(strings.Repeat("a", 41)) },
		"letters":          func(e *audit.Entry) { e.Detail = "Zoë" },
		"a line's end":     func(e *audit.Entry) { e.Detail = "a\nb" },
		"a long detail":    func(e *audit.Entry) { e.Detail = strings.Repeat("d", 2001) },
		"a number too far": func(e *audit.Entry) { e.Number = 2 },
		"no number":        func(e *audit.Entry) { e.Number = 0 },
	} {
		entry := good
		change(&entry)
		if _, err := (audit.Head{}).Next(entry); err == nil || strings.Contains(err.Error(), "Zoë") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzHash looks for two entries with one hash: what ends one field must not
// begin another.
func FuzzHash(f *testing.F) {
	f.Add("sign-in", "ab", "sign-ina", "b")
	f.Fuzz(func(t *testing.T, action1, detail1, action2, detail2 string) {
		one, err1 := (audit.Head{}).Next(audit.Entry{Number: 1, Action: audit.Action(action1), Detail: detail1})
		two, err2 := (audit.Head{}).Next(audit.Entry{Number: 1, Action: audit.Action(action2), Detail: detail2})
		same := action1 == action2 && detail1 == detail2
		if err1 == nil && err2 == nil && (one == two) != same {
			t.Errorf("%q %q and %q %q", action1, detail1, action2, detail2)
		}
	})
}
