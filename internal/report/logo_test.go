package report

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"

	"halo.dev/halo/internal/report/draw"
)

// uri is a picture as a tenant's brand.logo has it.
func uri(format string, file []byte) string {
	return "data:image/" + format + ";base64," + base64.StdEncoding.EncodeToString(file)
}

// noise is a picture that packs as badly as any.
func noise(w, h int) image.Image {
	random := rand.New(rand.NewPCG(1, 2))
	picture := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range picture.Pix {
		picture.Pix[i] = uint8(random.Uint32())
	}
	return picture
}

func packedPNG(t testing.TB, picture image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func packedJPEG(t testing.TB, picture image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture, nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func decoded(t testing.TB, text string) []byte {
	t.Helper()
	file, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// bomb is a small file that says of itself that it is a picture of 60,000 by 60,000.
func bomb(t testing.TB) []byte {
	t.Helper()
	file := packedPNG(t, noise(1, 1))
	binary.BigEndian.PutUint32(file[16:], 60_000)
	binary.BigEndian.PutUint32(file[20:], 60_000)
	return file
}

func branded(t testing.TB, logo string) Document {
	t.Helper()
	d := assessed(t, `{"sex": "female", "age": 64, "serious_illness": true}`)
	d.Brand.Logo = logo
	return d
}

// pictures counts the pictures in a file.
func (p paper) pictures(t testing.TB) int {
	t.Helper()
	const head = 2
	return strings.Count(p.run(t, "pdfimages", "-list", p.path), "\n") - head
}

func TestTheLogoStandsOnTheCoverInsteadOfTheName(t *testing.T) {
	grey := image.NewGray16(image.Rect(0, 0, 300, 80))
	palette := image.NewPaletted(image.Rect(0, 0, 9, 2000), color.Palette{color.Transparent, color.Black})
	for name, logo := range map[string]string{
		"PNG with transparent parts": uri("png", packedPNG(t, noise(60, 40))), "PNG of 16 bits": uri("png", packedPNG(t, grey)),
		"PNG, very high": uri("png", packedPNG(t, palette)), "JPEG": uri("jpeg", packedJPEG(t, noise(90, 60))), "PNG of a pixel": uri("png", packedPNG(t, noise(1, 1))),
		"WebP":             uri("webp", decoded(t, "UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA")),
		"WebP, lossless":   uri("webp", decoded(t, "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")),
		"JPEG called PNG":  uri("png", packedJPEG(t, noise(90, 60))),
		"as large as any":  uri("png", packedPNG(t, noise(90, 86))),
		"larger than said": uri("jpeg", packedJPEG(t, noise(1000, 300))),
	} {
		t.Run(name, func(t *testing.T) {
			if err := sharedRenderer().CheckLogo(logo); err != nil {
				t.Fatal(err)
			}
			pdf := rendered(t, sharedRenderer(), branded(t, logo))
			p := onPaper(t, pdf)
			if p.pictures(t) != 1 || len(pdf) > 150<<10 {
				t.Errorf("%d pictures in %d bytes", p.pictures(t), len(pdf))
			}
			if page := p.pages(t)[0]; strings.Contains(page, "Acme Planning") {
				t.Errorf("the name is there as well: %s", page)
			}
		})
	}
	d := assessed(t, sampleAnswers)
	d.Brand.Logo = uri("png", packedPNG(t, noise(60, 40)))
	inOrder(t, onPaper(t, rendered(t, sharedRenderer(), d)).pages(t)[0], "Planning Desk · Acme Planning · November 22, 2026")
}

func TestALogoThatCannotBeReadLeavesTheNameAndTheReport(t *testing.T) {
	whole := packedPNG(t, noise(60, 40))
	for name, logo := range map[string]string{
		"no picture": uri("png", []byte("no picture")), "half a picture": uri("png", whole[:len(whole)/2]), "nothing in it": uri("png", nil),
		"a picture that unpacks to gigabytes": uri("png", bomb(t)), "no base64": "data:image/png;base64,%%%", "another format": uri("svg+xml", []byte("<svg/>")),
		"an address": "https://www.acme.example/logo.png",
	} {
		t.Run(name, func(t *testing.T) {
			if err := sharedRenderer().CheckLogo(logo); err == nil {
				t.Error("it passes for a logo")
			}
			p := onPaper(t, rendered(t, sharedRenderer(), branded(t, logo)))
			inOrder(t, p.pages(t)[0], "Acme Planning", "Prepared for", "Sample Client")
			if p.pictures(t) != 0 {
				t.Error("there is a picture")
			}
		})
	}
	if err := sharedRenderer().CheckLogo(""); err != nil {
		t.Errorf("no logo: %v", err)
	}
}

func TestTheLogoOfTheFirmInForceIsPrinted(t *testing.T) {
	r := sharedRenderer()
	first, second := uri("png", packedPNG(t, noise(60, 40))), uri("png", packedPNG(t, noise(40, 60)))
	before := rendered(t, r, branded(t, first))
	if bytes.Equal(before, rendered(t, r, branded(t, second))) {
		t.Error("another logo gives the same report")
	}
	if !bytes.Equal(before, rendered(t, r, branded(t, first))) {
		t.Error("the first logo again gives another report")
	}
}

func FuzzPictures(f *testing.F) {
	f.Add(packedPNG(f, noise(3, 2)))
	f.Add(packedJPEG(f, noise(9, 8)))
	f.Add(decoded(f, "UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA"))
	f.Add(decoded(f, "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=="))
	f.Add(bomb(f))
	f.Fuzz(func(t *testing.T, file []byte) {
		picture, err := draw.ReadPicture(file, logoWidth, logoHeight)
		if (picture == nil) != (err != nil) {
			t.Errorf("a picture: %v, error %v", picture != nil, err)
		}
	})
}
