// Package analytics turns assessments into figures that identify nobody: the
// number of people in a cell of broad answers, and rounded means of what the
// model says of them. Small cells are merged into broader ones, and what stays
// small is left out (ADR 0085). It is pure, and knows no names and no numbers.
package analytics

import (
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"slices"
)

// DefaultLeast is how many people a cell has at least; LowestLeast is the
// lowest that may be asked for.
const (
	DefaultLeast = 10
	LowestLeast  = 5
)

// What stands for an answer that a cell's people do not share, because it was
// merged out of smaller ones, and for one that they did not give.
const (
	Merged   = "merged"
	NoAnswer = "no answer"
)

// Rounding of what is published, so that two exports do not tell whom the
// second has more.
const (
	peopleStep = 5
	yearsStep  = 1
	costStep   = 5000
)

// Row is a cell of people with the same broad answers.
type Row struct {
	AgeBand  string `json:"age_band" parquet:"age_band"`
	Sex      string `json:"sex" parquet:"sex"`
	Smoking  string `json:"smoking" parquet:"smoking"`
	Activity string `json:"activity" parquet:"activity"`
	// People is rounded down to a multiple of 5.
	People int64 `json:"people" parquet:"people"`
	// The means are in whole years, and dollars to the nearest 5,000, at the
	// prices of each assessment's own year.
	MeanLifeExpectancyAge int64 `json:"mean_life_expectancy_age" parquet:"mean_life_expectancy_age"`
	MeanAssistedYears     int64 `json:"mean_assisted_years" parquet:"mean_assisted_years"`
	MeanCareCost          int64 `json:"mean_care_cost" parquet:"mean_care_cost"`
	MeanOutOfPocket       int64 `json:"mean_out_of_pocket" parquet:"mean_out_of_pocket"`
}

// key is what the people of a cell have in common.
type key struct{ age, sex, smoking, activity string }

// broader are the cells that a cell is merged into while it is too small, in
// turn.
func broader(k key) []key {
	return []key{
		{k.age, k.sex, k.smoking, Merged}, {k.age, k.sex, Merged, Merged}, {k.age, Merged, Merged, Merged},
		{Merged, Merged, Merged, Merged},
	}
}

// sums are those of a cell's people.
type sums struct {
	people                       int64
	life, assisted, care, pocket float64
}

func (s *sums) add(other sums) {
	s.people += other.people
	s.life, s.assisted, s.care, s.pocket = s.life+other.life, s.assisted+other.assisted, s.care+other.care, s.pocket+other.pocket
}

// Table gathers assessments. Its size is bounded by the number of cells,
// however many assessments there are.
type Table struct {
	least int64
	cells map[key]sums
}

// New makes a table whose cells have at least so many people.
func New(least int) (*Table, error) {
	if least < LowestLeast {
		return nil, errors.New("a cell must have at least 5 people: fewer are known to each other")
	}
	return &Table{least: int64(least), cells: map[key]sums{}}, nil
}

// answers and outcome are what is read of an assessment, and no more.
type answers struct {
	Age      int    `json:"age"`
	Sex      string `json:"sex"`
	Smoking  string `json:"smoking"`
	Activity string `json:"activity"`
}

type outcome struct {
	Status    string
	Longevity struct {
		Age float64 `json:"life_expectancy_age"`
	}
	Healthspan struct {
		Assisted float64 `json:"assisted_years"`
	}
	Care struct {
		Cost float64 `json:"expected_total_today"`
	}
	OutOfPocket struct {
		Cost float64 `json:"lifetime_today"`
	} `json:"out_of_pocket"`
}

// Add counts an assessment: its answers and its result. One to which the model
// does not apply is left out, because a serious illness is no figure.
func (t *Table) Add(input, result []byte) error {
	var given answers
	var told outcome
	if json.Unmarshal(input, &given) != nil || json.Unmarshal(result, &told) != nil {
		return errors.New("counting an assessment: it is not what an assessment looks like")
	}
	if told.Status != "ok" {
		return nil
	}
	k := key{age: ageBand(given.Age), sex: known(given.Sex), smoking: known(given.Smoking), activity: known(given.Activity)}
	cell := t.cells[k]
	cell.add(sums{people: 1, life: told.Longevity.Age, assisted: told.Healthspan.Assisted, care: told.Care.Cost, pocket: told.OutOfPocket.Cost})
	t.cells[k] = cell
	return nil
}

// ageBand is ten years wide, and open at both ends.
func ageBand(age int) string {
	switch {
	case age < 40:
		return "under 40"
	case age >= 80:
		return "80 and over"
	}
	low := age / 10 * 10
	return string(rune('0'+low/10)) + "0-" + string(rune('0'+low/10)) + "9"
}

// known is an answer of the questionnaire: small letters, digits and underscores.
// Anything else could be a text of somebody's own.
func known(answer string) string {
	if answer == "" || len(answer) > 40 {
		return NoAnswer
	}
	for _, letter := range answer {
		if (letter < 'a' || letter > 'z') && (letter < '0' || letter > '9') && letter != '_' {
			return NoAnswer
		}
	}
	return answer
}

// Rows are the cells that have enough people, in a fixed order; what is left
// over is how many people are in none.
func (t *Table) Rows() (rows []Row, leftOver int64) {
	cells := t.cells
	for level := range broader(key{}) {
		small := map[key]sums{}
		for _, k := range sorted(cells) {
			cell := cells[k]
			if cell.people >= t.least {
				rows = append(rows, rowOf(k, cell))
				continue
			}
			wider := broader(k)[level]
			merged := small[wider]
			merged.add(cell)
			small[wider] = merged
		}
		cells = small
	}
	for k, cell := range cells {
		if cell.people >= t.least {
			rows = append(rows, rowOf(k, cell))
		} else {
			leftOver += cell.people
		}
	}
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.AgeBand, b.AgeBand), cmp.Compare(a.Sex, b.Sex), cmp.Compare(a.Smoking, b.Smoking), cmp.Compare(a.Activity, b.Activity),
			cmp.Compare(a.People, b.People), cmp.Compare(a.MeanCareCost, b.MeanCareCost))
	})
	return rows, leftOver
}

// sorted are the cells in one order: in another, sums of fractions differ.
func sorted(cells map[key]sums) []key {
	return slices.SortedFunc(maps.Keys(cells), func(a, b key) int {
		return cmp.Or(cmp.Compare(a.age, b.age), cmp.Compare(a.sex, b.sex), cmp.Compare(a.smoking, b.smoking), cmp.Compare(a.activity, b.activity))
	})
}

func rowOf(k key, cell sums) Row {
	people := float64(cell.people)
	return Row{
		AgeBand: k.age, Sex: k.sex, Smoking: k.smoking, Activity: k.activity, People: cell.people / peopleStep * peopleStep,
		MeanLifeExpectancyAge: round(cell.life/people, yearsStep), MeanAssistedYears: round(cell.assisted/people, yearsStep),
		MeanCareCost: round(cell.care/people, costStep), MeanOutOfPocket: round(cell.pocket/people, costStep),
	}
}

func round(value, step float64) int64 { return int64(math.Round(value/step) * step) }
