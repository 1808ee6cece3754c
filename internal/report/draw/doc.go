// Package draw puts text and vector shapes on US Letter pages.
//
// It knows fonts, colours and where ink goes; it knows nothing of what a report says. All lengths are points (1/72
// inch), measured from the upper left corner of the page, and a text's y is its baseline. Text from outside may hold
// anything: every string passes through Fonts.Printable before it is measured or drawn.
package draw
