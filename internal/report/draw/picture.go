package draw

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"

	"codeberg.org/go-pdf/fpdf"
	xdraw "golang.org/x/image/draw"
	"golang.org/x/image/webp"
)

// Picture is a picture as a PDF takes it: read, made as small as it is printed, without a transparent part.
type Picture struct {
	kind          string // the library's name of the format
	data          []byte
	width, height float64 // in proportion
}

const (
	// mostPixels bounds what a small file may unpack to: four bytes each, for a moment.
	mostPixels = 4 << 20
	// perPoint is how many pixels are printed on a point: 200 to the inch.
	perPoint = 200.0 / 72
	// longestPNG is when a picture is more like a photograph, which packs better as JPEG.
	longestPNG = 40 << 10
)

var errPicture = errors.New("it is not a PNG, JPEG or WebP picture of at most 4 million pixels")

// ReadPicture reads a PNG, JPEG or WebP picture that is to be printed no larger than a box of w by h points.
func ReadPicture(file []byte, w, h float64) (picture *Picture, err error) {
	defer func() {
		if recover() != nil { // a decoder's fault must not cost the report
			picture, err = nil, errPicture
		}
	}()
	decoded, err := decode(file)
	if err != nil {
		return nil, err
	}
	bounds := decoded.Bounds()
	scale := min(w*perPoint/float64(bounds.Dx()), h*perPoint/float64(bounds.Dy()), 1)
	paper := image.NewRGBA(image.Rect(0, 0, max(int(float64(bounds.Dx())*scale), 1), max(int(float64(bounds.Dy())*scale), 1)))
	xdraw.Draw(paper, paper.Rect, image.NewUniform(color.White), image.Point{}, xdraw.Src)
	xdraw.CatmullRom.Scale(paper, paper.Rect, decoded, bounds, xdraw.Over, nil)
	picture = &Picture{width: float64(paper.Rect.Dx()), height: float64(paper.Rect.Dy())}
	if picture.kind, picture.data, err = encode(paper); err != nil {
		return nil, err
	}
	if err := picture.tryOut(); err != nil {
		return nil, err
	}
	return picture, nil
}

func decode(file []byte) (image.Image, error) {
	for _, format := range []struct {
		measure func(io.Reader) (image.Config, error)
		read    func(io.Reader) (image.Image, error)
	}{{png.DecodeConfig, png.Decode}, {jpeg.DecodeConfig, jpeg.Decode}, {webp.DecodeConfig, webp.Decode}} {
		size, err := format.measure(bytes.NewReader(file))
		if err != nil {
			continue
		}
		if size.Width < 1 || size.Height < 1 || size.Width > mostPixels/size.Height {
			return nil, errPicture
		}
		decoded, err := format.read(bytes.NewReader(file))
		if err != nil || decoded.Bounds().Empty() {
			return nil, errPicture
		}
		return decoded, nil
	}
	return nil, errPicture
}

func encode(paper *image.RGBA) (kind string, data []byte, err error) {
	var out bytes.Buffer
	if err := png.Encode(&out, paper); err != nil {
		return "", nil, fmt.Errorf("packing a picture: %w", err)
	}
	if out.Len() <= longestPNG {
		return "PNG", out.Bytes(), nil
	}
	out.Reset()
	if err := jpeg.Encode(&out, paper, &jpeg.Options{Quality: 90}); err != nil {
		return "", nil, fmt.Errorf("packing a picture: %w", err)
	}
	return "JPG", out.Bytes(), nil
}

// tryOut finds out whether the library takes the picture: one that it refuses takes the whole document with it.
func (p *Picture) tryOut() error {
	pdf := fpdf.New("P", "pt", "Letter", "")
	pdf.AddPage()
	p.place(pdf, Box{W: 1, H: 1})
	if err := pdf.Output(io.Discard); err != nil {
		return errPicture
	}
	return nil
}

func (p *Picture) place(pdf *fpdf.Fpdf, at Box) {
	const name = "picture"
	options := fpdf.ImageOptions{ImageType: p.kind}
	pdf.RegisterImageOptionsReader(name, options, bytes.NewReader(p.data))
	pdf.ImageOptions(name, at.X, at.Y, at.W, at.H, false, options, 0, "")
}

// Fit is the largest box of the picture's form in a box, at its left and in the middle of its height; no pixel is wider
// than a point.
func (p *Picture) Fit(box Box) Box {
	scale := min(box.W/p.width, box.H/p.height, 1)
	w, h := p.width*scale, p.height*scale
	return Box{X: box.X, Y: box.Y + (box.H-h)/2, W: w, H: h}
}

// Picture prints a picture. A document has one.
func (s *Surface) Picture(at Box, picture *Picture) { picture.place(s.pdf, at) }
