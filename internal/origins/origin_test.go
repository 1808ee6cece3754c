package origins_test

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"halo.dev/halo/internal/origins"
)

func TestParseAcceptsWhatABrowserSends(t *testing.T) {
	for _, text := range []string{
		"https://www.acme.example",
		"https://acme.example:8443",
		"https://acme",
		"https://xn--bcher-kva.example",
		"https://a-b.c--d.example:1",
		"https://acme.example:65535",
		"https://acme.example:80",
		"https://192.0.2.1",
		"https://192.0.2.1:8443",
		"https://[2001:db8::1]",
		"https://[2001:db8::1]:8443",
		"https://[::ffff:102:304]",
		"https://1.example",
		"http://localhost",
		"http://localhost:3000",
		"http://localhost:443",
		"http://shop.localhost:3000",
		"http://127.0.0.1:3000",
		"http://[::1]:3000",
		"https://localhost",
		"https://" + strings.Repeat("a", 63) + ".example",
	} {
		origin, err := origins.Parse(text)
		if err != nil {
			t.Errorf("Parse(%q): %v", text, err)
			continue
		}
		if origin.String() != text {
			t.Errorf("Parse(%q) gives back %q", text, origin)
		}
		if origin.IsZero() {
			t.Errorf("Parse(%q) is the zero origin", text)
		}
	}
}

// refusal is a text and what its error must say.
type refusal struct{ name, text, says string }

func TestParseRefusesWithTheRemedy(t *testing.T) {
	for _, test := range []refusal{
		{"nothing", "", "write scheme://host"},
		{"null", "null", "page without an origin"},
		{"no scheme", "www.acme.example", `write "https://www.acme.example"`},
		{"scheme-relative", "//www.acme.example", "scheme is missing"},
		{"plain http", "http://www.acme.example", `localhost only, write "https://www.acme.example"`},
		{"plain http on a look-alike of localhost", "http://localhost.acme.example", "localhost only"},
		{"plain http on a name that ends in localhost", "http://notlocalhost", "localhost only"},
		{"plain http on a neighbour of loopback", "http://127.0.0.2", "localhost only"},
		{"another scheme", "ftp://www.acme.example", `scheme "ftp" is not https`},
		{"an empty scheme", "://www.acme.example", `scheme "" is not https`},
		{"upper-case scheme", "HTTPS://www.acme.example", `write "https://www.acme.example"`},
		{"upper-case host", "https://WWW.acme.example", `write "www.acme.example"`},
		{"default https port", "https://www.acme.example:443", `write "https://www.acme.example"`},
		{"default http port", "http://localhost:80", `write "http://localhost"`},
		{"port 0", "https://www.acme.example:0", "1 to 65535"},
		{"port above the last", "https://www.acme.example:65536", "1 to 65535"},
		{"port of a huge number", "https://www.acme.example:99999999999999999999", "1 to 65535"},
		{"port with leading zeros", "https://www.acme.example:08443", `write "https://www.acme.example:8443"`},
		{"port with a sign", "https://www.acme.example:+8443", "1 to 65535"},
		{"port with letters", "https://www.acme.example:84a3", "1 to 65535"},
		{"colon without a port", "https://www.acme.example:", "port after the colon is missing"},
		{"two ports", "https://www.acme.example:1:2", "1 to 65535"},
		{"trailing slash", "https://www.acme.example/", `trailing slash, write "https://www.acme.example"`},
		{"path", "https://www.acme.example/page", `write "https://www.acme.example"`},
		{"query", "https://www.acme.example?x", `write "https://www.acme.example"`},
		{"fragment", "https://www.acme.example#x", `write "https://www.acme.example"`},
		{"backslash", `https://www.acme.example\@evil.example`, "follows the host"},
		{"user", "https://user@www.acme.example", `write "https://www.acme.example"`},
		{"user and password", "https://user:pass@www.acme.example", "user name or password"},
		{"wildcard", "https://*.acme.example", "wildcards are not accepted"},
		{"everything", "*", "wildcards are not accepted"},
		{"unicode", "https://bücher.example", "punycode form that begins with xn--"},
		{"a cyrillic look-alike", "https://www.аcme.example", "punycode"},
		{"leading space", " https://www.acme.example", "white space"},
		{"trailing newline", "https://www.acme.example\n", "white space or a control character"},
		{"a NUL", "https://www.acme.example\x00", "control character"},
		{"a DEL", "https://www.acme.example\x7f", "ASCII"},
		{"bytes that are no UTF-8", "https://www.acme.example\xff", "ASCII"},
		{"two origins in one", "https://a.example,https://b.example", "follows the host"},
	} {
		t.Run(test.name, func(t *testing.T) { wantRefused(t, test) })
	}
}

