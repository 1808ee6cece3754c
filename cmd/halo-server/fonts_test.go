package main

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"halo.dev/halo/internal/halo"
	"halo.dev/halo/internal/report"
	"halo.dev/halo/internal/server"
	"halo.dev/halo/internal/telemetry"
)

func TestAServerAtRestLetsTheFontsOfReportsGo(t *testing.T) {
	profile, problems := halo.Parse([]byte(`{"sex": "male", "age": 40, "serious_illness": true}`), 2026)
	if problems != nil {
		t.Fatal(problems)
	}
	synctest.Test(t, func(t *testing.T) {
		s := &service{metrics: server.NewMetrics(), telemetry: &telemetry.Telemetry{}}
		worker, err := s.newWorker(nil)
		if err != nil {
			t.Fatal(err)
		}
		err = s.renderer.Render(io.Discard, report.Document{Date: time.Now(), Profile: profile, Result: halo.Assess(profile)})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(fontsUnused - time.Second)
		worker.Idle()
		time.Sleep(time.Second)
		if !s.renderer.LetGo(fontsUnused) {
			t.Fatal("the fonts were let go before their time, or the time of their use is not kept")
		}
		if err := s.renderer.Render(io.Discard, report.Document{Date: time.Now(), Profile: profile, Result: halo.Assess(profile)}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(fontsUnused)
		worker.Idle()
		if s.renderer.LetGo(0) {
			t.Error("a server at rest keeps the fonts")
		}
	})
}
