package halo

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"sort"
	"testing"
)

// vectorYear is the valuation year of the vectors that name none.
const vectorYear = 2026

// vectors are outputs of an independent implementation of the specification.
type vectors struct {
	ModelVersion string `json:"model_version"`
	DataSHA256   string `json:"data_sha256"`
	Profiles     []struct {
		Name          string
		Input, Output json.RawMessage
	}
	Households []struct {
		Name         string
		A, B, Output json.RawMessage
	}
	Browser []struct {
		Name    string
		Browser json.RawMessage
	}
}

func loadVectors(t testing.TB) vectors {
	t.Helper()
	content, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(content, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Profiles) < 60 || len(v.Households) < 3 || len(v.Browser) < 3 {
		t.Fatalf("%d profiles, %d households, %d browser views: the file is cut", len(v.Profiles), len(v.Households), len(v.Browser))
	}
	return v
}

// run is what a caller does with an answer sheet.
func run(input []byte) Result {
	p, errors := Parse(input, vectorYear)
	if errors != nil {
		return Invalid(errors)
	}
	return Assess(p)
}

func TestVectorsOfProfiles(t *testing.T) {
	for _, v := range loadVectors(t).Profiles {
		t.Run(v.Name, func(t *testing.T) {
			compare(t, run(v.Input), v.Output)
		})
	}
}

func TestVectorsOfHouseholds(t *testing.T) {
	for _, v := range loadVectors(t).Households {
		t.Run(v.Name, func(t *testing.T) {
			a, b, errors := ParseHousehold(fmt.Appendf(nil, `{"a":%s,"b":%s}`, v.A, v.B), vectorYear)
			if errors != nil {
				t.Fatal(errors)
			}
			compare(t, Household(a, b), v.Output)
		})
	}
}

func TestVectorsOfTheBrowserView(t *testing.T) {
	// A view whose answers are not in the file belongs to the acceptance set.
	inputs := map[string]json.RawMessage{}
	compared := 0
	all := loadVectors(t)
	for _, v := range all.Profiles {
		inputs[v.Name] = v.Input
	}
	for _, v := range all.Browser {
		input, known := inputs[v.Name]
		if !known {
			continue
		}
		compared++
		t.Run(v.Name, func(t *testing.T) { compare(t, BrowserView(run(input)), v.Browser) })
	}
	if compared < 2 {
		t.Errorf("%d views compared", compared)
	}
}

func TestVectorsAreOfThisVersionAndTheseTables(t *testing.T) {
	v := loadVectors(t)
	if v.ModelVersion != ModelVersion {
		t.Errorf("vectors are of version %s, the model is %s", v.ModelVersion, ModelVersion)
	}
	if v.DataSHA256 != DataSHA256() {
		t.Errorf("vectors are of tables %s, the embedded ones are %s", v.DataSHA256, DataSHA256())
	}
}

// compare checks a document against the expected one: the same keys, strings,
// nulls and lists, and numbers within the specification's tolerance.
func compare(t *testing.T, document any, want json.RawMessage) {
	t.Helper()
	encoded, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	var g, w any
	if err := json.Unmarshal(encoded, &g); err != nil {
		t.Fatalf("%v in %s", err, encoded)
	}
	if err := json.Unmarshal(want, &w); err != nil {
		t.Fatal(err)
	}
	for _, difference := range differences("", g, w) {
		t.Error(difference)
	}
}

func differences(path string, got, want any) []string {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || !sameKeys(g, w) {
			return []string{fmt.Sprintf("%s: %v, want the fields of %v", path, got, want)}
		}
		var all []string
		for key := range w {
			all = append(all, differences(path+"."+key, g[key], w[key])...)
		}
		sort.Strings(all)
		return all
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return []string{fmt.Sprintf("%s: %v, want a list as %v", path, got, want)}
		}
		var all []string
		for i := range w {
			all = append(all, differences(fmt.Sprintf("%s[%d]", path, i), g[i], w[i])...)
		}
		return all
	case float64:
		if g, ok := got.(float64); ok && math.Abs(g-w) <= 2e-6+1e-9*math.Abs(w) {
			return nil
		}
	default:
		if got == want {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s: %v, want %v", path, got, want)}
}

func sameKeys(a, b map[string]any) bool {
	for key := range a {
		if _, ok := b[key]; !ok {
			return false
		}
	}
	return len(a) == len(b)
}
