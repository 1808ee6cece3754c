package halo

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// plainTable writes columns of an embedded table as a table of the card.
func plainTable(t *testing.T, file string, columns ...string) string {
	t.Helper()
	content, err := dataFiles.ReadFile("data/" + file + ".csv")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := readRows(string(content))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
	for _, r := range rows {
		for _, c := range columns {
			value, known := r[c]
			if !known {
				t.Fatalf("%s has no column %s", file, c)
			}
			fmt.Fprintf(&b, "| %s ", value)
		}
		b.WriteString("|\n")
	}
	return b.String()
}

func TestTheModelCardHasTheOtherTables(t *testing.T) {
	computedPart(t, "attenuation", plainTable(t, "attenuation", "factor", "age", "weight"))
	computedPart(t, "prevalence", plainTable(t, "prevalence", "factor", "level", "sex", "p_18_44", "p_45_64", "p_65_74", "p_75p"))
	computedPart(t, "family prevalence", plainTable(t, "family_history", "key", "prev_18_44", "prev_45_64", "prev_65_74", "prev_75p"))
	computedPart(t, "out of pocket", plainTable(t, "out_of_pocket", "band", "age_from", "age_to", "premium", "service"))
}

// constant is a row of the card: the value comes from the code, where it is
// from and how far it is verified from the specification.
type constant struct {
	what, value, source, status string
}

func TestTheModelCardHasTheConstants(t *testing.T) {
	var b strings.Builder
	b.WriteString("| constant | value | source | status |\n|---|---|---|---|\n")
	for _, group := range [][]constant{hazardConstants(), helpConstants(), costConstants(), ruleConstants()} {
		for _, c := range group {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", c.what, c.value, c.source, c.status)
		}
	}
	computedPart(t, "constants", b.String())
}

// values lists numbers.
func values(numbers ...float64) string {
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = fmt.Sprintf("%.6g", n)
	}
	return strings.Join(texts, ", ")
}

func hazardConstants() []constant {
	const quantile = 1.2815515655446004
	young, old := squashAt(80), squashAt(100)
	all := []constant{
		{"sigma of the model's own error, in ln hazard", values(modelError / quantile), "", "J"},
		{"quantile of its 80 % band", fmt.Sprint(quantile), "normal distribution, 90 %", "exact"},
		{"limit of the log hazard, to age 80; from 100; linear between", values(math.Log(young.high), math.Log(old.high)),
			"a hard cap hid each habit in the worst profiles", "J"},
		{"part of the log hazard that counts beyond the limit, at the same ages", values(young.slope, old.slope), "", "J"},
		{"years since a former smoker stopped, at the start: under 3; 3 to 9", "1, 6", "", "J"},
		{"last age of the life table, at which death is certain", fmt.Sprint(lastAge), "S11", "V"},
		{"body mass index: pounds per square inch to kg/m²", fmt.Sprint(bodyMassIndex(1, 1)), "definition, rounded", "exact"},
	}
	for i, age := range []string{"under 40", "40-49", "50-59", "60 and over"} {
		all = append(all, constant{"rho, part of the excess hazard left after quitting to smoke " + age + ": under 3, under 10, later years",
			values(excessAfterQuitting[i][:]...), "first number S1 (mean of the sexes), others judged", "D; J"})
	}
	return all
}

func helpConstants() []constant {
	return []constant{
		{"need of help: level", values(helpLevel), "ADL: logit-linear through (67, 6 %) and (93, 52 %)", "V/D"},
		{"need of help: slope a year of age; centre", values(helpSlope, helpCentre), "the same", "V/D"},
		{"need of help: shift", values(helpShift),
			"calibrated so that the mean of men and women of 65 in 2026 is 3.0 assisted years (LTSS)", "V/D"},
		{"need of help: men, women", values(helpMale, helpFemale), "", "J"},
		{"limits of the log odds of needing help", values(helpLogOddsLow, helpLogOddsHigh), "", "J"},
		{"lambda; chance of any need is 1-exp(-lambda*years)", fmt.Sprintf("-ln(%g)/%d = %s", neverNeed, meanHelpYears, values(needRate)),
			"LTSS: 56 % need, 3.0 years", "V/D"},
	}
}

func costConstants() []constant {
	return []constant{
		{"growth of medical cost a year, from", fmt.Sprintf("%g, %d", medicalGrowth, medicalYear), "S13", "J"},
		{"growth of the price of care a year, from", fmt.Sprintf("%g, %d", careGrowth, careYear),
			"nursing homes 2004-2025 3.0 %, assisted living 4.4 %, from V endpoints", "D/J"},
		{"part of assisted years at home, in day care, assisted living, nursing home (shared room, own room)", values(settingShares[:]...),
			"durations of HHS longtermcare.gov", "U/J"},
		{"doctor visits and the service part: below average, average, above", values(visitsBelow, visitsAverage, visitsAbove), "", "J"},
		{"service part with diabetes, heart disease, stroke, a survived cancer", values(costDiabetes, costHeart, costStroke, costCS), "", "J"},
		{"most that conditions multiply it by", values(maxConditionCost), "", "J"},
	}
}

func ruleConstants() []constant {
	return []constant{
		{"default retirement age, state", fmt.Sprintf("%d, %s", defaultRetirementAge, defaultState), "", "J"},
		{"relatives who reached 90 that count at most", fmt.Sprint(maxRelatives), "S7", "J (J2)"},
		{"least gain in years for a tip", values(leastGain), "", "J"},
		{"age from which losing weight is no advice", fmt.Sprint(youngForWeight), "", "J"},
		{"body mass index that is accepted", fmt.Sprintf("%d to %d", minBMI, maxBMI), "", "J"},
		{"tolerance of the sum of ancestry, in percent", values(shareTolerance), "", "J"},
	}
}
