package personal

import (
	"bytes"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

const secret = "Marked Name"

// holder has what fmt reaches in different ways: fields that are exported and
// not, a pointer, lists and maps.
type holder struct {
	Public  Text
	private Text
	Pointer *Text
	List    []Text
	Map     map[string]Text
	Any     any
}

func held() holder {
	text := New(secret)
	return holder{
		Public: text, private: text, Pointer: &text, List: []Text{text}, Map: map[string]Text{"name": text}, Any: text,
	}
}

func TestNoVerbPrintsTheText(t *testing.T) {
	text := New(secret)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10.3s", "%c", "%U", "%t", "%e", "%p", "%!", "%b"} {
		for name, value := range map[string]any{
			"the text": text, "a pointer to it": &text, "a struct": held(), "a pointer to a struct": ptr(held()),
			"a list": []Text{text}, "a map": map[string]Text{"a": text}, "a list of any": []any{text},
			"an error's argument": fmt.Errorf("about "+verb, text),
		} {
			printed := fmt.Sprintf(verb, value)
			for _, mark := range []string{"Marked", "Name", "4d61726b6564", "4D61726B6564"} {
				if strings.Contains(printed, mark) {
					t.Errorf("%s of %s prints %s", verb, name, printed)
				}
			}
		}
	}
	if printed := fmt.Sprint(text, &text); printed != "[personal] [personal]" {
		t.Errorf("it prints as %s", printed)
	}
	if printed := text.String() + text.GoString(); printed != "[personal][personal]" {
		t.Errorf("it is %s", printed)
	}
}

func ptr[T any](value T) *T { return &value }

func TestNoEncoderAndNoLogShowsTheText(t *testing.T) {
	var output bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&output, nil), slog.NewTextHandler(&output, nil)} {
		slog.New(handler).Info("line", "text", New(secret), "holder", held(), "pointer", ptr(New(secret)), slog.Any("any", []Text{New(secret)}))
	}
	encoded, err := json.Marshal(held())
	if err != nil {
		t.Fatal(err)
	}
	output.Write(encoded)
	if encoded, err = xml.Marshal(New(secret)); err != nil {
		t.Fatal(err)
	}
	output.Write(encoded)
	encoded, err = json.Marshal(map[string]any{"name": New(secret)})
	if err != nil || string(encoded) != `{"name":"[personal]"}` {
		t.Errorf("as JSON: %s, error %v", encoded, err)
	}
	if strings.Contains(output.String(), "Marked") || strings.Count(output.String(), Redacted) < 8 {
		t.Errorf("it was shown: %s", &output)
	}
}

func TestRevealReturnsTheTextByteForByte(t *testing.T) {
	for _, text := range []string{"", "Zoë", "a\x00b", "\xff"} {
		if got := New(text).Reveal(); got != text {
			t.Errorf("%q came back as %q", text, got)
		}
	}
	var zero Text
	if zero.Reveal() != "" || !zero.Empty() || New("x").Empty() || !New("").Equal(zero) || New("a").Equal(New("b")) || !New("a").Equal(New("a")) {
		t.Error("the empty text, or equality, is wrong")
	}
}

func TestJSONIsReadAndItsErrorsTellNothing(t *testing.T) {
	var person struct{ First, Last Text }
	if err := json.Unmarshal([]byte(`{"First": "Zo\u00eb", "Last": null}`), &person); err != nil || person.First.Reveal() != "Zoë" || !person.Last.Empty() {
		t.Errorf("read %q and %q, error %v", person.First.Reveal(), person.Last.Reveal(), err)
	}
	for _, wrong := range []string{`{"First": 12345}`, `{"First": ["Marked"]}`, `{"First": {"Marked": 1}}`, `{"First": true}`} {
		err := json.Unmarshal([]byte(wrong), &person)
		if !errors.Is(err, ErrNotText) || strings.Contains(err.Error(), "Marked") || strings.Contains(err.Error(), "12345") {
			t.Errorf("%s gives %v", wrong, err)
		}
	}
	if person.First.Reveal() != "Zoë" {
		t.Error("an error changed the text")
	}
}

func FuzzJSONGivesTheSameTextAsAString(f *testing.F) {
	for _, seed := range []string{`"a"`, `null`, `1`, `""`, `"\ud800"`, `[]`, ` "a" `} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var text Text
		var plain string
		textErr, plainErr := json.Unmarshal(data, &text), json.Unmarshal(data, &plain)
		if (textErr == nil) != (plainErr == nil) || textErr == nil && text.Reveal() != plain {
			t.Errorf("%q: %v and %v", data, textErr, plainErr)
		}
	})
}

func TestTheDatabaseGetsAndGivesTheText(t *testing.T) {
	var scanner sql.Scanner = new(Text)
	for _, source := range []any{secret, []byte(secret)} {
		if err := scanner.Scan(source); err != nil || scanner.(*Text).Reveal() != secret {
			t.Errorf("%T: error %v", source, err)
		}
	}
	buffer := []byte("first")
	if err := scanner.Scan(buffer); err != nil {
		t.Fatal(err)
	}
	copy(buffer, "later")
	if scanner.(*Text).Reveal() != "first" {
		t.Error("the text shares the driver's buffer")
	}
	if err := scanner.Scan(nil); err != nil || !scanner.(*Text).Empty() {
		t.Errorf("NULL: error %v", err)
	}
	if err := scanner.Scan(7); !errors.Is(err, ErrNotText) {
		t.Errorf("a number: error %v", err)
	}
	var valuer driver.Valuer = New(secret)
	if value, err := valuer.Value(); err != nil || value != secret {
		t.Errorf("the database gets %v, error %v", value, err)
	}
}
