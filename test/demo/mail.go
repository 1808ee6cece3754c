package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"

	"halo.dev/halo/test/platform"
)

// mail lists what has arrived and saves each report beside it.
func mail(p *platform.Platform, out io.Writer) error {
	host, err := p.Mail()
	if err != nil {
		return err
	}
	messages, err := host.Messages()
	if err != nil {
		return err
	}
	if len(messages) == 0 {
		fmt.Fprintln(out, "No mail has arrived yet: answer the questionnaire at", pageURL)
		return nil
	}
	folder := p.Path("reports")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("creating the folder for reports: %w", err)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TO\tSUBJECT\tREPORT")
	for i, message := range messages {
		saved := "-"
		for _, attachment := range message.Attachments {
			// The name is ours: one from a message could point anywhere.
			saved = filepath.Join(folder, fmt.Sprintf("report-%d.pdf", i+1))
			if err := os.WriteFile(saved, attachment.Content, 0o600); err != nil {
				return fmt.Errorf("saving a report: %w", err)
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", message.Recipient, message.Subject, saved)
	}
	return w.Flush()
}
