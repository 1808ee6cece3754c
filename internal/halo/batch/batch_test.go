package batch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"halo.dev/halo/internal/halo"
)

const year = 2026

// sheet is a valid answer sheet whose result tells its age.
func sheet(age int) string {
	return fmt.Sprintf(`{"sex":"male","age":%d,"serious_illness":false}`, age)
}

// streamed runs a whole batch.
func streamed(t *testing.T, input string, o Options) (string, *Progress) {
	t.Helper()
	o.Year, o.Progress = year, new(Progress)
	if o.Workers == 0 {
		o.Workers = 4
	}
	var out bytes.Buffer
	if err := Stream(t.Context(), strings.NewReader(input), &out, o); err != nil {
		t.Fatal(err)
	}
	return out.String(), o.Progress
}

func TestEveryLineHasItsResultInOrder(t *testing.T) {
	var input, want strings.Builder
	for i := range 5000 {
		line := sheet(18 + i%82)
		switch i % 7 {
		case 3:
			line = `{"sex":"male","age":` + fmt.Sprint(i) + `.0}`
		case 5:
			line = ""
		}
		input.WriteString(line + "\n")
		result, _ := Line(nil, []byte(line), year, Full)
		want.Write(append(result, '\n'))
	}
	got, progress := streamed(t, input.String(), Options{})
	if got != want.String() {
		t.Error("the results differ from those of the lines one by one")
	}
	if progress.Lines() != 5000 || progress.Invalid() != 714*2 {
		t.Errorf("%d lines, %d invalid", progress.Lines(), progress.Invalid())
	}
}

func TestTheLastLineNeedsNoLineBreak(t *testing.T) {
	for input, lines := range map[string]int64{
		"": 0, "\n": 1, sheet(50): 1, sheet(50) + "\n": 1, sheet(50) + "\n\n": 2, sheet(50) + "\r\n" + sheet(51): 2, "x": 1,
	} {
		out, progress := streamed(t, input, Options{})
		if progress.Lines() != lines || int64(strings.Count(out, "\n")) != lines {
			t.Errorf("%q: %d lines, %q", input, progress.Lines(), out)
		}
	}
}

func TestALineThatIsTooLongIsAnErrorAndTheNextIsNot(t *testing.T) {
	const refused = `{"status":"error","model_version":"open-halo-1.0.0","errors":[{"field":"","code":"too_long"}]}`
	longest := sheet(50) + strings.Repeat(" ", MaxLine-len(sheet(50)))
	for _, c := range []struct {
		name, input string
		valid       []bool
	}{
		{"the longest", longest + "\n" + sheet(51), []bool{true, true}},
		{"one byte more", longest + " \n" + sheet(51), []bool{false, true}},
		{"one byte more at the end", sheet(51) + "\n" + longest + " ", []bool{true, false}},
		{"many times more", strings.Repeat("x", 5*MaxLine) + "\n" + sheet(51) + "\n", []bool{false, true}},
	} {
		out, _ := streamed(t, c.input, Options{})
		lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
		if len(lines) != len(c.valid) {
			t.Fatalf("%s: %d results, want %d", c.name, len(lines), len(c.valid))
		}
		for i, valid := range c.valid {
			if (lines[i] != refused) != valid || valid != strings.HasPrefix(lines[i], `{"status":"ok"`) {
				t.Errorf("%s, line %d: %.100s", c.name, i, lines[i])
			}
		}
	}
	if result, valid := Line(nil, []byte(longest+" "), year, Full); valid || string(result) != refused {
		t.Errorf("alone: %.100s", result)
	}
}

func TestHouseholdsAndProfilesMix(t *testing.T) {
	out, progress := streamed(t, `{"a":`+sheet(60)+`,"b":`+sheet(61)+"}\n"+sheet(60)+"\n"+`{"a":`+sheet(17)+"}\n", Options{})
	lines := strings.Split(out, "\n")
	for i, want := range []string{`"expected_years_both_alive":`, `"longevity":`, `{"person":"","field":"b","code":"required"}`} {
		if !strings.Contains(lines[i], want) {
			t.Errorf("line %d: %.200s, want %s", i, lines[i], want)
		}
	}
	if progress.Invalid() != 1 {
		t.Errorf("%d invalid", progress.Invalid())
	}
}

func TestTheBrowserViewHasNoMoney(t *testing.T) {
	out, _ := streamed(t, sheet(60)+"\n"+`{"a":`+sheet(60)+`,"b":`+sheet(61)+"}\n"+"[]\n", Options{View: Browser})
	for _, word := range []string{"cost", "today", "future", "annual", "blended", "out_of_pocket", "care", "survival"} {
		if strings.Contains(out, word) {
			t.Errorf("%q in %s", word, out)
		}
	}
	if !strings.Contains(out, `"life_expectancy_age":`) || !strings.Contains(out, `"code":"type"`) {
		t.Error(out)
	}
}

func TestASlowWriterGetsItsResultsAtOnce(t *testing.T) {
	in, questions := io.Pipe()
	answers, out := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := Stream(t.Context(), in, out, Options{Year: year, Workers: 2})
		out.Close()
		done <- err
	}()
	reader := json.NewDecoder(answers)
	for age := 20; age < 30; age++ {
		if _, err := io.WriteString(questions, sheet(age)+"\n"); err != nil {
			t.Fatal(err)
		}
		var r halo.Result // blocks for ever if the result waits for more input
		if err := reader.Decode(&r); err != nil {
			t.Fatal(err)
		}
		if int(r.Longevity.LifeExpectancyAge-r.Longevity.LifeExpectancyYears+0.5) != age {
			t.Errorf("the result for %d is of another age: %v", age, r.Longevity)
		}
	}
	questions.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestAStreamEndsWhenItsContextDoes(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	in, questions := io.Pipe()
	out := &cancelAfter{lines: 3, cancel: cancel}
	go func() {
		for {
			if _, err := io.WriteString(questions, sheet(50)+"\n"); err != nil {
				return
			}
		}
	}()
	err := Stream(ctx, in, out, Options{Year: year, Workers: 2})
	in.Close()
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if text := out.String(); !strings.HasSuffix(text, "\n") || strings.Count(text, `{"status":"ok"`) != strings.Count(text, "\n") {
		t.Error("the last result is cut")
	}
}

// cancelAfter cancels after some writes.
type cancelAfter struct {
	bytes.Buffer
	lines  int
	cancel func()
}

func (c *cancelAfter) Write(p []byte) (int, error) {
	if c.lines--; c.lines == 0 {
		c.cancel()
	}
	return c.Buffer.Write(p)
}

func TestAFaultOfInputOrOutputIsReported(t *testing.T) {
	broken := errors.New("broken")
	in := io.MultiReader(strings.NewReader(sheet(50)+"\n"), iotest.ErrReader(broken))
	var out bytes.Buffer
	if err := Stream(t.Context(), in, &out, Options{Year: year, Workers: 1}); !errors.Is(err, broken) {
		t.Errorf("reading: %v", err)
	}
	if !strings.HasPrefix(out.String(), `{"status":"ok"`) {
		t.Errorf("the result before the fault: %q", out.String())
	}
	in2 := strings.NewReader(strings.Repeat(sheet(50)+"\n", 10000))
	if err := Stream(t.Context(), in2, failing{broken}, Options{Year: year, Workers: 2}); !errors.Is(err, broken) {
		t.Errorf("writing: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