func TestParseRefusesHostsThatNoBrowserWrites(t *testing.T) {
	for _, test := range []refusal{
		{"no host", "https://", "host is missing"},
		{"no host but a port", "https://:8443", "host is missing"},
		{"empty label", "https://www..acme.example", "empty part"},
		{"leading dot", "https://.acme.example", "empty part"},
		{"trailing dot", "https://www.acme.example.", `write "www.acme.example"`},
		{"a lone dot", "https://.", "ends in a dot"},
		{"underscore", "https://www_1.acme.example", "neither a letter"},
		{"percent", "https://www%2eacme.example", "neither a letter"},
		{"hyphen at the edge", "https://-www.acme.example", "hyphen"},
		{"label of 64", "https://" + strings.Repeat("a", 64) + ".example", "may have 63"},
		{"host of 254", "https://" + strings.Repeat("a.", 126) + "aa", "may have 253"},
		{"endless", "https://" + strings.Repeat("a.", 9999), "the longest origin"},
		{"short IPv4", "https://127.1", "IPv4"},
		{"octal IPv4", "https://0177.0.0.1", "IPv4"},
		{"hexadecimal IPv4", "https://0x7f000001", "IPv4"},
		{"IPv4 out of range", "https://256.0.0.1", "IPv4"},
		{"a number as host", "https://2130706433", "IPv4"},
		{"name that ends in a number", "https://www.acme.1", "IPv4"},
		{"name that ends in a bare 0x", "https://www.acme.0x", "IPv4"},
		{"IPv6 without brackets", "https://2001:db8::1", `write "[2001:db8::1]"`},
		{"IPv6 not compressed", "https://[2001:db8:0:0:0:0:0:1]", `write "[2001:db8::1]"`},
		{"IPv6 in upper case", "https://[2001:DB8::1]", `write "[2001:db8::1]"`},
		{"IPv6 with an IPv4 tail", "https://[::ffff:1.2.3.4]", `write "[::ffff:102:304]"`},
		{"IPv6 with a zone", "https://[fe80::1%eth0]", "not an IPv6 address"},
		{"IPv4 in brackets", "https://[192.0.2.1]", "not an IPv6 address"},
		{"open bracket", "https://[2001:db8::1", `"]"`},
		{"text after the bracket", "https://[2001:db8::1]x", "only a port may"},
		{"closing bracket alone", "https://a]", "neither a letter"},
	} {
		t.Run(test.name, func(t *testing.T) { wantRefused(t, test) })
	}
}

func wantRefused(t *testing.T, test refusal) {
	t.Helper()
	origin, err := origins.Parse(test.text)
	if err == nil {
		t.Fatalf("accepted as %q", origin)
	}
	if !errors.Is(err, origins.ErrInvalid) {
		t.Errorf("error does not wrap ErrInvalid: %v", err)
	}
	if !strings.Contains(err.Error(), test.says) {
		t.Errorf("error %q does not say %q", err, test.says)
	}
	if len(err.Error()) > 500 {
		t.Errorf("the error has %d bytes", len(err.Error()))
	}
	if !origin.IsZero() {
		t.Errorf("a refused origin is not zero: %q", origin)
	}
}

