package analytics_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"halo.dev/halo/internal/analytics"
)

type person struct {
	age                     int
	sex, smoking, activity  string
	life, assisted, cost, m float64
}

func (p person) add(t testing.TB, to *analytics.Table) {
	t.Helper()
	input := fmt.Sprintf(`{"age": %d, "sex": %q, "smoking": %q, "activity": %q, "height_in": 70}`, p.age, p.sex, p.smoking, p.activity)
	result := fmt.Sprintf(`{"status": "ok", "longevity": {"life_expectancy_age": %g}, "healthspan": {"assisted_years": %g},
		"care": {"expected_total_today": %g}, "out_of_pocket": {"lifetime_today": %g}}`, p.life, p.assisted, p.cost, p.m)
	if err := to.Add([]byte(input), []byte(result)); err != nil {
		t.Fatal(err)
	}
}

func table(t testing.TB, least int) *analytics.Table {
	t.Helper()
	made, err := analytics.New(least)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestSmallCellsAreMergedAndTheRestIsLeftOut(t *testing.T) {
	figures := table(t, 10)
	for i := range 34 {
		person{52, "female", "never", "active", 88, 3, 101_000, 52_000}.add(t, figures)
		if i < 6 {
			person{57, "female", "never", "low", 84, 5, 150_000, 60_000}.add(t, figures)
			person{58, "female", "never", "some", 84, 5, 150_000, 60_000}.add(t, figures)
		}
		if i < 9 {
			person{31, "male", "never", "active", 80, 2, 1, 1}.add(t, figures)
		}
	}
	rows, left := figures.Rows()
	want := []analytics.Row{
		{AgeBand: "50-59", Sex: "female", Smoking: "never", Activity: "active", People: 30, MeanLifeExpectancyAge: 88, MeanAssistedYears: 3, MeanCareCost: 100_000, MeanOutOfPocket: 50_000},
		{AgeBand: "50-59", Sex: "female", Smoking: "never", Activity: analytics.Merged, People: 10, MeanLifeExpectancyAge: 84, MeanAssistedYears: 5, MeanCareCost: 150_000, MeanOutOfPocket: 60_000},
	}
	if !slices.Equal(rows, want) || left != 9 {
		t.Errorf("rows %+v, %d are left over", rows, left)
	}
}

func TestNoRowIsOfFewerPeopleThanAskedForAndNobodyIsCountedTwice(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	for round := range 100 {
		least := analytics.LowestLeast + random.IntN(20)
		figures := table(t, least)
		total := int64(random.IntN(600))
		for range total {
			person{18 + random.IntN(82), pick("male", "female"), pick("never", "former", "current", ""), pick("low", "some", "active"),
				60 + 40*random.Float64(), 10 * random.Float64(), 1e6 * random.Float64(), 1e5 * random.Float64()}.add(t, figures)
		}
		rows, left := figures.Rows()
		sum := left
		for _, row := range rows {
			if row.People < int64(least/5*5) || row.People%5 != 0 || row.MeanCareCost%5000 != 0 {
				t.Fatalf("round %d, at least %d: %+v", round, least, row)
			}
			sum += row.People
		}
		if left >= int64(least) || sum > total || sum < total-4*int64(len(rows)) {
			t.Fatalf("round %d: %d rows and %d left over of %d people", round, len(rows), left, total)
		}
		again, _ := figures.Rows()
		if !slices.Equal(rows, again) {
			t.Fatal("the order is another one each time")
		}
	}
}

func TestOneMorePersonRarelyShowsAndNeverInACellOfTheirOwn(t *testing.T) {
	before, after := table(t, 10), table(t, 10)
	for range 40 {
		for _, figures := range []*analytics.Table{before, after} {
			person{62, "male", "never", "active", 85, 3, 102_000, 50_000}.add(t, figures)
		}
	}
	person{62, "male", "never", "active", 95, 9, 120_000, 99_000}.add(t, after)
	person{99, "male", "current", "low", 100, 1, 9_000_000, 9}.add(t, after)
	a, _ := before.Rows()
	b, left := after.Rows()
	if !slices.Equal(a, b) || left != 1 {
		t.Errorf("before %+v, after %+v, %d left over", a, b, left)
	}
}

func TestWhatIsNoFigureIsNotCounted(t *testing.T) {
	figures := table(t, 5)
	for range 5 {
		if err := figures.Add([]byte(`{"age": 60}`), []byte(`{"status": "not_applicable"}`)); err != nil {
			t.Fatal(err)
		}
		person{60, "Ada Marked", "=SUM(A1)", strings.Repeat("a", 50), 90, 1, 1, 1}.add(t, figures)
	}
	rows, _ := figures.Rows()
	if len(rows) != 1 || rows[0].Sex != analytics.NoAnswer || rows[0].Smoking != analytics.NoAnswer || rows[0].Activity != analytics.NoAnswer || rows[0].People != 5 {
		t.Errorf("rows %+v", rows)
	}
	if err := figures.Add([]byte(`{"age": "Ada Marked"}`), []byte(`{}`)); err == nil || strings.Contains(err.Error(), "Marked") {
		t.Errorf("what cannot be read: %v", err)
	}
	if _, err := analytics.New(4); err == nil {
		t.Error("cells of four are allowed")
	}
}

func TestEachFormatTellsTheSame(t *testing.T) {
	rows := []analytics.Row{{AgeBand: "50-59", Sex: "female", Smoking: "never", Activity: analytics.Merged, People: 30, MeanLifeExpectancyAge: 88, MeanCareCost: 100_000}, {AgeBand: analytics.Merged, Sex: analytics.Merged, Smoking: analytics.Merged, Activity: analytics.Merged, People: 10}}
	written := map[analytics.Format]*bytes.Buffer{}
	for _, format := range []analytics.Format{analytics.CSV, analytics.JSONLines, analytics.Parquet} {
		written[format] = new(bytes.Buffer)
		if err := format.Write(written[format], rows); err != nil {
			t.Fatal(err)
		}
		if parsed, err := analytics.ParseFormat(string(format)); err != nil || parsed != format || format.MediaType() == "" {
			t.Errorf("%s: %v", format, err)
		}
	}
	if got := written[analytics.CSV].String(); got != "age_band,sex,smoking,activity,people,mean_life_expectancy_age,mean_assisted_years,mean_care_cost,mean_out_of_pocket\n"+
		"50-59,female,never,merged,30,88,0,100000,0\nmerged,merged,merged,merged,10,0,0,0,0\n" {
		t.Errorf("CSV: %s", got)
	}
	var lines []analytics.Row
	for decoder := json.NewDecoder(written[analytics.JSONLines]); decoder.More(); {
		var row analytics.Row
		if err := decoder.Decode(&row); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, row)
	}
	read, err := parquet.Read[analytics.Row](bytes.NewReader(written[analytics.Parquet].Bytes()), int64(written[analytics.Parquet].Len()))
	if err != nil || !slices.Equal(read, rows) || !slices.Equal(lines, rows) {
		t.Errorf("Parquet %+v, error %v; lines %+v", read, err, lines)
	}
	if _, err := analytics.ParseFormat("xml"); err == nil {
		t.Error("XML is a format")
	}
}

func FuzzAdd(f *testing.F) {
	f.Add([]byte(`{"age": 60, "sex": "male"}`), []byte(`{"status": "ok"}`))
	f.Add([]byte(`[]`), []byte(`{"status": "ok", "care": {"expected_total_today": 1e308}}`))
	f.Fuzz(func(t *testing.T, input, result []byte) {
		figures := table(t, 5)
		for range 5 {
			if figures.Add(input, result) != nil {
				return
			}
		}
		if rows, left := figures.Rows(); len(rows) > 1 || left != 0 {
			t.Errorf("rows %+v, %d left over", rows, left)
		}
	})
}
