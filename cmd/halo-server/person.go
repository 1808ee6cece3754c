package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"halo.dev/halo/internal/audit"
	"halo.dev/halo/internal/delivery"
	"halo.dev/halo/internal/dossier"
	"halo.dev/halo/internal/erasures"
	"halo.dev/halo/internal/personal"
	"halo.dev/halo/internal/report"
	"halo.dev/halo/internal/sealing"
	"halo.dev/halo/internal/server/config"
	"halo.dev/halo/internal/server/reload"
	"halo.dev/halo/internal/store"
)

// personFlags are those of the commands on a person. The address is never
// among them: what is on a command line is in the process list, in the shell's
// history and in the cluster's audit log.
type personFlags struct {
	config, keys, format string
	number               int64
	wait                 time.Duration
	database             store.Config
}

func parsePersonFlags(command string, args []string, std streams) (f personFlags, err error) {
	flags := flag.NewFlagSet("halo-server "+command, flag.ContinueOnError)
	flags.SetOutput(std.err)
	flags.StringVar(&f.config, "config", "/etc/halo/config/config.yaml", "the `file` that has advisors and brand")
	flags.StringVar(&f.keys, "sealing-keys-dir", "/etc/halo/sealing-keys", "the `folder` of the keys that seal personal data")
	consoleDatabaseFlags(flags, &f.database)
	flags.Int64Var(&f.number, "number", 0, "only the assessment of this `number`")
	if command == "export" {
		flags.StringVar(&f.format, "format", "json", "json, which has everything, or pdf, the report on one assessment")
	} else {
		flags.DurationVar(&f.wait, "wait", time.Minute, "how long to wait until the erasure is noted outside of the database; 0 does not wait")
	}
	if err := flags.Parse(args); err != nil {
		return f, err
	}
	switch {
	case flags.NArg() > 0:
		return f, errors.New("unexpected argument; the e-mail address is read from standard input")
	case f.database.Host == "":
		return f, errors.New("the flag --database-host is missing")
	case command == "export" && f.format != "json" && f.format != "pdf":
		return f, errors.New("the flag --format is neither json nor pdf")
	}
	return f, nil
}

// readAddress reads an e-mail address from the first line of standard input.
func readAddress(std streams) (personal.Text, error) {
	fmt.Fprint(std.err, "E-mail address: ")
	if std.in == nil {
		return personal.Text{}, errors.New("standard input has no e-mail address")
	}
	line, err := bufio.NewReader(io.LimitReader(std.in, 1000)).ReadString('\n')
	address := strings.TrimSpace(line)
	if err != nil && !errors.Is(err, io.EOF) || !strings.Contains(address, "@") {
		return personal.Text{}, errors.New("the first line of standard input is not an e-mail address")
	}
	return personal.New(address), nil
}

// people are the parts that the commands on a person work with.
type people struct {
	settings config.Config
	persons  *store.Store
	staff    *store.Console
}

func (f personFlags) open(ctx context.Context) (p people, err error) {
	text, err := os.ReadFile(f.config)
	if err != nil {
		return p, fmt.Errorf("reading the configuration: %w", err)
	}
	if p.settings, err = config.Parse(text); err != nil {
		return p, err
	}
	ring, err := reload.Open(reload.Options{Source: "sealing-keys", Dir: f.keys}, func(files reload.Files) (sealing.Ring, error) {
		return sealing.ParseRing(files)
	})
	if err != nil {
		return p, err
	}
	f.database.Sealing = ring.Get
	if p.persons, err = store.Open(ctx, f.database); err != nil {
		return p, err
	}
	if p.staff, err = store.OpenConsole(ctx, f.database); err != nil {
		return p, errors.Join(err, p.persons.Close())
	}
	return p, nil
}

func (p people) close() error { return errors.Join(p.staff.Close(), p.persons.Close()) }

// find finds the persons of an address, and notes in the staff's log that it
// was looked for, before anything of them is told.
func (p people) find(ctx context.Context, address personal.Text, number int64) ([]store.Person, error) {
	found, err := p.persons.PersonsOf(ctx, address)
	if err != nil {
		return nil, err
	}
	if err := p.record(ctx, audit.PersonSearched, int64(len(found)), "found"); err != nil {
		return nil, err
	}
	var wanted []store.Person
	for _, one := range found {
		if number == 0 || one.ID == number {
			wanted = append(wanted, one)
		}
	}
	if len(wanted) == 0 {
		return nil, errors.New("nobody of this address, and number where one is given, is kept")
	}
	return wanted, nil
}

func (p people) record(ctx context.Context, action audit.Action, subject int64, detail string) error {
	return p.staff.Record(ctx, audit.Entry{At: time.Now(), Actor: audit.CommandLine, Action: action, Subject: subject, Detail: detail})
}

