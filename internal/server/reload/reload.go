// Package reload keeps a value up to date with a folder that Kubernetes mounts
// from a ConfigMap or a Secret. The kubelet changes such a folder by swapping
// one symbolic link, ..data; a value is read from behind that link, so that it
// is made of one generation of files and never of two.
package reload

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Files are a folder's regular files by name.
type Files map[string][]byte

// largestFile bounds what is read: the API server takes no larger Secret or
// ConfigMap.
const largestFile = 1 << 20

// defaultInterval is how long a change may stay unnoticed when the kernel's
// notification is lost or cannot be had.
const defaultInterval = 5 * time.Second

// Event tells of one attempt to take over a change.
type Event struct {
	// Source is the value's name.
	Source string
	// Err is nil when the new value is in use. Otherwise the value before it
	// is kept.
	Err error
}

// Options of a value.
type Options struct {
	// Source names the value in events.
	Source string
	// Dir is the folder.
	Dir string
	// Interval is the time between looks at the folder without a
	// notification; 5 s when zero.
	Interval time.Duration
	// Notify is called for every change that was taken over or refused, and
	// when a fault is over, not for the first load; nil is nobody. It is called from Run and Check.
	Notify func(Event)
}

// Value is what parse made of a folder's files, kept up to date by Run.
type Value[T any] struct {
	options Options
	parse   func(Files) (T, error)
	current atomic.Pointer[T]
	healthy atomic.Bool

	mutex sync.Mutex        // serialises Check
	seen  [sha256.Size]byte // digest of the files last tried
	fault string            // last error of reading, so that it is told once
}

// Open loads the value for the first time; its error says why there is none.
// parse is pure: it gets a folder's files and must not keep them.
func Open[T any](options Options, parse func(Files) (T, error)) (*Value[T], error) {
	if options.Interval <= 0 {
		options.Interval = defaultInterval
	}
	v := &Value[T]{options: options, parse: parse}
	files, err := Read(options.Dir)
	if err != nil {
		return nil, fmt.Errorf("loading %s: %w", options.Source, err)
	}
	value, err := parse(files)
	if err != nil {
		return nil, fmt.Errorf("loading %s from %s: %w", options.Source, options.Dir, err)
	}
	v.seen = digest(files)
	v.current.Store(&value)
	v.healthy.Store(true)
	return v, nil
}

// Get returns the value in use.
func (v *Value[T]) Get() T { return *v.current.Load() }

// Healthy is false while the folder holds something that could not be taken
// over and an older value is in use.
func (v *Value[T]) Healthy() bool { return v.healthy.Load() }

// Run takes over changes until the context ends; it returns nil then. Where
// the kernel's notifications cannot be had it looks at intervals.
func (v *Value[T]) Run(ctx context.Context) error {
	events := make(<-chan fsnotify.Event)
	if watcher, err := fsnotify.NewWatcher(); err == nil {
		defer func() { _ = watcher.Close() }()
		if err := watcher.Add(v.options.Dir); err == nil {
			events = watcher.Events
		}
	}
	tick := time.NewTicker(v.options.Interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case _, open := <-events:
			if !open {
				events = nil
			}
		case <-tick.C:
		}
		v.Check()
	}
}

// Check looks at the folder now. A folder that cannot be used leaves the value
// as it is.
func (v *Value[T]) Check() {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	files, err := Read(v.options.Dir)
	if err != nil {
		v.refuse(fmt.Errorf("reloading %s: %w", v.options.Source, err))
		return
	}
	sum := digest(files)
	if sum == v.seen && v.fault == "" {
		return
	}
	v.seen = sum
	value, err := v.parse(files)
	if err != nil {
		v.refuse(fmt.Errorf("reloading %s from %s, the value before it stays in use: %w", v.options.Source, v.options.Dir, err))
		return
	}
	v.fault = ""
	v.current.Store(&value)
	v.healthy.Store(true)
	v.notify(nil)
}

// refuse tells of a fault once, however often it is met.
func (v *Value[T]) refuse(err error) {
	v.healthy.Store(false)
	if v.fault == err.Error() {
		return
	}
	v.fault = err.Error()
	v.notify(err)
}

func (v *Value[T]) notify(err error) {
	if v.options.Notify != nil {
		v.options.Notify(Event{Source: v.options.Source, Err: err})
	}
}

// Read reads the regular files of a folder, those behind a symbolic link
// included. In a folder that Kubernetes mounted it reads one generation: it
// follows ..data once and reads from there. A generation that was exchanged
// meanwhile is read anew, because the kubelet removes the old one file by file.
func Read(dir string) (Files, error) {
	const attempts = 5
	for attempt := 1; ; attempt++ {
		generation := generationOf(dir)
		files, err := readFolder(generation)
		if generation == generationOf(dir) || attempt == attempts {
			return files, err
		}
	}
}

// generationOf is the folder behind ..data, or the folder itself.
func generationOf(dir string) string {
	if generation, err := filepath.EvalSymlinks(filepath.Join(dir, "..data")); err == nil {
		return generation
	}
	return dir
}

func readFolder(dir string) (Files, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("listing the folder: %w", err)
	}
	files := Files{}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), "..") {
			continue
		}
		data, regular, err := readFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, err
		}
		if regular {
			files[entry.Name()] = data
		}
	}
	return files, nil
}

func readFile(path string) (data []byte, regular bool, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, false, fmt.Errorf("looking at a file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, false, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, false, fmt.Errorf("opening a file: %w", err)
	}
	defer file.Close()
	data, err = io.ReadAll(io.LimitReader(file, largestFile+1))
	if err != nil {
		return nil, false, fmt.Errorf("reading a file: %w", err)
	}
	if len(data) > largestFile {
		return nil, false, fmt.Errorf("the file %s has more than %d bytes", path, largestFile)
	}
	return data, true, nil
}

// digest tells two sets of files apart, names and contents.
func digest(files Files) (sum [sha256.Size]byte) {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	sort.Strings(names)
	hash := sha256.New()
	for _, name := range names {
		for _, part := range [][]byte{[]byte(name), files[name]} {
			hash.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
			hash.Write(part)
		}
	}
	hash.Sum(sum[:0])
	return sum
}
