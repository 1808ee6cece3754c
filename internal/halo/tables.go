package halo

import (
	"crypto/sha256"
	"embed"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"io/fs"
	"math"
	"strconv"
	"strings"
	"sync"
)

//go:embed data/*.csv
var dataFiles embed.FS

// hashedFiles are the tables in the order of the data hash.
var hashedFiles = [...]string{
	"base_mortality", "factors", "family_history", "prevalence", "attenuation", "out_of_pocket", "care_costs_by_state",
}

// lastAge ends the life table: nobody survives the year that starts at it.
const lastAge = 119

// tableAges is how many ages the life table has.
const tableAges = lastAge - minAge + 1

// The sexes, as indices and as the choices of question sex.
const (
	male = iota
	female
	sexes
)

// ageBands is how many bands of age the prevalences have.
const ageBands = 4

// byBand holds a share of the population for each age band.
type byBand [ageBands]float64

// tables are the embedded tables, checked and indexed. They are built once and
// never changed.
type tables struct {
	sha256 string
	// mortality and improvement by sex and age from minAge.
	mortality, improvement [sexes][tableAges]float64
	// weight by attenuation name: what multiplies ln HR, by age from minAge.
	weight map[string]*[tableAges]float64
	// factors by name, with their levels in the order of the questionnaire.
	factors map[string]*factorTable
	// conditions are the shares with diabetes, heart disease and stroke.
	conditions [3][sexes]byBand
	survivor   [sexes]byBand // share of cancer survivors
	family     [familyRows]familyRow
	bands      [7]costRow
	states     []stateRow
	country    int // index of the whole country in states
}

// factorTable holds what factors.csv and prevalence.csv say of one factor.
type factorTable struct {
	hazard, odds [sexes][]float64            // by level
	share        [sexes][]byBand             // by level; zero where prevalences are derived
	power        [sexes][][tableAges]float64 // hazard^weight by level and age from minAge
}

// familyRow is a disease in the family: the relative hazard and odds of those
// who answer yes, and how many of the population would.
type familyRow struct {
	applies      [sexes]bool
	hazard, odds float64
	share        byBand
	power        [tableAges]float64 // hazard^weight by age from minAge
}

// familyRows are four diseases and ten cancers, in the order of the questions.
const familyDiseases, cancers, familyRows = 4, 10, 14

// costRow is one row of out_of_pocket.csv, in 2026 dollars a year.
type costRow struct {
	name             string
	from, to         int // attained age, both included
	premium, service float64
}

// stateRow is one row of care_costs_by_state.csv, in 2025 dollars a year: home
// care, adult day, assisted living, nursing home shared and private room.
type stateRow struct {
	code, name string
	price      [5]float64
}

// loadedTables reads the embedded tables at first use. They are part of the
// program and every test reads them, so a fault in them is a fault in the
// program: it panics.
var loadedTables = sync.OnceValue(func() *tables {
	t, err := readTables(dataFiles)
	if err != nil {
		panic(fmt.Sprintf("halo: embedded tables: %v", err))
	}
	return t
})

// DataSHA256 is the SHA-256 of the embedded tables, in lower-case hex.
func DataSHA256() string { return loadedTables().sha256 }

// readTables reads all tables from data/*.csv.
func readTables(files fs.FS) (*tables, error) {
	t := &tables{weight: map[string]*[tableAges]float64{}, factors: map[string]*factorTable{}}
	hash := sha256.New()
	steps := map[string]func([]row) error{
		"base_mortality": t.readMortality, "factors": t.readFactors, "family_history": t.readFamily,
		"prevalence": t.readPrevalence, "attenuation": t.readAttenuation, "out_of_pocket": t.readOutOfPocket,
		"care_costs_by_state": t.readStates,
	}
	for _, name := range hashedFiles {
		content, err := fs.ReadFile(files, "data/"+name+".csv")
		if err != nil {
			return nil, fmt.Errorf("reading the table %s: %w", name, err)
		}
		hash.Write(content)
		rows, err := readRows(string(content))
		if err == nil {
			err = steps[name](rows)
		}
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", name, err)
		}
	}
	t.raiseHazards()
	t.sha256 = hex.EncodeToString(hash.Sum(nil))
	return t, nil
}

// row is one line of a table by column.
type row map[string]string

// readRows reads a table whose first line that is no comment is its header.
func readRows(content string) ([]row, error) {
	r := csv.NewReader(strings.NewReader(content))
	r.Comment = '#'
	lines, err := r.ReadAll()
	if err != nil {
		return nil, err
	}
	if len(lines) < 2 {
		return nil, fmt.Errorf("it has no rows")
	}
	rows := make([]row, 0, len(lines)-1)
	for _, line := range lines[1:] {
		cells := make(row, len(line))
		for i, name := range lines[0] {
			cells[name] = line[i]
		}
		rows = append(rows, cells)
	}
	return rows, nil
}

// numbers reads the named columns.
func (r row) numbers(columns ...string) ([]float64, error) {
	values := make([]float64, len(columns))
	for i, column := range columns {
		v, err := strconv.ParseFloat(r[column], 64)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", column, err)
		}
		values[i] = v
	}
	return values, nil
}

// applies says for which sexes a row is; "any" stands for both.
func (r row) applies() [sexes]bool {
	return [sexes]bool{male: r["sex"] != "female", female: r["sex"] != "male"}
}

// raiseHazards computes hazard^weight for every level and age, the costly part
// of every cohort.
func (t *tables) raiseHazards() {
	for name, f := range t.factors {
		weight := t.weight[name]
		if name == "long_lived_relatives" {
			weight = t.weight["family"]
		}
		for sex := range sexes {
			f.power[sex] = make([][tableAges]float64, len(f.hazard[sex]))
			for level, hazard := range f.hazard[sex] {
				raise(&f.power[sex][level], hazard, weight)
			}
		}
	}
	for i := range t.family {
		raise(&t.family[i].power, t.family[i].hazard, t.weight["family"])
	}
}

// raise sets power to hazard^weight at every age.
func raise(power *[tableAges]float64, hazard float64, weight *[tableAges]float64) {
	log := math.Log(hazard)
	for i, w := range weight {
		power[i] = math.Exp(w * log)
	}
}