// TestTheRemedyIsAccepted follows the advice of the error and must get through.
func TestTheRemedyIsAccepted(t *testing.T) {
	for _, text := range []string{
		"https://www.acme.example/", "https://www.acme.example:443", "HTTPS://www.acme.example",
		"http://www.acme.example", "www.acme.example", "https://www.acme.example:08443", "https://u:p@www.acme.example",
	} {
		_, err := origins.Parse(text)
		if err == nil {
			t.Fatalf("%q was accepted", text)
		}
		_, advice, found := strings.Cut(err.Error(), "write \"")
		if !found {
			t.Fatalf("no advice in %q", err)
		}
		advice = strings.TrimSuffix(advice, `"`)
		if _, err := origins.Parse(advice); err != nil {
			t.Errorf("the advice for %q does not parse: %v", text, err)
		}
	}
}

func TestSetAllowsExactlyItsMembers(t *testing.T) {
	set, err := origins.ParseSet([]string{"https://www.acme.example", "https://b.example:8443", "https://www.acme.example"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := set.Strings(), []string{"https://b.example:8443", "https://www.acme.example"}; !slices.Equal(got, want) {
		t.Errorf("members are %q, want %q", got, want)
	}
	if set.Len() != 2 {
		t.Errorf("Len is %d", set.Len())
	}
	for header, want := range map[string]bool{
		"https://www.acme.example":           true,
		"https://b.example:8443":             true,
		"":                                   false,
		"null":                               false,
		"https://b.example":                  false,
		"http://www.acme.example":            false,
		"https://www.acme.example/":          false,
		"https://www.acme.example:443":       false,
		"https://WWW.acme.example":           false,
		"https://www.acme.example.evil.test": false,
		"https://evil-www.acme.example":      false,
		"https://acme.example":               false,
		"https://www.acme.exampl":            false,
		"https://www.acme.example\x00":       false,
	} {
		if set.Allows(header) != want {
			t.Errorf("Allows(%q) is %v", header, !want)
		}
	}
	if set.Allows(" https://www.acme.example") {
		t.Error("white space before an origin is overlooked")
	}
	if (origins.Set{}).Allows("") || (origins.Set{}).Allows("null") {
		t.Error("the empty set allows something")
	}
}

func TestParseSetNamesEveryBadMember(t *testing.T) {
	set, err := origins.ParseSet([]string{"https://ok.example", "null", "https://ok.example/", "https://fine.example"})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, part := range []string{"[1]", "[2]", "trailing slash"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q lacks %q", err, part)
		}
	}
	if strings.Contains(err.Error(), "[0]") || strings.Contains(err.Error(), "[3]") {
		t.Errorf("a good member is blamed: %v", err)
	}
	if set.Allows("https://ok.example") {
		t.Error("a set with bad members allows its good ones")
	}
}

// FuzzParse holds the promise on any text: no panic, and whatever is accepted
// comes back byte for byte, is what net/url reads as scheme and host alone,
// and has no look-alike that is accepted as well.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"https://www.acme.example", "http://localhost:3000", "https://[::1]:1", "https://1.2.3.4", "null", "*",
		"https://a:443", "https://A", "https://ü", "https://a/", "https://u@a", "https://0x1", "https://[::ffff:1.2.3.4]", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		origin, err := origins.Parse(text)
		if err != nil {
			if !errors.Is(err, origins.ErrInvalid) || !origin.IsZero() {
				t.Fatalf("Parse(%q) = %q, %v", text, origin, err)
			}
			return
		}
		if origin.String() != text {
			t.Fatalf("Parse(%q) gives back %q", text, origin)
		}
		u, err := url.Parse(text)
		if err != nil {
			t.Fatalf("net/url refuses the accepted %q: %v", text, err)
		}
		if u.Scheme+"://"+u.Host != text || u.Hostname() == "" {
			t.Fatalf("%q holds more than scheme and host: %#v", text, u)
		}
		for _, twin := range []string{text + "/", text + ".", text + ":443", " " + text, strings.ToUpper(text), text + "\n"} {
			if twin == text || u.Port() != "" || (u.Scheme == "http" && twin == text+":443") {
				continue // no twin, or one that is another origin
			}
			if _, err := origins.Parse(twin); err == nil {
				t.Fatalf("%q and its look-alike %q are both accepted", text, twin)
			}
		}
	})
}
