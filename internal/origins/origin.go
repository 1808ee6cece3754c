// Package origins knows exact web origins: what the operator accepts in a
// tenant's manifest is what the server compares with a browser's Origin
// header, byte for byte. It imports the standard library only.
package origins

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// ErrInvalid is wrapped by every error of Parse and ParseSet.
var ErrInvalid = errors.New("not an exact web origin")

// Origin is one web origin as a browser serialises it in an Origin header
// (RFC 6454 section 6.2, WHATWG URL): scheme://host[:port], lower-case ASCII,
// without the scheme's default port. Values are comparable; the zero value is
// no origin and is never allowed by a Set.
type Origin struct{ text string }

// String gives the origin back byte for byte as Parse accepted it.
func (o Origin) String() string { return o.text }

// IsZero tells whether o is the zero value, which is no origin.
func (o Origin) IsZero() bool { return o.text == "" }

const (
	longestHost = 253 // RFC 1035 section 2.3.4, without the root's dot
	longestPart = 63  // one label between dots
	// longestOrigin is "https://" + host + ":65535"; more is not worth parsing.
	longestOrigin = len("https://") + longestHost + len(":65535")
)

// Parse accepts exactly what a browser would send as the Origin of a page:
// "https://www.example.com", "https://www.example.com:8443", or with http only
// for a page on the developer's own machine (localhost, *.localhost,
// 127.0.0.1, [::1]). It corrects nothing: a value that a browser would write
// differently is refused with an error that names what is wrong and, where it
// is known, the spelling to use. Every error wraps ErrInvalid.
func Parse(text string) (Origin, error) {
	if err := check(text); err != nil {
		return Origin{}, fmt.Errorf("origin %s is %w: %w", quote(text), ErrInvalid, err)
	}
	return Origin{text: text}, nil
}

// check holds the rules of Parse, in the order in which a person would want
// to hear about them.
func check(text string) error {
	if err := checkWhole(text); err != nil {
		return err
	}
	scheme, authority, ok := strings.Cut(text, "://")
	if !ok {
		return fmt.Errorf("the scheme is missing, write %s", quote("https://"+text))
	}
	if err := checkScheme(scheme, authority); err != nil {
		return err
	}
	if i := strings.IndexAny(authority, "/?#\\"); i >= 0 {
		return fmt.Errorf("%s follows the host; an origin has no path and no trailing slash, write %s",
			quote(authority[i:]), quote(scheme+"://"+authority[:i]))
	}
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		return fmt.Errorf("a user name or password stands before the host, write %s", quote(scheme+"://"+authority[i+1:]))
	}
	host, port, err := splitPort(authority)
	if err != nil {
		return err
	}
	if err := checkHost(host); err != nil {
		return err
	}
	if scheme == "http" && !isThisMachine(host) {
		return fmt.Errorf("http is accepted for localhost only, write %s", quote("https://"+authority))
	}
	return checkPort(scheme, host, port)
}

// checkWhole refuses what needs no parsing.
func checkWhole(text string) error {
	switch {
	case text == "":
		return errors.New(`it is empty, write scheme://host such as "https://www.example.com"`)
	case text == "null":
		return errors.New(`"null" is what a browser sends for a page without an origin (a file, a sandbox); serve the page over https and write that origin`)
	case len(text) > longestOrigin:
		return fmt.Errorf("it has %d bytes and the longest origin has %d", len(text), longestOrigin)
	case strings.Contains(text, "*"):
		return errors.New("wildcards are not accepted, write one line for each origin")
	}
	for _, r := range text {
		if r > '~' {
			return fmt.Errorf("%q is not ASCII; write the host as a browser sends it, in its punycode form that begins with xn--", r)
		}
		if r <= ' ' {
			return fmt.Errorf("%q is white space or a control character, remove it", r)
		}
	}
	return nil
}

func checkScheme(scheme, authority string) error {
	switch lower := strings.ToLower(scheme); {
	case lower != "https" && lower != "http":
		return fmt.Errorf("scheme %s is not https, write %s", quote(scheme), quote("https://"+authority))
	case lower != scheme:
		return fmt.Errorf("the scheme is not in lower case, write %s", quote(lower+"://"+authority))
	}
	return nil
}

// splitPort parts host and port at the colon; port is "" when there is none.
// The host keeps the brackets of an IPv6 address.
func splitPort(authority string) (host, port string, err error) {
	end := strings.IndexByte(authority, ':')
	if strings.HasPrefix(authority, "[") {
		end = strings.IndexByte(authority, ']') + 1
		if end == 0 {
			return "", "", errors.New(`the closing "]" of the IPv6 address is missing`)
		}
		if end == len(authority) {
			return authority, "", nil
		}
		if authority[end] != ':' {
			return "", "", fmt.Errorf(`%s follows the "]" of the IPv6 address; only a port may`, quote(authority[end:]))
		}
	}
	if end < 0 {
		return authority, "", nil
	}
	host, port = authority[:end], authority[end+1:]
	if _, err := netip.ParseAddr(authority); err == nil {
		return "", "", fmt.Errorf("an IPv6 address stands in brackets, write %s", quote("["+authority+"]"))
	}
	if port == "" {
		return "", "", errors.New("the port after the colon is missing, remove the colon or write the port")
	}
	return host, port, nil
}

