package draw

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"weak"

	"github.com/go-text/typesetting/font"
)

// outlines is a font with what joins, stacks and places its letters. It is read when a letter needs it and kept as long as
// a document uses it: few reports need any, and the largest takes ten megabytes.
type outlines struct {
	name  string
	mutex sync.Mutex
	kept  weak.Pointer[font.Font]
}

// open returns the font, which many may use at once.
func (o *outlines) open() (*font.Font, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if kept := o.kept.Value(); kept != nil {
		return kept, nil
	}
	parsed, err := readOutlines(o.name)
	if err != nil {
		return nil, fmt.Errorf("reading the outlines of %s: %w", o.name, err)
	}
	o.kept = weak.Make(parsed)
	return parsed, nil
}

// readOutlines reads a font's tables out of the program's file, unpacking them where they are packed.
func readOutlines(name string) (*font.Font, error) {
	for _, pattern := range []string{"fonts/noto/%s.woff", "fonts/noto/%s.otf", "fonts/%s.woff", "fonts/%s.ttf"} {
		file, err := fontFiles.Open(fmt.Sprintf(pattern, name))
		if err != nil {
			continue
		}
		defer func() { _ = file.Close() }()
		resource, ok := file.(font.Resource)
		if !ok {
			return nil, fmt.Errorf("embedded files cannot be read anywhere: %w", errors.ErrUnsupported)
		}
		face, err := font.ParseTTF(resource)
		if err != nil {
			return nil, err
		}
		return face.Font, nil
	}
	return nil, fs.ErrNotExist
}
