package keyring

import (
	"slices"
	"testing"
)

func TestIDsAreInTheOrderOfTheirAge(t *testing.T) {
	key := []byte("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
	files := map[string][]byte{}
	want := []string{"2", "9", "011", "20261122", "18446744073709551616", "20261121T235959Z", "20261122T120000Z", "a", "b"}
	for _, id := range want {
		files[id] = key
	}
	ring, err := Parse("key", files)
	if err != nil {
		t.Fatal(err)
	}
	if got := ring.IDs(); !slices.Equal(got, want) || ring.Newest() != "b" || ring.Len() != len(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	ring.IDs()[0] = "changed"
	if ring.IDs()[0] != "2" {
		t.Error("a caller can change the ring")
	}
	if (Ring{}).Newest() != "" {
		t.Error("the zero ring has a key")
	}
}
