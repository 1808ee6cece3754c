package server

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// script serves the widget. It is public: any page may load it, and only what
// it then asks of the API is bound to an origin.
type script struct {
	plain, compressed []byte
	hash              string
}

func newScript(text []byte, hash string) (script, error) {
	var compressed bytes.Buffer
	writer, err := gzip.NewWriterLevel(&compressed, gzip.BestCompression)
	if err != nil {
		return script{}, fmt.Errorf("compressing the widget: %w", err)
	}
	if _, err := writer.Write(text); err != nil {
		return script{}, fmt.Errorf("compressing the widget: %w", err)
	}
	if err := writer.Close(); err != nil {
		return script{}, fmt.Errorf("compressing the widget: %w", err)
	}
	return script{plain: text, compressed: compressed.Bytes(), hash: hash}, nil
}

// newest serves /widget.js, which changes with a new version of the server.
func (s script) newest() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.serve(w, r, "public, max-age=300")
	})
}

// versioned serves /widget/<hash>.js, which never changes: a page can pin it.
func (s script) versioned() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("file") != s.hash+".js" {
			writeProblem(w, problem{Status: http.StatusNotFound, Detail: "This version of the widget is not served here. /widget.js is the newest."})
			return
		}
		s.serve(w, r, "public, max-age=31536000, immutable")
	})
}

func (s script) serve(w http.ResponseWriter, r *http.Request, cache string) {
	header := w.Header()
	header.Set("Content-Type", "text/javascript; charset=utf-8")
	header.Set("Cache-Control", cache)
	header.Set("Cross-Origin-Resource-Policy", "cross-origin")
	// Any page may read it, which an integrity attribute needs.
	header.Set("Access-Control-Allow-Origin", "*")
	header.Set("Vary", "Accept-Encoding")
	body, tag := s.plain, `"`+s.hash+`"`
	if acceptsGzip(r.Header.Get("Accept-Encoding")) {
		body, tag = s.compressed, `"`+s.hash+`-gzip"`
		header.Set("Content-Encoding", "gzip")
	}
	header.Set("ETag", tag)
	if matches(r.Header.Get("If-None-Match"), tag) {
		header.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

// acceptsGzip reads an Accept-Encoding header (RFC 9110 section 12.5.3).
func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		coding, quality, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			continue
		}
		value, weighted := strings.CutPrefix(strings.ToLower(strings.TrimSpace(quality)), "q=")
		weight, err := strconv.ParseFloat(value, 64)
		return !weighted || (err == nil && weight > 0)
	}
	return false
}

// matches compares an If-None-Match header with a tag, weakly (RFC 9110
// section 13.1.2).
func matches(header, tag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		part = strings.TrimSpace(part)
		if part == "*" || strings.TrimPrefix(part, "W/") == tag {
			return true
		}
	}
	return false
}
