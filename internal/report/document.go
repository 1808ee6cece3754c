package report

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"halo.dev/halo/internal/halo"
)

// ErrNoResult says that a result holds nothing to report, because answers were refused or it is empty.
var ErrNoResult = errors.New("the result has no report: its status is neither ok nor not_applicable")

// ErrNoDate says that a document has no date; a report without one could not be told from a later one.
var ErrNoDate = errors.New("the document has no date")

// Document is what a report is made of.
type Document struct {
	// Profile is the answers, Result what the model said about them.
	Profile halo.Profile
	Result  halo.Result
	Client  Person
	// Advisor is the name of who receives the report; empty leaves the line out.
	Advisor string
	Brand   Brand
	// Date is printed on the report and is the only time in the file.
	Date time.Time
}

// Person is the client. It prints as "[personal]" wherever a value is formatted or logged.
type Person struct{ First, Last, Email string }

// Format writes "[personal]" for every verb.
func (Person) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, redacted) }

// LogValue is "[personal]".
func (Person) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText gives "[personal]".
func (Person) MarshalText() ([]byte, error) { return []byte(redacted), nil }

const redacted = "[personal]"

// name is the full name, or words that say that there is none.
func (p Person) name() string {
	const longest = 300 // letters; the cover has room for fewer
	name := []rune(strings.Join(strings.Fields(p.First+" "+p.Last), " "))
	if len(name) == 0 {
		return "a client who gave no name"
	}
	return string(name[:min(len(name), longest)])
}

// Brand is how the tenant looks: its name, its colour as #rrggbb, and its logo, a PNG, JPEG or WebP picture as
// data:image/png;base64,…. A colour of another form counts as absent, and an absent colour is a dark blue; without a logo
// that can be read there is the name: a report is not lost for the sake of its looks.
type Brand struct{ Name, Color, Logo string }
