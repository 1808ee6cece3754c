package halo

import (
	"fmt"
	"slices"
	"strconv"
)

func (t *tables) readMortality(rows []row) error {
	if len(rows) != tableAges {
		return fmt.Errorf("%d rows, want %d", len(rows), tableAges)
	}
	for i, r := range rows {
		if r["age"] != strconv.Itoa(minAge+i) {
			return fmt.Errorf("row %d is for age %s, want %d", i, r["age"], minAge+i)
		}
		v, err := r.numbers("male_q2024", "male_improve", "female_q2024", "female_improve")
		if err != nil {
			return err
		}
		t.mortality[male][i], t.improvement[male][i] = v[0], v[1]
		t.mortality[female][i], t.improvement[female][i] = v[2], v[3]
	}
	return nil
}

// factorLevels names the levels of each factor in the order of the choices of
// its question, which the files happen to share; reading checks it.
func factorLevels() map[string][]string {
	return map[string][]string{
		"smoking": {"never", "former_10plus", "former_3to9", "former_under3", "current"},
		"bmi": {"bmi_under_18.5", "bmi_18.5_20", "bmi_20_25", "bmi_25_27.5", "bmi_27.5_30", "bmi_30_35",
			"bmi_35_40", "bmi_40_plus"},
		"activity":             {"none", "some", "meets", "high"},
		"diet":                 {"low", "medium", "high"},
		"alcohol":              {"none", "light", "moderate", "heavy", "very_heavy"},
		"cardiometabolic":      {"none", "d", "h", "dh", "s", "ds", "hs", "dhs"}, // bit 0 d, bit 1 h, bit 2 s
		"cancer_survivor":      {"no", "yes"},
		"long_lived_relatives": {"0", "1", "2", "3", "4"},
		"ethnicity":            {"white", "black", "hispanic", "asian", "other"},
	}
}

func (t *tables) readFactors(rows []row) error {
	levels := factorLevels()
	seen := 0
	for name, of := range levels {
		f := &factorTable{}
		for sex := range sexes {
			f.hazard[sex], f.odds[sex] = make([]float64, len(of)), make([]float64, len(of))
		}
		t.factors[name] = f
	}
	for _, r := range rows {
		level := slices.Index(levels[r["factor"]], r["level"])
		if level < 0 {
			return fmt.Errorf("unknown level %s of %s", r["level"], r["factor"])
		}
		v, err := r.numbers("hr", "or_adl")
		if err != nil {
			return err
		}
		for sex, applies := range r.applies() {
			if applies {
				seen++
				t.factors[r["factor"]].hazard[sex][level] = v[0]
				t.factors[r["factor"]].odds[sex][level] = v[1]
			}
		}
	}
	want := 0
	for _, of := range levels {
		want += sexes * len(of)
	}
	if seen != want {
		return fmt.Errorf("%d levels for a sex, want %d", seen, want)
	}
	return nil
}

func (t *tables) readFamily(rows []row) error {
	keys := []string{"family_heart_disease", "family_stroke", "family_diabetes", "family_alzheimers", "bladder", "breast",
		"colorectal", "kidney", "lung", "ovarian", "pancreatic", "prostate", "melanoma", "other"}
	if len(rows) != len(keys) {
		return fmt.Errorf("%d rows, want %d", len(rows), len(keys))
	}
	for i, r := range rows {
		if r["key"] != keys[i] {
			return fmt.Errorf("row %d is %s, want %s", i, r["key"], keys[i])
		}
		v, err := r.numbers("hr", "or_adl", "prev_18_44", "prev_45_64", "prev_65_74", "prev_75p")
		if err != nil {
			return err
		}
		t.family[i] = familyRow{applies: r.applies(), hazard: v[0], odds: v[1], share: byBand(v[2:])}
	}
	return nil
}

func (t *tables) readPrevalence(rows []row) error {
	levels := factorLevels()
	for name, f := range t.factors {
		for sex := range sexes {
			f.share[sex] = make([]byBand, len(levels[name]))
		}
	}
	for _, r := range rows {
		v, err := r.numbers("p_18_44", "p_45_64", "p_65_74", "p_75p")
		if err != nil {
			return err
		}
		for sex, applies := range r.applies() {
			if !applies {
				continue
			}
			cell := t.shareCell(levels, r["factor"], r["level"], sex)
			if cell == nil {
				return fmt.Errorf("unknown level %s of %s", r["level"], r["factor"])
			}
			*cell = byBand(v)
		}
	}
	return nil
}

// shareCell is where a row of prevalence.csv belongs.
func (t *tables) shareCell(levels map[string][]string, factor, level string, sex int) *byBand {
	switch factor {
	case "diabetes":
		return &t.conditions[0][sex]
	case "heart_disease":
		return &t.conditions[1][sex]
	case "stroke":
		return &t.conditions[2][sex]
	case "cancer_survivor":
		return &t.survivor[sex]
	}
	i := slices.Index(levels[factor], level)
	if i < 0 {
		return nil
	}
	return &t.factors[factor].share[sex][i]
}

func (t *tables) readAttenuation(rows []row) error {
	type knot struct{ age, weight float64 }
	knots := map[string][]knot{}
	for _, r := range rows {
		v, err := r.numbers("age", "weight")
		if err != nil {
			return err
		}
		knots[r["factor"]] = append(knots[r["factor"]], knot{v[0], v[1]})
	}
	for name, k := range knots {
		weights := new([tableAges]float64)
		for i := range weights {
			age := float64(minAge + i)
			j := slices.IndexFunc(k, func(k knot) bool { return k.age >= age })
			switch {
			case j < 0:
				weights[i] = k[len(k)-1].weight
			case j == 0:
				weights[i] = k[0].weight
			default:
				a, b := k[j-1], k[j]
				weights[i] = a.weight + (b.weight-a.weight)*(age-a.age)/(b.age-a.age)
			}
		}
		t.weight[name] = weights
	}
	for _, name := range []string{"smoking", "bmi", "activity", "diet", "alcohol", "cardiometabolic", "cancer_survivor",
		"family", "ethnicity"} {
		if t.weight[name] == nil {
			return fmt.Errorf("no knots for %s", name)
		}
	}
	return nil
}

func (t *tables) readOutOfPocket(rows []row) error {
	if len(rows) != len(t.bands) {
		return fmt.Errorf("%d rows, want %d", len(rows), len(t.bands))
	}
	next := minAge
	for i, r := range rows {
		v, err := r.numbers("age_from", "age_to", "premium", "service")
		if err != nil {
			return err
		}
		if int(v[0]) != next {
			return fmt.Errorf("band %s starts at %v, want %d", r["band"], v[0], next)
		}
		next = int(v[1]) + 1
		t.bands[i] = costRow{r["band"], int(v[0]), int(v[1]), v[2], v[3]}
	}
	if next != lastAge+1 {
		return fmt.Errorf("the last band ends at %d, want %d", next-1, lastAge)
	}
	return nil
}

func (t *tables) readStates(rows []row) error {
	t.country = -1
	for i, r := range rows {
		v, err := r.numbers("home_care", "adult_day", "assisted_living", "nursing_semi", "nursing_private")
		if err != nil {
			return err
		}
		t.states = append(t.states, stateRow{r["code"], r["name"], [5]float64(v)})
		if r["code"] == defaultState {
			t.country = i
		}
	}
	if t.country < 0 {
		return fmt.Errorf("no row for %s", defaultState)
	}
	return nil
}
