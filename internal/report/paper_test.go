package report

import (
	"bytes"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// paper reads a PDF back with poppler, a program that knows nothing of how it was made.
type paper struct{ path string }

func onPaper(t testing.TB, pdf []byte) paper {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.pdf")
	if err := os.WriteFile(path, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	return paper{path}
}

func (p paper) run(t testing.TB, program string, arguments ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	command := exec.Command(program, arguments...)
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil || stderr.Len() > 0 {
		t.Fatalf("%s (package poppler-utils): %v: %s", program, err, stderr.String())
	}
	return stdout.String()
}

// pages is the text of each page in reading order, white space as single blanks.
func (p paper) pages(t testing.TB) []string {
	t.Helper()
	text := p.run(t, "pdftotext", "-layout", "-enc", "UTF-8", p.path, "-")
	pages := strings.Split(strings.TrimSuffix(text, "\f"), "\f")
	for i := range pages {
		pages[i] = strings.Join(strings.Fields(pages[i]), " ")
	}
	return pages
}

// info is what the file says of itself.
func (p paper) info(t testing.TB) map[string]string {
	t.Helper()
	found := map[string]string{}
	for line := range strings.Lines(p.run(t, "pdfinfo", p.path)) {
		if key, value, ok := strings.Cut(line, ":"); ok {
			found[key] = strings.TrimSpace(value)
		}
	}
	return found
}

type word struct {
	XMin float64 `xml:"xMin,attr"`
	YMin float64 `xml:"yMin,attr"`
	XMax float64 `xml:"xMax,attr"`
	YMax float64 `xml:"yMax,attr"`
	Text string  `xml:",chardata"`
}

var controlCharacters = regexp.MustCompile(`[\x00-\x08\x0b\x0c\x0e-\x1f]`)

// words gives the place of every word, page by page.
func (p paper) words(t testing.TB) [][]word {
	t.Helper()
	text := controlCharacters.ReplaceAllString(p.run(t, "pdftotext", "-bbox", p.path, "-"), "")
	var document struct {
		Pages []struct {
			Words []word `xml:"word"`
		} `xml:"body>doc>page"`
	}
	if err := xml.Unmarshal([]byte(text), &document); err != nil {
		t.Fatalf("reading the places of words: %v", err)
	}
	var pages [][]word
	for _, page := range document.Pages {
		pages = append(pages, page.Words)
	}
	return pages
}
