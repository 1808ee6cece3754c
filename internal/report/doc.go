// Package report turns a result of the model into the PDF that the advisor gets by mail.
//
// New unpacks the fonts once; Renderer.Render may then be called by many goroutines. Equal documents give equal bytes.
// The package computes nothing: every figure on a page is a field of the result, formatted; only the survival curve is
// asked of the model. Each page has a file of its own, page_*.go; figures.go says how numbers are written, sheet.go how
// text is set; package draw puts ink on paper, package chart draws charts, package topics holds the prevention texts.
//
// Names and addresses of a client go to the pages and nowhere else: not to the file's properties, not to errors.
package report