func checkHost(host string) error {
	if host == "" {
		return errors.New("the host is missing")
	}
	if lower := strings.ToLower(host); lower != host {
		return fmt.Errorf("the host is not in lower case, write %s", quote(lower))
	}
	if strings.HasPrefix(host, "[") {
		return checkIPv6(host)
	}
	if strings.HasSuffix(host, ".") {
		return fmt.Errorf("the host ends in a dot, write %s", quote(strings.TrimRight(host, ".")))
	}
	if len(host) > longestHost {
		return fmt.Errorf("the host has %d characters and may have %d", len(host), longestHost)
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if err := checkLabel(label); err != nil {
			return err
		}
	}
	if looksLikeNumber(labels[len(labels)-1]) {
		return checkIPv4(host)
	}
	return nil
}

// checkLabel accepts what a certificate can be issued for: letters, digits and
// inner hyphens (RFC 1123 section 2.1).
func checkLabel(label string) error {
	switch {
	case label == "":
		return errors.New("the host has an empty part between its dots")
	case len(label) > longestPart:
		return fmt.Errorf("the host's part %s has %d characters and may have %d", quote(label), len(label), longestPart)
	case label[0] == '-' || label[len(label)-1] == '-':
		return fmt.Errorf("the host's part %s begins or ends with a hyphen", quote(label))
	}
	for _, c := range []byte(label) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return fmt.Errorf("%q in the host is neither a letter, a digit nor a hyphen", c)
		}
	}
	return nil
}

// looksLikeNumber tells whether a browser takes a host with this last label
// for an IPv4 address (WHATWG URL, "ends in a number").
func looksLikeNumber(label string) bool {
	if digits, isHex := strings.CutPrefix(label, "0x"); isHex {
		return strings.Trim(digits, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}

func checkIPv4(host string) error {
	if addr, err := netip.ParseAddr(host); err != nil || !addr.Is4() {
		return fmt.Errorf("%s reads as an IPv4 address but is none in the form 192.0.2.1", quote(host))
	}
	return nil
}

func checkIPv6(bracketed string) error {
	inner := strings.TrimSuffix(strings.TrimPrefix(bracketed, "["), "]")
	addr, err := netip.ParseAddr(inner)
	if err != nil || !addr.Is6() || addr.Zone() != "" {
		return fmt.Errorf("%s is not an IPv6 address", quote(bracketed))
	}
	if canonical := serialiseIPv6(addr); canonical != inner {
		return fmt.Errorf("a browser writes this IPv6 address differently, write %s", quote("["+canonical+"]"))
	}
	return nil
}

// serialiseIPv6 writes an address as browsers do: RFC 5952 but for addresses
// that hold an IPv4 one, which stay in hexadecimal.
func serialiseIPv6(addr netip.Addr) string {
	if !addr.Is4In6() {
		return addr.String()
	}
	b := addr.As16()
	return fmt.Sprintf("::ffff:%x:%x", uint(b[12])<<8|uint(b[13]), uint(b[14])<<8|uint(b[15]))
}

func isThisMachine(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || host == "127.0.0.1" || host == "[::1]"
}

func checkPort(scheme, host, port string) error {
	if port == "" {
		return nil
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 || port[0] == '+' {
		return fmt.Errorf("port %s is not a number from 1 to 65535", quote(port))
	}
	if exact := strconv.FormatUint(number, 10); exact != port {
		return fmt.Errorf("port %s has leading zeros, write %s", quote(port), quote(scheme+"://"+host+":"+exact))
	}
	if (scheme == "https" && number == 443) || (scheme == "http" && number == 80) {
		return fmt.Errorf("a browser leaves out the default port %d, write %s", number, quote(scheme+"://"+host))
	}
	return nil
}

// quote makes a value safe and short enough for a message.
func quote(text string) string {
	const most = 100
	if len(text) > most {
		return strconv.QuoteToASCII(text[:most]) + "…"
	}
	return strconv.QuoteToASCII(text)
}

// Set is a list of origins to compare with. The zero value allows nothing. A
// Set does not change and may be used by many goroutines.
type Set struct{ members map[Origin]struct{} }

// ParseSet parses every text; its error names each bad one by its index from 0
// and wraps ErrInvalid. An origin that is listed twice counts once.
func ParseSet(texts []string) (Set, error) {
	members := make(map[Origin]struct{}, len(texts))
	var problems []error
	for i, text := range texts {
		origin, err := Parse(text)
		if err != nil {
			problems = append(problems, fmt.Errorf("[%d]: %w", i, err))
			continue
		}
		members[origin] = struct{}{}
	}
	if len(problems) > 0 {
		return Set{}, errors.Join(problems...)
	}
	return Set{members: members}, nil
}

// Allows tells whether header, the value of a request's Origin header, is a
// member. Only the exact bytes match; "" and "null" never do.
func (s Set) Allows(header string) bool {
	_, ok := s.members[Origin{text: header}]
	return ok
}

// Len is the number of different origins.
func (s Set) Len() int { return len(s.members) }

// Strings lists the members in ascending order.
func (s Set) Strings() []string {
	texts := make([]string, 0, len(s.members))
	for origin := range s.members {
		texts = append(texts, origin.text)
	}
	slices.Sort(texts)
	return texts
}
