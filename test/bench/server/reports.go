package main

import (
	"bytes"
	"fmt"
	"runtime"
	"syscall"
	"time"

	"halo.dev/halo/internal/halo"
	"halo.dev/halo/internal/report"
)

// reports measures how many reports a core writes in a second.
func reports() error {
	renderer := report.New()
	profile, problems := halo.Parse([]byte(`{"sex":"female","age":62,"serious_illness":false,"smoking":"current","height_in":66,"weight_lb":190}`), time.Now().Year())
	if len(problems) > 0 {
		return fmt.Errorf("the answers of the benchmark are refused: %v", problems)
	}
	document := report.Document{
		Client: report.Person{First: "Ada", Last: "Visitor", Email: "visitor@example.com"}, Advisor: "Planning Desk",
		Brand: report.Brand{Name: "Acme Planning", Color: "#0b6e4f"}, Date: time.Now(), Profile: profile, Result: halo.Assess(profile),
	}
	var pdf bytes.Buffer
	least := time.Hour
	for range 30 {
		took, err := written(renderer, document, &pdf)
		if err != nil {
			return err
		}
		least = min(least, took)
	}
	fmt.Println("| reports | |\n|---|---|")
	fmt.Printf("| written by one core, in the best of 30 rounds | %.0f a second, %.1f ms each |\n", 1/least.Seconds(), milliseconds(least))
	fmt.Printf("| size of this one | %d kB |\n", pdf.Len()/1000)
	return nil
}

// written is how long a core works on a report, by a round of them: its garbage,
// which is collected at the round's end, is a part of its price.
func written(renderer *report.Renderer, document report.Document, pdf *bytes.Buffer) (time.Duration, error) {
	const round = 20
	runtime.GC()
	begin := worked()
	for range round {
		pdf.Reset()
		if err := renderer.Render(pdf, document); err != nil {
			return 0, err
		}
	}
	runtime.GC()
	return (worked() - begin) / round, nil
}

// worked is the processor time of this process.
func worked() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
