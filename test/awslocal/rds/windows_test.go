package rds

import "testing"

func TestWindows(t *testing.T) {
	for name, test := range map[string]struct {
		backup, maintenance string
		accepted            bool
	}{
		"apart":                                    {"03:00-04:00", "sun:04:00-sun:05:00", true},
		"overlapping":                              {"03:00-04:00", "sun:03:59-sun:05:00", false},
		"a backup window over midnight":            {"23:45-00:15", "mon:00:15-mon:00:45", true},
		"a backup window over midnight and one":    {"23:45-00:15", "mon:00:00-mon:00:30", false},
		"a maintenance window over the week's end": {"00:10-00:40", "sun:23:50-mon:00:20", false},
		"no hour 24":                               {"24:00-24:30", "sun:04:00-sun:05:00", false},
		"no sign":                                  {"+3:00-04:00", "sun:04:00-sun:05:00", false},
		"no day called xyz":                        {"03:00-04:00", "xyz:04:00-sun:05:00", false},
		"longer than a day":                        {"03:00-04:00", "sun:05:00-tue:05:00", false},
		"empty ones are defaults":                  {"", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			if err := checkWindows(test.backup, test.maintenance); (err == nil) != test.accepted {
				t.Errorf("%s and %s: %v", test.backup, test.maintenance, err)
			}
		})
	}
}

func FuzzWindows(f *testing.F) {
	for _, seed := range []string{"03:00-04:00", "sun:04:00-sun:05:00", "23:45-00:15", "-", ":::", "99:99-00:00", "mon:-1:00-mon:02:00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, window string) {
		if daily, err := parseBackupWindow(window); err == nil && (daily.start < 0 || daily.start >= minutesPerDay || daily.length < 30 || daily.length > minutesPerDay) {
			t.Errorf("%q is %+v", window, daily)
		}
		if weekly, err := parseMaintenanceWindow(window); err == nil && (weekly.start < 0 || weekly.start >= minutesPerWeek || weekly.length < 30) {
			t.Errorf("%q is %+v", window, weekly)
		}
	})
}

func FuzzIdentifiers(f *testing.F) {
	for _, seed := range []string{"acme", "a--b", "-a", "a-", "1a", "ä"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, identifier string) {
		if checkIdentifier("x", identifier, 63) != nil {
			return
		}
		for _, letter := range identifier {
			if letter > 'z' {
				t.Errorf("%q was accepted", identifier)
			}
		}
	})
}
