package halo

import "encoding/json"

// scanner walks over JSON (RFC 8259) without building values: what it hands
// out are slices of its input. It accepts exactly the texts that encoding/json
// accepts, but nests as deep as memory allows, without recursion.
type scanner struct {
	input []byte
	pos   int
	open  brackets // of the value being skipped
}

// brackets are how open brackets close, the innermost last. The first few need
// no memory of their own.
type brackets struct {
	depth int
	near  [8]byte
	far   []byte
}

func (b *brackets) push(closing byte) {
	if b.depth < len(b.near) {
		b.near[b.depth] = closing
	} else {
		b.far = append(b.far, closing)
	}
	b.depth++
}

func (b *brackets) pop() {
	b.depth--
	if b.depth >= len(b.near) {
		b.far = b.far[:b.depth-len(b.near)]
	}
}

func (b *brackets) innermost() byte {
	if b.depth <= len(b.near) {
		return b.near[b.depth-1]
	}
	return b.far[len(b.far)-1]
}

// atEnd says whether nothing but white space is left.
func (s *scanner) atEnd() bool {
	s.space()
	return s.pos == len(s.input)
}

func (s *scanner) space() {
	for s.pos < len(s.input) {
		switch s.input[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// next skips white space and then the byte c; it reports whether c was there.
func (s *scanner) next(c byte) bool {
	s.space()
	if s.pos < len(s.input) && s.input[s.pos] == c {
		s.pos++
		return true
	}
	return false
}

// object reads one object and calls entry for each of its members, with the
// decoded key and the raw value. It returns false when the input is no object;
// entry may have been called by then.
func (s *scanner) object(entry func(key, value []byte)) bool {
	if !s.next('{') {
		return false
	}
	if s.next('}') {
		return true
	}
	for {
		s.space()
		key, ok := s.string()
		if !ok || !s.next(':') {
			return false
		}
		value, ok := s.value()
		if !ok {
			return false
		}
		entry(unquote(key), value)
		if s.next('}') {
			return true
		}
		if !s.next(',') {
			return false
		}
	}
}

// array reads one array and calls entry for each raw element; false as object.
func (s *scanner) array(entry func(value []byte)) bool {
	if !s.next('[') {
		return false
	}
	if s.next(']') {
		return true
	}
	for {
		value, ok := s.value()
		if !ok {
			return false
		}
		entry(value)
		if s.next(']') {
			return true
		}
		if !s.next(',') {
			return false
		}
	}
}

// value skips one value of any kind and returns its text without the white
// space around it.
func (s *scanner) value() ([]byte, bool) {
	s.space()
	start := s.pos
	s.open = brackets{}
	for {
		opened, ok := s.token()
		if !ok {
			return nil, false
		}
		if opened {
			continue
		}
		more, ok := s.afterValue()
		if !ok {
			return nil, false
		}
		if !more {
			return s.input[start:s.pos], true
		}
	}
}

// token skips a scalar, an empty container, or the opening of a container up to
// where its first value starts; opened says that it was the last of these.
func (s *scanner) token() (opened, ok bool) {
	s.space()
	if s.pos == len(s.input) {
		return false, false
	}
	switch c := s.input[s.pos]; {
	case c == '{':
		s.pos++
		if s.next('}') {
			return false, true
		}
		s.open.push('}')
		return true, s.member()
	case c == '[':
		s.pos++
		if s.next(']') {
			return false, true
		}
		s.open.push(']')
		return true, true
	case c == '"':
		_, ok = s.string()
		return false, ok
	case c == '-' || '0' <= c && c <= '9':
		return false, s.number()
	default:
		return false, s.word("true") || s.word("false") || s.word("null")
	}
}

// member skips a key and its colon.
func (s *scanner) member() bool {
	s.space()
	_, ok := s.string()
	return ok && s.next(':')
}

// afterValue closes what ends here; more says that another value follows.
func (s *scanner) afterValue() (more, ok bool) {
	for s.open.depth > 0 {
		closing := s.open.innermost()
		if s.next(',') {
			return true, closing == ']' || s.member()
		}
		if !s.next(closing) {
			return false, false
		}
		s.open.pop()
	}
	return false, true
}

// string skips a string and returns it with its quotes.
func (s *scanner) string() ([]byte, bool) {
	start := s.pos
	if s.pos == len(s.input) || s.input[s.pos] != '"' {
		return nil, false
	}
	for s.pos++; s.pos < len(s.input); s.pos++ {
		switch c := s.input[s.pos]; {
		case c == '"':
			s.pos++
			return s.input[start:s.pos], true
		case c < ' ':
			return nil, false
		case c == '\\' && !s.escape():
			return nil, false
		}
	}
	return nil, false
}

// escape checks the escape at the backslash and stays on its last byte.
func (s *scanner) escape() bool {
	s.pos++
	if s.pos == len(s.input) {
		return false
	}
	switch s.input[s.pos] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
	default:
		return false
	}
	if len(s.input)-s.pos < 5 {
		return false
	}
	for _, c := range s.input[s.pos+1 : s.pos+5] {
		isDigit := '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
		if !isDigit {
			return false
		}
	}
	s.pos += 4
	return true
}

// number skips a number: -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
func (s *scanner) number() bool {
	if s.input[s.pos] == '-' {
		s.pos++
	}
	if !s.word("0") && !s.digits() {
		return false
	}
	if s.word(".") && !s.digits() {
		return false
	}
	if s.word("e") || s.word("E") {
		_ = s.word("+") || s.word("-")
		return s.digits()
	}
	return true
}

// digits skips one digit or more.
func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.input) && '0' <= s.input[s.pos] && s.input[s.pos] <= '9' {
		s.pos++
	}
	return s.pos > start
}

// word skips exactly this text.
func (s *scanner) word(text string) bool {
	if len(s.input)-s.pos < len(text) || string(s.input[s.pos:s.pos+len(text)]) != text {
		return false
	}
	s.pos += len(text)
	return true
}

func isNull(raw []byte) bool { return raw[0] == 'n' }

// unquote decodes a string that the scanner has accepted.
func unquote(quoted []byte) []byte {
	for _, c := range quoted {
		if c == '\\' || c >= 0x80 {
			var decoded string
			if json.Unmarshal(quoted, &decoded) != nil {
				return quoted // not reached: the scanner accepts only what json does
			}
			return []byte(decoded)
		}
	}
	return quoted[1 : len(quoted)-1]
}
