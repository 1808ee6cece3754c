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

// reports measures how many reports a core writes in a second, by the time that
// the processor worked: the garbage of a report is a part of its price.
func reports() error {
	renderer, err := report.New()
	if err != nil {
		return err
	}
	profile, problems := halo.Parse([]byte(`{"sex":"female","age":62,"serious_illness":false,"smoking":"current","height_in":66,"weight_lb":190}`), time.Now().Year())
	if len(problems) > 0 {
		return fmt.Errorf("the answers of the benchmark are refused: %v", problems)
	}
	document := report.Document{
		Client: report.Person{First: "Ada", Last: "Visitor", Email: "visitor@example.com"}, Advisor: "Planning Desk",
		Brand: report.Brand{Name: "Acme Planning", Color: "#0b6e4f"}, Date: time.Now(), Profile: profile, Result: halo.Assess(profile),
	}
	var pdf bytes.Buffer
	written := 0
	begin := worked()
	for ; worked()-begin < 5*time.Second; written++ {
		pdf.Reset()
		if err := renderer.Render(&pdf, document); err != nil {
			return err
		}
	}
	runtime.GC()
	each := (worked() - begin) / time.Duration(written)
	fmt.Println("| reports | |\n|---|---|")
	fmt.Printf("| written by one core | %.0f a second, %.1f ms each |\n", 1/each.Seconds(), milliseconds(each))
	fmt.Printf("| size of this one | %d kB |\n", pdf.Len()/1000)
	return nil
}

// worked is the processor time of this process.
func worked() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
