package batch

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"syscall"
	"testing"

	"halo.dev/halo/internal/halo"
)

// randomSheet answers the required questions, and each other one with a chance
// of 3 in 4, at random.
func randomSheet(random *rand.Rand, questions []halo.Question) []byte {
	answers := map[string]any{}
	for _, q := range questions {
		if !q.Required && random.IntN(4) == 0 {
			continue
		}
		switch q.Type {
		case halo.TypeChoice:
			answers[q.ID] = q.Choices[random.IntN(len(q.Choices))].Value
		case halo.TypeBoolean:
			answers[q.ID] = q.ID != "serious_illness" && random.IntN(3) == 0
		case halo.TypeInteger:
			answers[q.ID] = int(*q.Min) + random.IntN(int(*q.Max-*q.Min)+1)
		case halo.TypeShares:
			first := random.IntN(101)
			answers[q.ID] = map[string]int{q.Choices[0].Value: first, q.Choices[1+random.IntN(4)].Value: 100 - first}
		case halo.TypeChoices:
			chosen := []string{}
			for _, c := range q.Choices {
				if random.IntN(5) == 0 {
					chosen = append(chosen, c.Value)
				}
			}
			answers[q.ID] = chosen
		}
	}
	delete(answers, "height_in")
	if random.IntN(4) > 0 {
		answers["height_in"], answers["weight_lb"] = 60+float64(random.IntN(32))/2, 110+float64(random.IntN(1500))/10
	}
	line, err := json.Marshal(answers)
	if err != nil {
		panic(err)
	}
	return append(line, '\n')
}

// randomSheets are lines of random answers.
func randomSheets(n int) []byte {
	random := rand.New(rand.NewPCG(11, 12))
	questions := halo.Questions().Questions
	var lines []byte
	for range n {
		lines = append(lines, randomSheet(random, questions)...)
	}
	return lines
}

func TestRandomProfilesAreAllValid(t *testing.T) {
	out, progress := streamed(t, string(randomSheets(3000)), Options{})
	if progress.Invalid() != 0 || progress.Lines() != 3000 {
		t.Errorf("%d lines, %d invalid: %.2000s", progress.Lines(), progress.Invalid(), out)
	}
	for line := range bytes.Lines([]byte(out)) {
		var r halo.Result
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		if r.Status != halo.StatusOK || !(r.Total.Today > 0) {
			t.Fatalf("%s", line)
		}
	}
}

// BenchmarkRandomProfiles streams 100,000 profiles on all cores, and computes
// the same ones without decoding, encoding or streaming, spread over the cores.
func BenchmarkRandomProfiles(b *testing.B) {
	const n = 100_000
	input := randomSheets(n)
	b.Run("100,000 streamed", func(b *testing.B) {
		for b.Loop() {
			o := Options{Year: year, Workers: runtime.GOMAXPROCS(0)}
			if err := Stream(context.Background(), bytes.NewReader(input), io.Discard, o); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "profiles/s")
	})
	var profiles []halo.Profile
	var lines [][]byte
	for line := range bytes.Lines(input) {
		p, _ := halo.Parse(line, year)
		profiles, lines = append(profiles, p), append(lines, line)
	}
	b.Run("100,000 decoded, computed and encoded", func(b *testing.B) {
		for b.Loop() {
			spread(n, func(from, to int) {
				var buffer []byte
				for _, line := range lines[from:to] {
					buffer, _ = Line(buffer[:0], line, year, Full)
				}
			})
		}
		b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "profiles/s")
	})
	b.Run("100,000 computed alone", func(b *testing.B) {
		for b.Loop() {
			spread(n, func(from, to int) {
				for _, p := range profiles[from:to] {
					halo.Assess(p)
				}
			})
		}
		b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "profiles/s")
	})
}

// BenchmarkShares takes a few thousand profiles at a time through the stream,
// through the same work in memory and through the model alone, in turn, and
// reports the least processor time of each for one profile. What else runs on
// the machine hardly moves it, unlike the time by the clock.
func BenchmarkShares(b *testing.B) {
	const n = 2000
	input := randomSheets(n)
	lines := bytes.SplitAfter(input, []byte("\n"))[:n]
	profiles := make([]halo.Profile, n)
	for i, line := range lines {
		profiles[i], _ = halo.Parse(line, year)
	}
	var buffer []byte
	stream, memory, model := math.Inf(1), math.Inf(1), math.Inf(1)
	for b.Loop() {
		stream = min(stream, processorTime(b, func() {
			o := Options{Year: year, Workers: runtime.GOMAXPROCS(0)}
			if err := Stream(context.Background(), bytes.NewReader(input), io.Discard, o); err != nil {
				b.Fatal(err)
			}
		}))
		memory = min(memory, processorTime(b, func() {
			for _, line := range lines {
				buffer, _ = Line(buffer[:0], line, year, Full)
			}
		}))
		model = min(model, processorTime(b, func() {
			for _, p := range profiles {
				halo.Assess(p)
			}
		}))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(stream/n, "streamed-µs")
	b.ReportMetric(memory/n, "in-memory-µs")
	b.ReportMetric(model/n, "model-µs")
	b.ReportMetric(stream/memory, "of-in-memory")
	b.ReportMetric(stream/model, "of-model")
}

// processorTime is how many microseconds of all cores f takes.
func processorTime(b *testing.B, f func()) float64 {
	before := usage(b)
	f()
	return usage(b) - before
}

func usage(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1000
}

// spread calls f for equal parts of 0..n on all cores.
func spread(n int, f func(from, to int)) {
	cores := runtime.GOMAXPROCS(0)
	done := make(chan struct{}, cores)
	for i := range cores {
		go func() {
			f(i*n/cores, (i+1)*n/cores)
			done <- struct{}{}
		}()
	}
	for range cores {
		<-done
	}
}
