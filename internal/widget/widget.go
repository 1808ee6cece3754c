// Package widget holds the questionnaire widget: the script that an advisor's page loads.
//
// Its TypeScript is in src; go generate bundles it into dist, which is committed and embedded, so that building
// halo-server needs no generator. docs/widget.md tells page authors how to use it.
package widget

import (
	"crypto/sha256"
	"crypto/sha512"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"path"
	"slices"
)

//go:generate go run ./bundle/generate src dist/widget.js

// dist has the script of today and, in released, those of earlier releases.
//
//go:embed dist
var dist embed.FS

// Version is the widget as one release has it.
type Version struct {
	// Text is the script: UTF-8, minified.
	Text []byte
	// Hash is 16 hexadecimal digits of the text's SHA-256: enough for an ETag or a versioned address.
	Hash string
	// Integrity is the value of a script tag's integrity attribute, by which a page pins exactly this script
	// (Subresource Integrity: "sha384-" and base64).
	Integrity string
}

// NewVersion names a script by what is in it. The text must not be changed after.
func NewVersion(text []byte) Version {
	short, long := sha256.Sum256(text), sha512.Sum384(text)
	return Version{
		Text: text, Hash: hex.EncodeToString(short[:8]),
		Integrity: "sha384-" + base64.StdEncoding.EncodeToString(long[:]),
	}
}

// Newest is the widget that is served as /widget.js.
func Newest() Version { return read("dist/widget.js") }

// Released are the widgets of earlier releases: pages that pinned one go on loading it (ADR 0054).
func Released() []Version {
	files, err := dist.ReadDir("dist/released")
	if err != nil {
		return nil // no release yet
	}
	var versions []Version
	for _, file := range files {
		versions = append(versions, read(path.Join("dist/released", file.Name())))
	}
	return versions
}

// read returns a version of the embedded files, a copy of the caller's own.
func read(name string) Version {
	text, err := dist.ReadFile(name)
	if err != nil {
		return Version{} // only names that are embedded are asked for
	}
	return NewVersion(slices.Clone(text))
}
