package console

import (
	"errors"
	"fmt"
	"strconv"

	"halo.dev/halo/internal/audit"
)

type logRow struct {
	audit.Entry
	// Who acted, and on what: an account's name, or a number.
	Who, About string
}

type logData struct {
	Rows []logRow
	// Before is where the next page begins; 0 at the log's beginning.
	Before int64
	// Verified is what a verification has found.
	Verified string
	Head     audit.Head
}

// entriesPerPage is how much of the log a page shows.
const entriesPerPage = 50

func (c *console) log(v *visit) error { return c.logWith(v, logData{}, "") }

func (c *console) logWith(v *visit, data logData, problem string) error {
	before, err := strconv.ParseInt(v.r.URL.Query().Get("before"), 10, 64)
	if err != nil || before < 0 {
		before = 0
	}
	entries, err := c.Store.Entries(v.r.Context(), before, entriesPerPage)
	if err != nil {
		return err
	}
	accounts, err := c.Store.Accounts(v.r.Context())
	if err != nil {
		return err
	}
	names := map[int64]string{audit.CommandLine: "–"}
	for _, one := range accounts {
		names[one.ID] = one.Name
	}
	for _, entry := range entries {
		who, known := names[entry.Actor]
		if !known {
			who = "unknown"
		}
		about, known := names[entry.Subject]
		if !known {
			about = strconv.FormatInt(entry.Subject, 10)
		}
		data.Rows = append(data.Rows, logRow{entry, who, about})
	}
	if len(entries) == entriesPerPage && entries[len(entries)-1].Number > 1 {
		data.Before = entries[len(entries)-1].Number
	}
	return c.render(v, "log", sheet{Title: "Log", Problem: problem, Data: data})
}

// verifyLog checks the whole log. What it found is noted in the log itself.
func (c *console) verifyLog(v *visit) error {
	if _, err := v.form(); err != nil {
		return err
	}
	head, err := c.Store.VerifyLog(v.r.Context())
	var fault audit.Fault
	switch {
	case errors.As(err, &fault):
		if err := c.record(v, audit.LogVerified, fault.Number, "fault"); err != nil {
			return err
		}
		return c.logWith(v, logData{}, "The log is not what was written: "+fault.Error()+".")
	case err != nil:
		return err
	}
	if err := c.record(v, audit.LogVerified, head.Number, "sound"); err != nil {
		return err
	}
	return c.logWith(v, logData{Head: head, Verified: fmt.Sprintf("All %d entries are as they were written.", head.Number)}, "")
}