// runPerson runs a command on the person whose address is on standard input.
func runPerson(ctx context.Context, command string, args []string, std streams, act func(ctx context.Context, f personFlags, p people, found []store.Person) error) int {
	f, err := parsePersonFlags(command, args, std)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(std.err, "halo-server %s: %v\n", command, err)
		return exitMisused
	}
	if err := f.run(ctx, std, act); err != nil {
		fmt.Fprintf(std.err, "halo-server %s: %v\n", command, err)
		return exitFailed
	}
	return exitOK
}

func (f personFlags) run(ctx context.Context, std streams, act func(ctx context.Context, f personFlags, p people, found []store.Person) error) (err error) {
	p, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	address, err := readAddress(std)
	if err != nil {
		return err
	}
	found, err := p.find(ctx, address, f.number)
	if err != nil {
		return err
	}
	return act(ctx, f, p, found)
}

// runExport writes everything that is kept on a person to standard output.
func runExport(ctx context.Context, args []string, std streams) int {
	return runPerson(ctx, "export", args, std, func(ctx context.Context, f personFlags, p people, found []store.Person) error {
		if f.format == "pdf" && len(found) > 1 {
			return fmt.Errorf("there are %d assessments, of the numbers %s; choose one by --number", len(found), numbersOf(found))
		}
		var all []dossier.Dossier
		for _, one := range found {
			held, document, err := p.held(ctx, one.ID, f.format)
			if err != nil {
				return err
			}
			if f.format == "pdf" {
				return drawReport(std.out, document)
			}
			all = append(all, dossier.Of(held, document))
		}
		text, err := dossier.JSON(all)
		if err != nil {
			return err
		}
		if _, err := std.out.Write(text); err != nil {
			return fmt.Errorf("writing: %w", err)
		}
		return nil
	})
}

// held reads what is kept, and notes that it leaves the database.
func (p people) held(ctx context.Context, id int64, format string) (held store.Held, document report.Document, err error) {
	if held, err = p.staff.Held(ctx, id); err != nil {
		return held, document, err
	}
	advisor, _ := p.settings.Advisor(held.Advisor)
	if document, err = delivery.Document(held.Delivery, advisor.Name, p.settings.Brand); err != nil {
		return held, document, err
	}
	return held, document, p.record(ctx, audit.PersonExported, id, format)
}

func drawReport(to io.Writer, document report.Document) error {
	var pdf bytes.Buffer // written whole or not at all
	if err := report.New().Render(&pdf, document); err != nil {
		return err
	}
	if _, err := pdf.WriteTo(to); err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	return nil
}

func numbersOf(found []store.Person) string {
	numbers := make([]string, 0, len(found))
	for _, one := range found {
		numbers = append(numbers, strconv.FormatInt(one.ID, 10))
	}
	return strings.Join(numbers, ", ")
}

// runErase removes a person for good, and waits until no copy brings them back.
func runErase(ctx context.Context, args []string, std streams) int {
	return runPerson(ctx, "erase", args, std, func(ctx context.Context, f personFlags, p people, found []store.Person) error {
		ids := make([]int64, 0, len(found))
		for _, one := range found {
			if err := p.record(ctx, audit.PersonErased, one.ID, ""); err != nil {
				return err
			}
			ids = append(ids, one.ID)
		}
		erased, err := p.persons.Erase(ctx, ids...)
		if err != nil {
			return err
		}
		fmt.Fprintf(std.out, "erased %d, of the numbers %s\n", erased, numbersOf(found))
		return p.waitUntilNoted(ctx, ids, f.wait, std)
	})
}

// errUnnoted tells that a copy could still bring a person back.
var errUnnoted = errors.New("erased here, but not noted outside of the database yet: a copy that is restored now could bring the person back; does the operator run?")

// waitUntilNoted returns when the operator has noted the numbers.
func (p people) waitUntilNoted(ctx context.Context, ids []int64, wait time.Duration, std streams) error {
	if wait <= 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for {
		unnoted, err := p.persons.Unnoted(ctx, erasures.AtOnce)
		if err == nil && allNoted(unnoted, ids) {
			fmt.Fprintln(std.out, "noted outside of the database: no copy brings the person back")
			return nil
		}
		select {
		case <-ctx.Done():
			return errUnnoted
		case <-time.After(time.Second):
		}
	}
}

// allNoted says whether none of the numbers is among those that are not noted. A full list may have left them out.
func allNoted(unnoted, ids []int64) bool {
	return len(unnoted) < erasures.AtOnce && !slices.ContainsFunc(ids, func(id int64) bool { return slices.Contains(unnoted, id) })
}
