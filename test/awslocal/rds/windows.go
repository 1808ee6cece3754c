package rds

import (
	"slices"
	"strings"
	"time"
)

const (
	defaultBackupWindow      = "05:10-05:40"
	defaultMaintenanceWindow = "sun:06:15-sun:06:45"
	minutesPerDay            = 24 * 60
	minutesPerWeek           = 7 * minutesPerDay
)

// span is a stretch of minutes; its length is more than zero and it may run over the end of the day or week.
type span struct{ start, length int }

// parseBackupWindow reads "hh:mm-hh:mm" as minutes of a day.
func parseBackupWindow(window string) (span, error) {
	return parseWindow(window, "backup", "hh24:mi-hh24:mi", minutesPerDay, parseClock)
}

// parseMaintenanceWindow reads "ddd:hh:mm-ddd:hh:mm" as minutes of a week that begins on Monday.
func parseMaintenanceWindow(window string) (span, error) {
	return parseWindow(window, "maintenance", "ddd:hh24:mi-ddd:hh24:mi", minutesPerWeek, parseDayAndClock)
}

func parseWindow(window, kind, shape string, period int, parse func(string) (int, bool)) (span, error) {
	invalid := refuse(InvalidParameterValue, "Invalid %s window format: %s. It must be %s and last at least 30 minutes.", kind, window, shape)
	from, to, found := strings.Cut(window, "-")
	start, startOK := parse(from)
	end, endOK := parse(to)
	if !found || !startOK || !endOK {
		return span{}, invalid
	}
	length := (end - start + period) % period
	if length < 30 || length > minutesPerDay {
		return span{}, invalid
	}
	return span{start: start, length: length}, nil
}

func parseClock(text string) (int, bool) {
	moment, err := time.Parse("15:04", text)
	return moment.Hour()*60 + moment.Minute(), err == nil && len(text) == len("00:00")
}

func parseDayAndClock(text string) (int, bool) {
	day, clock, found := strings.Cut(text, ":")
	number := slices.Index([]string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}, strings.ToLower(day))
	minutes, ok := parseClock(clock)
	return number*minutesPerDay + minutes, found && ok && number >= 0
}

// checkWindows refuses windows of a wrong shape and windows that overlap; an empty one is the default.
func checkWindows(backup, maintenance string) error {
	given := backup != "" && maintenance != ""
	if backup == "" {
		backup = defaultBackupWindow
	}
	if maintenance == "" {
		maintenance = defaultMaintenanceWindow
	}
	daily, err := parseBackupWindow(backup)
	if err != nil {
		return err
	}
	weekly, err := parseMaintenanceWindow(maintenance)
	if err != nil {
		return err
	}
	if given && overlap(daily, weekly) {
		return refuse(InvalidParameterCombination, "The backup window and maintenance window must not overlap.")
	}
	return nil
}

// overlap compares a daily window with a weekly one on every day of the week.
func overlap(daily, weekly span) bool {
	for day := -1; day <= 8; day++ {
		start := day*minutesPerDay + daily.start
		if start < weekly.start+weekly.length && weekly.start < start+daily.length {
			return true
		}
	}
	return false
}
