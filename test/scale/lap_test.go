package scale_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/prometheus/procfs"
)

// lap is how long something took, in seconds.
type lap struct {
	// took is by the clock; stolen is what a virtual machine wanted of it and its host gave to others, as the kernel counts it,
	// shared out over the cores.
	took, stolen float64
}

// had is the time in which the machine was there.
func (l lap) had() float64 { return l.took - l.stolen }

func (l lap) String() string { return fmt.Sprintf("%.1f s (%.1f of them stolen)", l.took, l.stolen) }

// watch is a stopwatch that runs.
type watch struct {
	began  time.Time
	stolen float64
}

func startWatch(t *testing.T) watch {
	t.Helper()
	return watch{began: time.Now(), stolen: stolenSoFar(t)}
}

func (w watch) stop(t *testing.T) lap {
	t.Helper()
	return lap{took: time.Since(w.began).Seconds(), stolen: (stolenSoFar(t) - w.stolen) / float64(runtime.NumCPU())}
}

// stolenSoFar is what was stolen of all cores since the machine started, in seconds.
func stolenSoFar(t *testing.T) float64 {
	t.Helper()
	system, err := procfs.NewDefaultFS()
	if err != nil {
		t.Fatal(err)
	}
	stat, err := system.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return stat.CPUTotal.Steal
}
