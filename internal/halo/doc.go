// Package halo is the open HALO model: a questionnaire goes in; longevity,
// healthspan, costs of care and tips come out.
//
// The package is pure. It reads no clock, no file and no network; its tables
// are embedded; every function may be called by many goroutines at once. The
// same profile gives the same result, bit for bit, for as long as ModelVersion
// stays the same: a change of a constant, of a table or of a formula is a new
// version.
//
// A profile comes from Parse, which checks an answer sheet against the
// questionnaire; Assess computes its result; BrowserView keeps the part that
// the visitor may see. ParseHousehold and Household do the same for two people.
//
// Ages and durations are in years, probabilities lie in 0..1, money is in US
// dollars. docs/model.md says where every constant comes from and how far it
// has been checked.
package halo

// ModelVersion names the constants, tables and formulas of this package. It is
// part of every result.
const ModelVersion = "open-halo-1.0.0"
