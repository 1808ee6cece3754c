// Package chart draws the report's charts: each function gets the box that the chart may fill and the numbers to show.
//
// Nothing is computed here but places on paper. Labels are texts that the caller has formatted, so that a chart and
// the table beside it cannot disagree.
package chart
