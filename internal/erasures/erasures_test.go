package erasures_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"halo.dev/halo/internal/erasures"
)

func TestNumbersAreReadAsTheyAreWritten(t *testing.T) {
	numbers := []int64{1, 9223372036854775807, 42}
	text := erasures.Format(numbers)
	if text != "1\n9223372036854775807\n42\n" {
		t.Errorf("written as %q", text)
	}
	for _, form := range []string{text, "\n" + strings.TrimSuffix(text, "\n"), strings.ReplaceAll(text, "\n", "\r\n")} {
		if got, err := erasures.Parse(form); err != nil || !slices.Equal(got, numbers) {
			t.Errorf("%q is read as %v, error %v", form, got, err)
		}
	}
	if got, err := erasures.Parse(""); err != nil || len(got) != 0 {
		t.Errorf("nothing is read as %v, error %v", got, err)
	}
}

func TestWhatIsNoNumberIsRefusedWithItsLineAndNotRepeated(t *testing.T) {
	for _, bad := range []string{"0", "-1", "+1", "1.5", " 1", "0x10", "9223372036854775808", "1_000", "ada@visitor.test"} {
		_, err := erasures.Parse("7\n" + bad + "\n")
		if err == nil || !strings.Contains(err.Error(), "line 2") || strings.Contains(err.Error(), "visitor") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestAddKeepsWhatPartsHoldAndFillsThemInOrder(t *testing.T) {
	full := make([]int64, erasures.PartSize)
	for i := range full {
		full[i] = int64(i + 1)
	}
	whole := erasures.Format(full)
	for name, test := range map[string]struct {
		parts   []string
		numbers []int64
		want    map[int]string
	}{
		"the first":             {nil, []int64{3, 1, 3}, map[int]string{0: "1\n3\n"}},
		"one that is there":     {[]string{"1\n3\n"}, []int64{3}, map[int]string{}},
		"nothing":               {[]string{"1\n"}, nil, map[int]string{}},
		"at the end":            {[]string{"9\n"}, []int64{3, 9}, map[int]string{0: "9\n3\n"}},
		"without a last line":   {[]string{"9"}, []int64{3}, map[int]string{0: "9\n3\n"}},
		"after a full part":     {[]string{whole}, []int64{30_000, 5}, map[int]string{1: "30000\n"}},
		"into the second part":  {[]string{whole, "30000\n"}, []int64{30_001}, map[int]string{1: "30000\n30001\n"}},
		"an empty part is used": {[]string{""}, []int64{2}, map[int]string{0: "2\n"}},
	} {
		got, err := erasures.Add(test.parts, test.numbers)
		if err != nil || !maps.Equal(got, test.want) {
			t.Errorf("%s: parts %v change, error %v", name, slices.Collect(maps.Keys(got)), err)
		}
	}
	if len(whole) > 1<<19 {
		t.Errorf("a full part has %d bytes", len(whole))
	}
	// The longest numbers must fit too.
	if size := erasures.PartSize * len("9223372036854775807\n"); size > 1<<19 {
		t.Errorf("a full part of long numbers has %d bytes", size)
	}
	if _, err := erasures.Add([]string{"1\n", "x"}, []int64{2}); err == nil || !strings.Contains(err.Error(), "part 2") {
		t.Errorf("a part that cannot be read: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", "1\n2\n", "0", "9223372036854775807", "\r\n", "1\n\n2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		numbers, err := erasures.Parse(text)
		if err != nil {
			return
		}
		again, err := erasures.Parse(erasures.Format(numbers))
		if err != nil || !slices.Equal(again, numbers) {
			t.Errorf("%q is read as %v and then as %v, %v", text, numbers, again, err)
		}
	})
}
