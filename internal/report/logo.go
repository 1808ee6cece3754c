package report

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"

	"halo.dev/halo/internal/report/draw"
)

// Room for the logo on the cover, in points.
const (
	logoWidth  = 220.0
	logoHeight = 32.0
	logoRim    = 7.0
)

var errLogo = errors.New("the logo is not data:image/png;base64,…, or jpeg or webp instead of png")

// CheckLogo says why a logo would not be on the report; nil when it would be, or when there is none. What it has read, the
// next report prints.
func (r *Renderer) CheckLogo(uri string) error {
	_, err := r.logos.read(uri)
	return err
}

func readLogo(uri string) (*draw.Picture, error) {
	for _, prefix := range []string{"data:image/png;base64,", "data:image/jpeg;base64,", "data:image/webp;base64,"} {
		text, found := strings.CutPrefix(uri, prefix)
		if !found {
			continue
		}
		file, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, errLogo
		}
		picture, err := draw.ReadPicture(file, logoWidth, logoHeight)
		if err != nil {
			return nil, fmt.Errorf("reading the logo: %w", err)
		}
		return picture, nil
	}
	return nil, errLogo
}

// logos keeps the logo that was used last: a server has one, and reading it takes longer than a report.
type logos struct {
	mutex   sync.Mutex
	uri     string
	picture *draw.Picture
	err     error
}

// read is the logo as a picture; nil for none, and for one that cannot be read.
func (l *logos) read(uri string) (*draw.Picture, error) {
	if uri == "" {
		return nil, nil
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.uri != uri {
		l.uri = uri
		l.picture, l.err = readLogo(uri)
	}
	return l.picture, l.err
}

// brandMark is the logo on a white ground, whatever the colour around it, or else the name.
func (s *sheet) brandMark(on draw.Color) {
	if s.logo == nil {
		s.brandName(draw.Style{Weight: draw.SemiBold, Size: 12, Leading: 15, Color: on})
		return
	}
	ground := draw.Box{X: left, Y: 18, W: logoWidth, H: logoHeight + 2*logoRim}
	picture := s.logo.Fit(ground.Inset(logoRim, logoRim))
	ground.W = picture.W + 2*logoRim
	s.Fill(ground, 4, draw.White)
	s.Picture(picture, s.logo)
}

// brandName sets the name on one line or, a little smaller, on two, and cuts it when that is not enough.
func (s *sheet) brandName(style draw.Style) {
	const room, lastLine = width * 0.72, 58
	if s.Width(s.doc.Brand.Name, style) > room {
		style.Size, style.Leading = 11, 14
	}
	lines := s.WrapAtMost(s.doc.Brand.Name, style, room, 2)
	s.Lines(left, lastLine-float64(len(lines)-1)*style.LineHeight(), lines, style)
}
