// Package schedule decides when a copy is due and which copies may go. It is pure: the time is an argument.
package schedule

import (
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // the image has no zone files

	"github.com/robfig/cron/v3"
)

// Schedule is a cron expression in a time zone.
type Schedule struct {
	ticks    cron.Schedule
	location *time.Location
}

// Parse reads a cron expression of five fields and an IANA time zone. The error says what is wrong with which.
func Parse(expression, timeZone string) (Schedule, error) {
	if strings.Contains(expression, "TZ=") || strings.HasPrefix(strings.TrimSpace(expression), "@every") {
		return Schedule{}, fmt.Errorf("schedule %q: write five fields; the zone has a field of its own", expression)
	}
	ticks, err := cron.ParseStandard(expression)
	if err != nil {
		return Schedule{}, fmt.Errorf("schedule %q is not a cron expression of five fields: %w", expression, err)
	}
	location, err := time.LoadLocation(timeZone)
	if err != nil {
		return Schedule{}, fmt.Errorf("time zone %q is not an IANA name such as Europe/Berlin: %w", timeZone, err)
	}
	return Schedule{ticks: ticks, location: location}, nil
}

// Next is the first tick after a time; zero when there is none within five years.
func (s Schedule) Next(after time.Time) time.Time {
	next := s.ticks.Next(after.In(s.location))
	if next.IsZero() {
		return time.Time{}
	}
	return next.UTC()
}

// lookBacks are tried in turn, so that a schedule of every minute is not walked through for a year.
var lookBacks = []time.Duration{time.Hour, 25 * time.Hour, 8 * 24 * time.Hour, 32 * 24 * time.Hour, 367 * 24 * time.Hour}

// Due is the newest tick after since and not after now: what was missed longer ago is not made up for. ok is false
// when there is none.
func (s Schedule) Due(since, now time.Time) (tick time.Time, ok bool) {
	for _, lookBack := range lookBacks {
		start := now.Add(-lookBack)
		if start.Before(since) {
			start = since
		}
		for t := s.Next(start); !t.IsZero() && !t.After(now); t = s.Next(t) {
			tick, ok = t, true
		}
		if ok || start.Equal(since) {
			return tick, ok
		}
	}
	return time.Time{}, false
}

// Copy is what pruning has to know of a copy.
type Copy struct {
	Name string
	// Scheduled copies are the only ones that are pruned.
	Scheduled bool
	// ReadyAt is when it became restorable; zero when it is not (yet).
	ReadyAt time.Time
	// Keep is how long it is kept at least.
	Keep time.Duration
}

// Prunable returns the names of the copies that may go now, oldest first: scheduled, older than their retention, and
// not the newest restorable copy of their tenant. One that failed has nothing to keep, but is shown as long as any other.
func Prunable(copies []Copy, now time.Time) []string {
	var newest time.Time
	for _, c := range copies {
		if c.ReadyAt.After(newest) {
			newest = c.ReadyAt
		}
	}
	candidates := slices.DeleteFunc(slices.Clone(copies), func(c Copy) bool {
		return !c.Scheduled || c.ReadyAt.IsZero() || c.Keep <= 0 || !c.ReadyAt.Add(c.Keep).Before(now) || !c.ReadyAt.Before(newest)
	})
	slices.SortFunc(candidates, func(a, b Copy) int { return a.ReadyAt.Compare(b.ReadyAt) })
	var names []string
	for _, c := range candidates {
		names = append(names, c.Name)
	}
	return names
}

// NextExpiry is when the next scheduled copy passes its retention; zero when none will.
func NextExpiry(copies []Copy, now time.Time) time.Time {
	var next time.Time
	for _, c := range copies {
		if !c.Scheduled || c.ReadyAt.IsZero() || c.Keep <= 0 {
			continue
		}
		expiry := c.ReadyAt.Add(c.Keep)
		if expiry.After(now) && (next.IsZero() || expiry.Before(next)) {
			next = expiry
		}
	}
	return next
}
