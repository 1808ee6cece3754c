// Package personal is the type of a personal datum: a name or an e-mail
// address of a visitor. Whatever prints, logs or encodes such a value sees
// "[personal]"; Reveal is the only way to the text, so that a search for its
// callers finds every place where the data leaves the program.
package personal

import (
	"bytes"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// Redacted is what a personal datum looks like wherever it is not revealed.
const Redacted = "[personal]"

// ErrNotText says that an input was not a text. It carries nothing of the
// input.
var ErrNotText = errors.New("a personal datum must be a text")

// Text is a personal datum. The zero value is the empty text.
//
// The text is held by a pointer because fmt cannot call the methods of a field
// that is unexported in somebody else's struct: it prints the field's parts,
// and of a pointer it prints no more than the address. For the same reason ==
// would compare addresses; it does not compile, and Equal compares texts.
type Text struct {
	_    [0]func()
	text *string
}

// New makes a personal datum of a text.
func New(text string) Text { return Text{text: &text} }

// Reveal returns the text itself. Call it only where the text must leave the
// program: towards the database, the relay or the report.
func (t Text) Reveal() string {
	if t.text == nil {
		return ""
	}
	return *t.text
}

// Empty says whether there is no text.
func (t Text) Empty() bool { return t.Reveal() == "" }

// Equal says whether both texts are the same, byte for byte.
func (t Text) Equal(other Text) bool { return t.Reveal() == other.Reveal() }

// String returns "[personal]".
func (Text) String() string { return Redacted }

// GoString returns "[personal]", for %#v.
func (Text) GoString() string { return Redacted }

// Format writes "[personal]" for every verb and flag.
func (Text) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, Redacted) }

// LogValue is "[personal]" in every structured log.
func (Text) LogValue() slog.Value { return slog.StringValue(Redacted) }

// MarshalJSON returns "[personal]" as a JSON text.
func (Text) MarshalJSON() ([]byte, error) { return []byte(`"` + Redacted + `"`), nil }

// MarshalText returns "[personal]".
func (Text) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// UnmarshalJSON reads a JSON text; null is the empty text. The error is
// ErrNotText.
func (t *Text) UnmarshalJSON(data []byte) error {
	if bytes.Equal(bytes.TrimSpace(data), []byte("null")) {
		*t = Text{}
		return nil
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return ErrNotText
	}
	*t = New(text)
	return nil
}

// Scan reads a column of text (sql.Scanner); NULL is the empty text. The error
// is ErrNotText.
func (t *Text) Scan(source any) error {
	switch text := source.(type) {
	case nil:
		*t = Text{}
	case string:
		*t = New(text)
	case []byte:
		*t = New(string(text))
	default:
		return ErrNotText
	}
	return nil
}

// Value gives the text to a database driver (driver.Valuer), and to nothing
// else: no encoder or printer asks for it.
func (t Text) Value() (driver.Value, error) { return t.Reveal(), nil }
