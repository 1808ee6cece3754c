package server

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"time"

	"halo.dev/halo/internal/halo"
)

// problem is the body of every answer that is not the one asked for (RFC 9457).
type problem struct {
	Type     string            `json:"type"`
	Title    string            `json:"title"`
	Status   int               `json:"status"`
	Detail   string            `json:"detail"`
	Instance string            `json:"instance,omitempty"`
	Errors   []halo.FieldError `json:"errors,omitempty"`
}

// writeProblem fills in type and title, which the status alone gives, and as
// the instance the id of the request: who reports a problem can quote it.
func writeProblem(w http.ResponseWriter, p problem) {
	p.Type, p.Title = "about:blank", http.StatusText(p.Status)
	if id := w.Header().Get(headerRequestID); id != "" {
		p.Instance = "urn:uuid:" + id
	}
	writeJSON(w, p.Status, "application/problem+json", p)
}

// writeLater is writeProblem for what may succeed after a while.
func writeLater(w http.ResponseWriter, p problem, after time.Duration) {
	seconds := max(int(math.Ceil(after.Seconds())), 1)
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	writeProblem(w, p)
}

// writeJSON writes a value that is known to be encodable. An error of the
// connection is the reader's loss and nobody else's.
func writeJSON(w http.ResponseWriter, status int, contentType string, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"type":"about:blank","title":"Internal Server Error","status":500,"detail":""}`)
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
