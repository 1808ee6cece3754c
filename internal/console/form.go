package console

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mostForm is the size of the largest form, in bytes.
const mostForm = 16 << 10

// form reads the fields of a form that was sent; each is there once or not at
// all, and there is no other. The error is errForm, errMediaType or errTooLarge.
func (v *visit) form(fields ...string) (map[string]string, error) {
	kind, _, err := mime.ParseMediaType(v.r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, errMediaType
	}
	body, err := io.ReadAll(http.MaxBytesReader(v.w, v.r.Body, mostForm))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return nil, errTooLarge
	}
	if err != nil {
		return nil, errForm
	}
	return parseForm(string(body), fields)
}

// parseForm reads a form's text. Fields that it does not have are empty.
func parseForm(text string, fields []string) (map[string]string, error) {
	values, err := url.ParseQuery(text)
	if err != nil {
		return nil, errForm
	}
	form := map[string]string{}
	for name, all := range values {
		if !slices.Contains(fields, name) || len(all) != 1 {
			return nil, errForm
		}
		if !utf8.ValidString(all[0]) || strings.ContainsFunc(all[0], unicode.IsControl) {
			return nil, errForm
		}
		form[name] = all[0]
	}
	return form, nil
}
