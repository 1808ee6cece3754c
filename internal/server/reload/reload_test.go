package reload_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"halo.dev/halo/internal/server/reload"
)

// mount plays the kubelet: a folder of generations behind ..data, each file a
// link through it.
type mount struct {
	t          *testing.T
	dir        string
	generation int
}

func newMount(t *testing.T, files map[string]string) *mount {
	t.Helper()
	m := &mount{t: t, dir: t.TempDir()}
	m.swap(files)
	for name := range files {
		m.must(os.Symlink(filepath.Join("..data", name), filepath.Join(m.dir, name)))
	}
	return m
}

// swap writes a new generation and exchanges the link in one step, as the
// kubelet's atomic writer does, then removes the generation before it.
func (m *mount) swap(files map[string]string) {
	m.t.Helper()
	before, _ := os.Readlink(filepath.Join(m.dir, "..data"))
	m.generation++
	name := "..generation_" + strconv.Itoa(m.generation)
	m.must(os.Mkdir(filepath.Join(m.dir, name), 0o755))
	for file, text := range files {
		m.must(os.WriteFile(filepath.Join(m.dir, name, file), []byte(text), 0o644))
	}
	link := filepath.Join(m.dir, "..data_tmp")
	m.must(os.Symlink(name, link))
	m.must(os.Rename(link, filepath.Join(m.dir, "..data")))
	if before != "" {
		m.must(os.RemoveAll(filepath.Join(m.dir, before)))
	}
}

func (m *mount) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

// joined is a parser that wants two files of one generation.
func joined(files reload.Files) (string, error) {
	a, b := string(files["a"]), string(files["b"])
	if a == "bad" {
		return "", errors.New("a is bad")
	}
	return a + b, nil
}

// run keeps the value up to date until the test ends and gives its events.
func run(t *testing.T, v *reload.Value[string]) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- v.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

func open(t *testing.T, dir string, interval time.Duration) (*reload.Value[string], chan reload.Event) {
	t.Helper()
	events := make(chan reload.Event, 100)
	v, err := reload.Open(reload.Options{Source: "letters", Dir: dir, Interval: interval,
		Notify: func(e reload.Event) { events <- e }}, joined)
	if err != nil {
		t.Fatal(err)
	}
	return v, events
}

func next(t *testing.T, events <-chan reload.Event) reload.Event {
	t.Helper()
	select {
	case e := <-events:
		return e
	case <-time.After(20 * time.Second):
		t.Fatal("no event in 20 s")
		return reload.Event{}
	}
}

func TestASwapOfTheLinkIsTakenOverByNotification(t *testing.T) {
	m := newMount(t, map[string]string{"a": "1", "b": "2"})
	v, events := open(t, m.dir, time.Hour)
	if v.Get() != "12" {
		t.Fatalf("first value is %q", v.Get())
	}
	run(t, v)
	// The watch is placed by Run at some time; a swap before that is lost to a
	// test with an endless interval, so swap until one is seen.
	deadline := time.Now().Add(20 * time.Second)
	for generation := 0; v.Get() == "12" && time.Now().Before(deadline); generation++ {
		m.swap(map[string]string{"a": "3", "b": string(rune('4' + generation%2))})
		select {
		case <-events:
		case <-time.After(200 * time.Millisecond):
		}
	}
	if !strings.HasPrefix(v.Get(), "3") {
		t.Fatalf("value is still %q", v.Get())
	}
}

func TestASwapIsTakenOverByThePollAlone(t *testing.T) {
	m := newMount(t, map[string]string{"a": "1", "b": "2"})
	v, events := open(t, m.dir, 10*time.Millisecond)
	// The folder that is watched goes and comes back: no notification reaches
	// the watch of the old one.
	run(t, v)
	m.must(os.Rename(m.dir, m.dir+".old"))
	if e := next(t, events); e.Err == nil {
		t.Fatal("a missing folder is no fault")
	}
	if v.Healthy() || v.Get() != "12" {
		t.Errorf("healthy %v with value %q", v.Healthy(), v.Get())
	}
	m.swapIn(map[string]string{"a": "5", "b": "6"})
	if e := next(t, events); e.Err != nil {
		t.Fatalf("event %v", e.Err)
	}
	if v.Get() != "56" || !v.Healthy() {
		t.Errorf("value %q, healthy %v", v.Get(), v.Healthy())
	}
}

// swapIn makes the folder anew, whole in one step.
func (m *mount) swapIn(files map[string]string) {
	m.t.Helper()
	staging := &mount{t: m.t, dir: m.t.TempDir()}
	staging.swap(files)
	m.must(os.Rename(staging.dir, m.dir))
}

