package server

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"halo.dev/halo/internal/widget"
)

// scripts serve the widget in its versions. They are public: any page may load
// one, and only what it then asks of the API is bound to an origin.
type scripts struct {
	current script
	byFile  map[string]script // by the file's name in /widget/
}

func newScripts(current widget.Version, released []widget.Version) (scripts, error) {
	all := scripts{byFile: map[string]script{}}
	for _, version := range append([]widget.Version{current}, released...) {
		one, err := newScript(version.Text, version.Hash)
		if err != nil {
			return scripts{}, err
		}
		all.byFile[version.Hash+".js"] = one
	}
	all.current = all.byFile[current.Hash+".js"]
	return all, nil
}

// script is one version of the widget.
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
func (s scripts) newest() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.current.serve(w, r, "public, max-age=300")
	})
}

// versioned serves /widget/<hash>.js, which never changes: a page can pin it.
func (s scripts) versioned() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one, ok := s.byFile[r.PathValue("file")]
		if !ok {
			writeProblem(w, problem{Status: http.StatusNotFound, Detail: "This version of the widget is not served here. /widget.js is the newest."})
			return
		}
		one.serve(w, r, "public, max-age=31536000, immutable")
	})
}

// describe serves /widget.json: how a page pins the script of today.
func (a *api) describe(current widget.Version) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		header := w.Header()
		header.Set("Cross-Origin-Resource-Policy", "cross-origin")
		header.Set("Access-Control-Allow-Origin", "*")
		writeJSON(w, http.StatusOK, "application/json", struct {
			URL       string `json:"url"`
			Integrity string `json:"integrity"`
		}{"https://" + a.Config().Hostname + "/widget/" + current.Hash + ".js", current.Integrity})
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
