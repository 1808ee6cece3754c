package schedule_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"halo.dev/halo/internal/schedule"
)

func at(text string) time.Time {
	moment, err := time.Parse("2006-01-02 15:04:05", text)
	if err != nil {
		panic(err)
	}
	return moment
}

func TestDueIsTheNewestTickSinceTheTenantWasMade(t *testing.T) {
	cases := map[string]struct {
		expression, zone, since, now string
		want                         string // empty: none
	}{
		"not yet":                      {"17 3 * * *", "Etc/UTC", "2026-01-01 12:00:00", "2026-01-02 03:16:59", ""},
		"to the second":                {"17 3 * * *", "Etc/UTC", "2026-01-01 12:00:00", "2026-01-02 03:17:00", "2026-01-02 03:17:00"},
		"later that day":               {"17 3 * * *", "Etc/UTC", "2026-01-01 12:00:00", "2026-01-02 22:00:00", "2026-01-02 03:17:00"},
		"only the newest of many":      {"17 3 * * *", "Etc/UTC", "2025-01-01 12:00:00", "2026-01-02 22:00:00", "2026-01-02 03:17:00"},
		"made after the tick":          {"17 3 * * *", "Etc/UTC", "2026-01-02 03:17:30", "2026-01-02 22:00:00", ""},
		"made at the tick":             {"17 3 * * *", "Etc/UTC", "2026-01-02 03:17:00", "2026-01-02 22:00:00", ""},
		"every minute":                 {"* * * * *", "Etc/UTC", "2025-01-01 12:00:00", "2026-01-02 22:00:30", "2026-01-02 22:00:00"},
		"once a month":                 {"0 0 1 * *", "Etc/UTC", "2025-01-01 12:00:00", "2026-01-31 22:00:30", "2026-01-01 00:00:00"},
		"once a year":                  {"0 0 1 3 *", "Etc/UTC", "2024-01-01 12:00:00", "2026-01-31 22:00:30", "2025-03-01 00:00:00"},
		"in another zone":              {"17 3 * * *", "America/New_York", "2026-01-01 12:00:00", "2026-01-02 12:00:00", "2026-01-02 08:17:00"},
		"in summer":                    {"17 3 * * *", "America/New_York", "2026-07-01 12:00:00", "2026-07-02 12:00:00", "2026-07-02 07:17:00"},
		"an hour that does not exist":  {"30 2 * * *", "Europe/Berlin", "2026-03-28 12:00:00", "2026-03-29 12:00:00", ""},
		"a clock that was set back":    {"17 3 * * *", "Etc/UTC", "2026-01-05 12:00:00", "2026-01-02 22:00:00", ""},
		"a day that comes in no month": {"0 0 31 2 *", "Etc/UTC", "2024-01-01 12:00:00", "2026-01-31 22:00:30", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			times, err := schedule.Parse(c.expression, c.zone)
			if err != nil {
				t.Fatal(err)
			}
			tick, due := times.Due(at(c.since), at(c.now))
			got := ""
			if due {
				got = tick.Format("2006-01-02 15:04:05")
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestNextIsAlwaysLater(t *testing.T) {
	times, err := schedule.Parse("17 3 * * *", "Etc/UTC")
	if err != nil {
		t.Fatal(err)
	}
	if next := times.Next(at("2026-01-02 03:17:00")); !next.Equal(at("2026-01-03 03:17:00")) {
		t.Error(next)
	}
	never, err := schedule.Parse("0 0 31 2 *", "Etc/UTC")
	if err != nil {
		t.Fatal(err)
	}
	if next := never.Next(at("2026-01-02 03:17:00")); !next.IsZero() {
		t.Error(next)
	}
}

func TestWhatIsNoScheduleIsNamed(t *testing.T) {
	for _, c := range [][3]string{
		{"every day", "Etc/UTC", `schedule "every day" is not a cron expression`}, {"", "Etc/UTC", "not a cron expression"},
		{"61 3 * * *", "Etc/UTC", "not a cron expression"}, {"0 17 3 * * *", "Etc/UTC", "not a cron expression"},
		{"@every 1s", "Etc/UTC", "five fields"}, {"TZ=UTC 17 3 * * *", "Etc/UTC", "five fields"}, {"CRON_TZ=UTC 17 3 * * *", "Etc/UTC", "five fields"},
		{"17 3 * * *", "Mars/Olympus", `time zone "Mars/Olympus" is not an IANA name`},
	} {
		if _, err := schedule.Parse(c[0], c[1]); err == nil || !strings.Contains(err.Error(), c[2]) {
			t.Errorf("%q in %q: %v, want %q", c[0], c[1], err, c[2])
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"17 3 * * *", "*/5 * * * 1-5", "@daily", "@every 1s", "", "TZ= 1 1 1 1 1", "0 0 31 2 *"} {
		f.Add(seed, "Etc/UTC")
	}
	f.Fuzz(func(t *testing.T, expression, zone string) {
		times, err := schedule.Parse(expression, zone)
		if err != nil {
			return
		}
		now := at("2026-01-02 03:17:00")
		if next := times.Next(now); !next.IsZero() && !next.After(now) {
			t.Errorf("%q in %q: next is %s", expression, zone, next)
		}
		if tick, due := times.Due(now.Add(-time.Hour), now); due && (tick.After(now) || !tick.After(now.Add(-time.Hour))) {
			t.Errorf("%q in %q: due at %s", expression, zone, tick)
		}
	})
}

func TestWhatIsPruned(t *testing.T) {
	const day = 24 * time.Hour
	now := at("2026-03-01 04:00:00")
	scheduled := func(name string, age time.Duration) schedule.Copy {
		return schedule.Copy{Name: name, Scheduled: true, ReadyAt: now.Add(-age), Keep: 36 * day}
	}
	pending := schedule.Copy{Name: "pending", Scheduled: true, Keep: 36 * day}
	manual := schedule.Copy{Name: "manual", ReadyAt: now.Add(-400 * day), Keep: 36 * day}
	cases := map[string]struct {
		copies []schedule.Copy
		want   []string
	}{
		"none":                        {nil, nil},
		"the old ones, oldest first":  {[]schedule.Copy{scheduled("b", 37*day), scheduled("a", 38*day), scheduled("c", day)}, []string{"a", "b"}},
		"not to the second":           {[]schedule.Copy{scheduled("a", 36*day), scheduled("c", day)}, nil},
		"never the newest":            {[]schedule.Copy{scheduled("a", 300*day)}, nil},
		"not for one still under way": {[]schedule.Copy{scheduled("a", 300*day), pending}, nil},
		"for a newer one by hand":     {[]schedule.Copy{scheduled("a", 37*day), {Name: "m", ReadyAt: now}}, []string{"a"}},
		"never one by hand":           {[]schedule.Copy{manual, scheduled("c", day)}, nil},
		"never without a retention":   {[]schedule.Copy{{Name: "a", Scheduled: true, ReadyAt: now.Add(-99 * day)}, scheduled("c", day)}, nil},
		"never one that is not ready": {[]schedule.Copy{pending, scheduled("c", day)}, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, schedule.Prunable(c.copies, now)); diff != "" {
				t.Error(diff)
			}
		})
	}
	if next := schedule.NextExpiry([]schedule.Copy{scheduled("a", 35*day), scheduled("b", 34*day), scheduled("c", 37*day), manual}, now); !next.Equal(now.Add(day)) {
		t.Errorf("next expiry %s", next)
	}
	if next := schedule.NextExpiry([]schedule.Copy{manual, pending}, now); !next.IsZero() {
		t.Errorf("next expiry %s", next)
	}
}
