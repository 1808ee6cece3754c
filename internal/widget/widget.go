// Package widget holds the questionnaire widget: the script that an advisor's page loads.
//
// Its TypeScript is in src; go generate bundles it into dist, which is committed and embedded, so that building
// halo-server needs no generator. docs/widget.md tells page authors how to use it.
package widget

import (
	"crypto/sha256"
	"crypto/sha512"
	_ "embed" // for the bundle
	"encoding/base64"
	"encoding/hex"
	"slices"
)

//go:generate go run ./bundle/generate src dist/widget.js

//go:embed dist/widget.js
var script []byte

// Script returns the script that is served as /widget.js: UTF-8, minified, a copy of the caller's own.
func Script() []byte {
	return slices.Clone(script)
}

// Hash returns 16 hexadecimal digits of the script's SHA-256: enough for an ETag or a versioned address.
func Hash() string {
	sum := sha256.Sum256(script)
	return hex.EncodeToString(sum[:8])
}

// Integrity returns the value of a script tag's integrity attribute, by which a page pins exactly this script
// (Subresource Integrity: "sha384-" and base64).
func Integrity() string {
	sum := sha512.Sum384(script)
	return "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
}