func TestABrokenFileKeepsTheOldValueAndIsToldOnce(t *testing.T) {
	m := newMount(t, map[string]string{"a": "1", "b": "2"})
	v, events := open(t, m.dir, time.Hour)
	m.swap(map[string]string{"a": "bad", "b": "2"})
	v.Check()
	v.Check()
	v.Check()
	e := next(t, events)
	if e.Err == nil || !strings.Contains(e.Err.Error(), "a is bad") || e.Source != "letters" {
		t.Errorf("event is %+v", e)
	}
	if len(events) != 0 {
		t.Errorf("told %d times more", len(events))
	}
	if v.Get() != "12" || v.Healthy() {
		t.Errorf("value %q, healthy %v", v.Get(), v.Healthy())
	}
	m.swap(map[string]string{"a": "7", "b": "8"})
	v.Check()
	if e := next(t, events); e.Err != nil || v.Get() != "78" || !v.Healthy() {
		t.Errorf("after the repair: %v, value %q, healthy %v", e.Err, v.Get(), v.Healthy())
	}
}

func TestAFileThatReturnsToTheOldTextIsHealthyAgain(t *testing.T) {
	m := newMount(t, map[string]string{"a": "1", "b": "2"})
	v, events := open(t, m.dir, time.Hour)
	m.swap(map[string]string{"a": "bad"})
	v.Check()
	next(t, events)
	m.swap(map[string]string{"a": "1", "b": "2"})
	v.Check()
	if e := next(t, events); e.Err != nil || !v.Healthy() || v.Get() != "12" {
		t.Errorf("event %v, healthy %v, value %q", e.Err, v.Healthy(), v.Get())
	}
}

func TestAFolderThatWasAwayAndReturnsUnchangedIsHealthyAgain(t *testing.T) {
	m := newMount(t, map[string]string{"a": "1", "b": "2"})
	v, events := open(t, m.dir, time.Hour)
	m.must(os.Rename(m.dir, m.dir+".away"))
	v.Check()
	if e := next(t, events); e.Err == nil || v.Healthy() {
		t.Errorf("away: event %v, healthy %v", e.Err, v.Healthy())
	}
	m.must(os.Rename(m.dir+".away", m.dir))
	v.Check()
	if e := next(t, events); e.Err != nil || !v.Healthy() || v.Get() != "12" {
		t.Errorf("back: event %v, healthy %v, value %q", e.Err, v.Healthy(), v.Get())
	}
}

func TestAnUnchangedFolderIsNotParsedAgain(t *testing.T) {
	m := newMount(t, map[string]string{"a": "1"})
	parses := 0
	v, err := reload.Open(reload.Options{Source: "count", Dir: m.dir}, func(reload.Files) (int, error) { parses++; return parses, nil })
	if err != nil {
		t.Fatal(err)
	}
	v.Check()
	m.swap(map[string]string{"a": "1"})
	v.Check()
	if parses != 1 {
		t.Errorf("parsed %d times", parses)
	}
}

func TestOpenSaysWhyThereIsNoValue(t *testing.T) {
	m := newMount(t, map[string]string{"a": "bad"})
	if _, err := reload.Open(reload.Options{Source: "letters", Dir: m.dir}, joined); err == nil || !strings.Contains(err.Error(), "a is bad") {
		t.Errorf("error is %v", err)
	}
	missing := filepath.Join(m.dir, "missing")
	if _, err := reload.Open(reload.Options{Source: "letters", Dir: missing}, joined); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
}

func TestReadTakesPlainFoldersAndLeavesFoldersInside(t *testing.T) {
	dir := t.TempDir()
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "a"), []byte("x"), 0o600), os.Mkdir(filepath.Join(dir, "inside"), 0o700)); err != nil {
		t.Fatal(err)
	}
	files, err := reload.Read(dir)
	if err != nil || len(files) != 1 || string(files["a"]) != "x" {
		t.Errorf("files %v, error %v", files, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "huge"), make([]byte, 1<<20+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := reload.Read(dir); err == nil || !strings.Contains(err.Error(), "huge") {
		t.Errorf("error is %v", err)
	}
}

// TestAReaderNeverSeesTwoGenerations swaps as fast as it can while others
// read: what is made of two generations, or of one that is being removed,
// would hold unequal texts or too few.
func TestAReaderNeverSeesTwoGenerations(t *testing.T) {
	const files, swaps = 40, 100
	generation := func(text string) map[string]string {
		all := map[string]string{}
		for i := range files {
			all["file"+strconv.Itoa(i)] = text
		}
		return all
	}
	m := newMount(t, generation("0"))
	var readers sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				read, err := reload.Read(m.dir)
				texts := map[string]bool{}
				for _, text := range read {
					texts[string(text)] = true
				}
				if err == nil && (len(read) != files || len(texts) != 1) {
					t.Errorf("read %d files with %d different texts", len(read), len(texts))
					return
				}
			}
		})
	}
	for i := range swaps {
		m.swap(generation(strconv.Itoa(i)))
	}
	close(stop)
	readers.Wait()
}
